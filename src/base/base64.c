/* base: base64, RFC 4648, 4. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/base64.h"

#include "base/buf.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(const void *data, size_t len, bool padded, struct buf *out)
{
	const unsigned char	*bytes = data;
	uint32_t		 bits = 0;
	unsigned		 held = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (held += 8; held >= 6; held -= 6)
			buf_addc(out, alphabet[bits >> (held - 6) & 63]);
	}
	if (held > 0)
		buf_addc(out, alphabet[bits << (6 - held) & 63]);
	for (size_t missing = (3 - len % 3) % 3; padded && missing > 0; missing--)
		buf_addc(out, '=');
}

/* The six bits of a character, or -1. */
static int
sextet(char c)
{
	const char	*found = c == '\0' ? NULL : strchr(alphabet, c);

	return found == NULL ? -1 : (int)(found - alphabet);
}

bool
base64_decode(const char *text, size_t len, bool padded, struct buf *out)
{
	size_t	 before = out->len, digits = len;
	uint32_t bits = 0;
	unsigned held = 0;

	if (len == 0 || (padded ? len % 4 != 0 : len % 4 == 1))
		return false;
	while (padded && digits > len - 2 && text[digits - 1] == '=')
		digits--;
	for (size_t i = 0; i < digits; i++) {
		int value = sextet(text[i]);

		if (value < 0)
			goto refuse;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			buf_addc(out, (char)(bits >> held & 0xff));
		}
	}
	if ((bits & ((1u << held) - 1)) == 0)	/* bits left over must be zero: one way to write it */
		return true;
refuse:
	out->len = before;
	if (out->data != NULL)
		out->data[before] = '\0';
	return false;
}
