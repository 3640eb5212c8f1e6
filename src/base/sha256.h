/* base: SHA-256 as the name of content. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

#define SHA256_SIZE	32	/* bytes */
#define SHA256_HEX_SIZE	65	/* 64 lower-case hexadecimal digits and a NUL */

/* FIPS 180-4. */
void		 sha256_bytes(const void *data, size_t len, unsigned char out[SHA256_SIZE]);
void		 sha256_hex(const void *data, size_t len, char out[SHA256_HEX_SIZE]);

/* sha256_hex() of a file's content. */
NODISCARD
struct err	*sha256_file(const char *path, char out[SHA256_HEX_SIZE]);

/* The same of what is left to read from an open file. */
NODISCARD
struct err	*sha256_fd(int fd, char out[SHA256_HEX_SIZE]);

/* Whether `text` is 64 lower-case hexadecimal digits. */
bool		 sha256_valid(const char *text);

#endif
