/* base: numbers and strings as SSH sends them, RFC 4251, 5. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/sshwire.h"

#include "base/buf.h"

#include <string.h>

/* The `size` lowest bytes, the highest of them first. */
static void
add_number(struct buf *out, uint64_t number, unsigned size)
{
	while (size > 0)
		buf_addc(out, (char)(number >> --size * 8 & 0xff));
}

void
sshwire_add_u32(struct buf *out, uint32_t number)
{
	add_number(out, number, 4);
}

void
sshwire_add_u64(struct buf *out, uint64_t number)
{
	add_number(out, number, 8);
}

void
sshwire_add_string(struct buf *out, const void *data, size_t len)
{
	sshwire_add_u32(out, (uint32_t)len);
	buf_add(out, data, len);
}

void
sshwire_add_text(struct buf *out, const char *text)
{
	sshwire_add_string(out, text, strlen(text));
}

void
sshwire_add_number(struct buf *out, const void *bytes, size_t len)
{
	const unsigned char	*first = bytes;
	bool			 high;

	for (; len > 0 && *first == 0; len--)
		first++;
	high = len > 0 && (*first & 0x80) != 0;		/* would be the sign */
	sshwire_add_u32(out, (uint32_t)(len + high));
	if (high)
		buf_addc(out, 0);
	buf_add(out, first, len);
}

struct sshwire
sshwire_of(const struct buf *buf)
{
	return (struct sshwire){ (const unsigned char *)buf->data, buf->len };
}

static bool
take_number(struct sshwire *from, size_t size, uint64_t *out)
{
	if (from->len < size)
		return false;
	*out = 0;
	for (size_t i = 0; i < size; i++)
		*out = *out << 8 | from->data[i];
	from->data += size;
	from->len -= size;
	return true;
}

bool
sshwire_u32(struct sshwire *from, uint32_t *out)
{
	uint64_t	 number;

	if (!take_number(from, 4, &number))
		return false;
	*out = (uint32_t)number;
	return true;
}

bool
sshwire_u64(struct sshwire *from, uint64_t *out)
{
	return take_number(from, 8, out);
}

bool
sshwire_string(struct sshwire *from, struct sshwire *out)
{
	struct sshwire	 rest = *from;
	uint32_t	 len;

	if (!sshwire_u32(&rest, &len) || len > rest.len)
		return false;
	*out = (struct sshwire){ rest.data, len };
	*from = (struct sshwire){ rest.data + len, rest.len - len };
	return true;
}

bool
sshwire_number(struct sshwire *from, struct sshwire *out)
{
	struct sshwire	 rest = *from, number;
	bool		 zero;

	if (!sshwire_string(&rest, &number) || number.len == 0 || (number.data[0] & 0x80) != 0)
		return false;
	zero = number.data[0] == 0;
	if (zero && (number.len == 1 || (number.data[1] & 0x80) == 0))
		return false;
	*out = (struct sshwire){ number.data + zero, number.len - zero };
	*from = rest;
	return true;
}

bool
sshwire_magic(struct sshwire *from, const void *magic, size_t len)
{
	if (from->len < len || memcmp(from->data, magic, len) != 0)
		return false;
	*from = (struct sshwire){ from->data + len, from->len - len };
	return true;
}

bool
sshwire_is(const struct sshwire *string, const char *text)
{
	return string->len == strlen(text) && memcmp(string->data, text, string->len) == 0;
}
