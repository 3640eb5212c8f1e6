/* ssh: base64, RFC 4648, 4. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_BASE64_H
#define SSH_BASE64_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Append the encoded form; `padded` ends it in "=" where the length asks for that. */
void	 base64_encode(const void *data, size_t len, bool padded, struct buf *out);

/*
 * Append the bytes that `text` stands for.  False, and `out` is as before, unless it is padded, has nothing
 * else in it (line ends neither) and is the one way to write those bytes.
 */
bool	 base64_decode(const char *text, size_t len, struct buf *out);

#endif
