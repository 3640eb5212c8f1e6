/* base: numbers and strings as SSH sends them, RFC 4251, 5. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_SSHWIRE_H
#define BASE_SSHWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

void	 sshwire_add_u32(struct buf *out, uint32_t number);
void	 sshwire_add_u64(struct buf *out, uint64_t number);
void	 sshwire_add_string(struct buf *out, const void *data, size_t len);
void	 sshwire_add_text(struct buf *out, const char *text);

/* An mpint that is positive: `len` bytes, the highest first; zeros before them do not count. */
void	 sshwire_add_number(struct buf *out, const void *bytes, size_t len);

/* Bytes that are read and not copied. */
struct sshwire {
	const unsigned char	*data;
	size_t			 len;
};

/* All of a buffer, as long as that does not change. */
struct sshwire sshwire_of(const struct buf *buf);

/* Take one from the front; false, and nothing is taken, when there are not enough bytes. */
bool	 sshwire_u32(struct sshwire *from, uint32_t *out);
bool	 sshwire_u64(struct sshwire *from, uint64_t *out);
bool	 sshwire_string(struct sshwire *from, struct sshwire *out);

/* The bytes, without sign, of an mpint that is positive and in its shortest form; false, and nothing is taken, if not. */
bool	 sshwire_number(struct sshwire *from, struct sshwire *out);

/* These very bytes, such as the magic that a format begins with. */
bool	 sshwire_magic(struct sshwire *from, const void *magic, size_t len);

bool	 sshwire_is(const struct sshwire *string, const char *text);

#endif
