/* base: base64, RFC 4648, 4. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Append the encoded form; `padded` ends it in "=" where the length asks for that. */
void	 base64_encode(const void *data, size_t len, bool padded, struct buf *out);

/*
 * Append the bytes that `text` stands for.  False, and `out` is as before, unless it is padded (or not, as asked),
 * has nothing else in it (line ends neither), is not empty and is the one way to write those bytes.
 */
bool	 base64_decode(const char *text, size_t len, bool padded, struct buf *out);

#endif
