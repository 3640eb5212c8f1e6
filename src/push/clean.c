/* push: making a node's text harmless. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "push/answers.h"

#include "base/buf.h"

#include <stdint.h>
#include <string.h>

/* Decode one character of UTF-8 (RFC 3629); its length, or 0 when it is none. */
static size_t
decode(const unsigned char *text, size_t len, uint32_t *out)
{
	static const uint32_t	 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t			 size = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 :
				    text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;

	if (size == 0 || size > len)
		return 0;
	*out = size == 1 ? text[0] : text[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*out = *out << 6 | (text[i] & 0x3f);
	}
	return *out < least[size] || *out > 0x10ffff || (*out >= 0xd800 && *out < 0xe000) ? 0 : size;
}

/* C0, DEL, C1; what changes the direction of text or breaks lines; the byte order mark. */
static bool
is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void
text_clean(struct buf *out, const char *text, size_t len, size_t max, bool lines)
{
	const unsigned char	*bytes = (const unsigned char *)text;
	size_t			 start = out->len;

	for (size_t at = 0, size; at < len; at += size) {
		uint32_t	 c = 0;

		size = decode(bytes + at, len - at, &c);
		if (out->len - start + (size == 0 ? 1 : size) > max) {
			buf_adds(out, "...");
			return;
		}
		if (size == 0 || (is_harmful(c) && !(lines && (c == '\n' || c == '\t'))))
			buf_addc(out, '?');
		else
			buf_add(out, bytes + at, size);
		if (size == 0)
			size = 1;
	}
}
