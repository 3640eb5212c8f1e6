/* base: what SSH's formats are made of: numbers and strings of RFC 4251, 5. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_SSH_STRING_H
#define BASE_SSH_STRING_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What is left to read, borrowed.  The get functions return false, and leave it anywhere, where there is too little. */
struct bytes {
	const unsigned char	*data;
	size_t			 len;
};

static inline bool
get_u32(struct bytes *from, uint32_t *out)
{
	if (from->len < 4)
		return false;
	*out = (uint32_t)from->data[0] << 24 | (uint32_t)from->data[1] << 16 | (uint32_t)from->data[2] << 8 | from->data[3];
	from->data += 4;
	from->len -= 4;
	return true;
}

static inline bool
get_string(struct bytes *from, struct bytes *out)
{
	uint32_t n;

	if (!get_u32(from, &n) || n > from->len)
		return false;
	*out = (struct bytes){ from->data, n };
	from->data += n;
	from->len -= n;
	return true;
}

static inline bool
is_text(const struct bytes *bytes, const char *text)
{
	return bytes->len == strlen(text) && memcmp(bytes->data, text, bytes->len) == 0;
}

static inline void
put_u32(struct buf *out, uint32_t number)
{
	const unsigned char bytes[] = {
		(unsigned char)(number >> 24), (unsigned char)(number >> 16), (unsigned char)(number >> 8),
		(unsigned char)number,
	};

	buf_add(out, bytes, sizeof(bytes));
}

static inline void
put_string(struct buf *out, const void *data, size_t len)
{
	put_u32(out, (uint32_t)len);
	buf_add(out, data, len);
}

#endif
