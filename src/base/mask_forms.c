/* base: the other forms in which a secret value may stand in a text. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mask_forms.h"

#include "base/base64.h"
#include "base/buf.h"

#include <stdbool.h>
#include <string.h>

typedef void quote_fn(struct buf *out, unsigned char c);

/* As jansson writes it; and Lua's %q, of what is printable. */
static void
quote_json(struct buf *out, unsigned char c)
{
	static const char	 controls[] = "\b\f\n\r\t", letters[] = "bfnrt";
	const char		*at = c == '\0' ? NULL : strchr(controls, c);

	if (at != NULL)
		buf_addf(out, "\\%c", letters[at - controls]);
	else if (c < ' ')
		buf_addf(out, "\\u%04X", c);
	else if (c == '"' || c == '\\')
		buf_addf(out, "\\%c", c);
	else
		buf_addc(out, (char)c);
}

/* Between a shell's double quotes. */
static void
quote_double(struct buf *out, unsigned char c)
{
	if (c == '"' || c == '\\' || c == '$' || c == '`')
		buf_addc(out, '\\');
	buf_addc(out, (char)c);
}

/* Between a shell's single quotes. */
static void
quote_single(struct buf *out, unsigned char c)
{
	buf_adds(out, c == '\'' ? "'\\'" : "");
	buf_addc(out, (char)c);
}

/* Between the single quotes of YAML and SQL. */
static void
quote_twice(struct buf *out, unsigned char c)
{
	buf_adds(out, c == '\'' ? "'" : "");
	buf_addc(out, (char)c);
}

static void
quote_xml(struct buf *out, unsigned char c)
{
	static const char *const entities[] = { ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;" };

	if (c < ARRAY_LEN(entities) && entities[c] != NULL)
		buf_adds(out, entities[c]);
	else
		buf_addc(out, (char)c);
}

/* RFC 3986, 2.3. */
static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	    c == '_' || c == '~';
}

static void
quote_url(struct buf *out, unsigned char c)
{
	if (is_unreserved(c))
		buf_addc(out, (char)c);
	else
		buf_addf(out, "%%%02X", c);
}

static quote_fn *const quotes[] = { quote_json, quote_double, quote_single, quote_twice, quote_xml, quote_url };

/* Most secrets have only such characters, and thousands may be registered. */
static bool
needs_no_quotes(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_unreserved((unsigned char)value[i]))
			return false;
	}
	return true;
}

static void
put_hex(struct buf *out, const char *value, size_t len, const char digits[static 16])
{
	buf_reserve(out, 2 * len);
	for (size_t i = 0; i < len; i++) {
		buf_addc(out, digits[(unsigned char)value[i] >> 4]);
		buf_addc(out, digits[value[i] & 15]);
	}
}

/*
 * The digits of base64 that have bits of the value, when `before` bytes (0 to 2) of its group of three are others and
 * the value is the end.  A digit has six bits; the first ones may have bits of what is before, and are left out.
 */
static void
put_base64(struct buf *out, const char *value, size_t len, size_t before)
{
	struct buf bytes = { .secret = true };

	buf_add(&bytes, "\0\0", before);
	buf_add(&bytes, value, len);
	base64_encode(bytes.data, bytes.len, false, out);
	buf_drop(out, (before * 8 + 5) / 6);
	buf_fini(&bytes);
}

/* RFC 4648, 5: the digits for URLs and names of files; whether that makes a difference. */
static bool
make_url_safe(struct buf *text)
{
	bool changed = false;

	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == '+' || text->data[i] == '/') {
			text->data[i] = text->data[i] == '+' ? '-' : '_';
			changed = true;
		}
	}
	return changed;
}

/* And without the last digit, which is another one when more follows. */
static void
take_base64(const struct buf *digits, bool partial, mask_take_fn *take)
{
	take(digits->data, digits->len);
	if (partial)
		take(digits->data, digits->len - 1);
}

void
mask_forms(const char *value, size_t len, mask_take_fn *take)
{
	static const char *const digits[] = { "0123456789abcdef", "0123456789ABCDEF" };
	struct buf form = { .secret = true };

	for (size_t i = 0; i < ARRAY_LEN(quotes) && !needs_no_quotes(value, len); i++) {
		buf_clear(&form);
		for (size_t at = 0; at < len; at++)
			quotes[i](&form, (unsigned char)value[at]);
		take(form.data, form.len);
	}
	for (size_t i = 0; i < ARRAY_LEN(digits); i++) {
		buf_clear(&form);
		put_hex(&form, value, len, digits[i]);
		take(form.data, form.len);
	}
	for (size_t before = 0; before < 3; before++) {
		buf_clear(&form);
		put_base64(&form, value, len, before);
		take_base64(&form, (before + len) % 3 != 0, take);
		if (make_url_safe(&form))
			take_base64(&form, (before + len) % 3 != 0, take);
	}
	buf_fini(&form);
}
