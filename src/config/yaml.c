/* config: a node's configuration as YAML. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/mask.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STEP		2	/* columns that what is below something is indented by */
#define KEY_LONGEST	128	/* bytes of a key before ":"; a longer one is behind "?" */

/* What YAML 1.1 takes for something else than a text when it is not quoted. */
static const char *const words[] = { "y", "n", "yes", "no", "on", "off", "true", "false", "null" };

/* Whether every reader of YAML takes it for the text that it is. */
static bool
is_plain(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '/')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return false;
	}
	for (; isalnum((unsigned char)*text) || (*text != '\0' && strchr("_./@+-", *text) != NULL); text++)
		;
	return *text == '\0';
}

static void
put_indent(struct buf *out, size_t indent)
{
	static const char spaces[] = "                                ";

	for (; indent >= sizeof(spaces); indent -= sizeof(spaces) - 1)
		buf_add(out, spaces, sizeof(spaces) - 1);
	buf_add(out, spaces, indent);
}

/* The character at the start of a text that is UTF-8 (RFC 3629), and how many bytes it has. */
static uint32_t
character(const char *text, size_t *len)
{
	const unsigned char	*byte = (const unsigned char *)text;
	uint32_t		 value;

	*len = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	value = *len == 1 ? byte[0] : byte[0] & (0x7fu >> *len);
	for (size_t i = 1; i < *len; i++)
		value = value << 6 | (byte[i] & 0x3f);
	return value;
}

/* Of what YAML 1.1 can have as it is, what no terminal or editor takes for something else. */
static bool
is_printable(uint32_t value)
{
	return (value >= 0x20 && value <= 0x7e) || (value >= 0xa1 && value <= 0xd7ff && value != 0x2028 && value != 0x2029) ||
	    (value >= 0xe000 && value <= 0xfffd && value != 0xfeff);
}

static void
put_escape(struct buf *out, uint32_t value)
{
	static const struct { uint32_t value; char letter; } letters[] = {
		{ '\a', 'a' }, { '\b', 'b' }, { '\t', 't' }, { '\n', 'n' }, { '\v', 'v' }, { '\f', 'f' }, { '\r', 'r' },
		{ 0x1b, 'e' }, { '"', '"' }, { '\\', '\\' }, { 0x85, 'N' }, { 0xa0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' },
	};

	for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
		if (letters[i].value == value) {
			buf_addf(out, "\\%c", letters[i].letter);
			return;
		}
	}
	if (value <= 0xff)
		buf_addf(out, "\\x%02X", value);
	else if (value <= 0xffff)
		buf_addf(out, "\\u%04X", value);
	else
		buf_addf(out, "\\U%08X", value);
}

static void
put_quoted(struct buf *out, const char *text)
{
	size_t n;

	buf_addc(out, '"');
	while (*text != '\0') {
		uint32_t value = character(text, &n);

		if (value == '"' || value == '\\' || !is_printable(value))
			put_escape(out, value);
		else
			buf_add(out, text, n);
		text += n;
	}
	buf_addc(out, '"');
}

/* Whether the lines of a text can stand as they are: all of it is printable, and no space ends a line. */
static bool
is_literal(const char *text)
{
	size_t	 n;
	char	 before = '\0';

	if (strchr(text, '\n') == NULL)
		return false;
	for (; *text != '\0'; before = *text, text += n) {
		if (*text == '\n' && before == ' ')
			return false;
		if (!is_printable(character(text, &n)) && *text != '\n')
			return false;
	}
	return before != ' ';
}

/* Lines below "|", and how many newlines its end has: none, "-"; one; or all that there are, "+". */
static void
put_literal(struct buf *out, const char *text, size_t indent)
{
	size_t len = strlen(text), n;

	buf_addc(out, '|');
	if (*text == ' ' || *text == '\n')
		buf_addf(out, "%d", STEP);		/* else the first line would say it */
	if (text[len - 1] != '\n')
		buf_addc(out, '-');
	else if (len == 1 || text[len - 2] == '\n')
		buf_addc(out, '+');
	while (*text != '\0') {
		buf_addc(out, '\n');
		n = strcspn(text, "\n");
		if (n > 0)
			put_indent(out, indent + STEP);
		buf_add(out, text, n);
		text += n + (text[n] == '\n');
	}
}

/* Secrets go before the text is quoted: what stands for them wants quotes of its own. */
static void
put_text(struct buf *out, const char *text, size_t indent, bool key)
{
	struct buf	 shown = { .secret = true };

	if (mask_has(text, strlen(text))) {
		buf_adds(&shown, text);
		mask_apply(&shown);
		text = buf_text(&shown);
	}
	if (is_plain(text))
		buf_adds(out, text);
	else if (!key && is_literal(text))
		put_literal(out, text, indent);
	else
		put_quoted(out, text);
	buf_fini(&shown);
}

/* The shortest digits that are the same number again; YAML 1.1 wants a point. */
static void
put_real(struct buf *out, double number)
{
	char	 digits[40];
	size_t	 n;

	for (int precision = 1; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, number);
		if (strtod(digits, NULL) == number)
			break;
	}
	n = strcspn(digits, "e");
	buf_add(out, digits, n);
	if (memchr(digits, '.', n) == NULL)
		buf_adds(out, ".0");
	buf_adds(out, digits + n);
}

static void
put_scalar(struct buf *out, const json_t *value, size_t indent)
{
	char number[24];

	switch (json_typeof(value)) {
	case JSON_STRING:
		put_text(out, json_string_value(value), indent, false);
		return;
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		buf_adds(out, number);
		return;
	case JSON_REAL:
		put_real(out, json_real_value(value));
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_adds(out, json_is_true(value) ? "true" : "false");
		return;
	default:
		buf_adds(out, json_is_object(value) ? "{}" : json_is_array(value) ? "[]" : "null");
	}
}

/* Whether it takes lines of its own. */
static bool
is_block(const json_t *value)
{
	return json_object_size(value) + json_array_size(value) > 0;
}

static void	 put_object(struct buf *out, json_t *object, size_t indent);
static void	 put_array(struct buf *out, const json_t *array, size_t indent);

/* What follows "- " or the like: its first line stands behind that, the others below. */
static void
put_item(struct buf *out, json_t *value, size_t indent)
{
	if (!is_block(value))
		put_scalar(out, value, indent);
	else if (json_is_object(value))
		put_object(out, value, indent + STEP);
	else
		put_array(out, value, indent + STEP);
}

/* What follows "key:". */
static void
put_member(struct buf *out, json_t *value, size_t indent)
{
	if (!is_block(value)) {
		buf_addc(out, ' ');
		put_scalar(out, value, indent);
		return;
	}
	buf_addc(out, '\n');
	if (json_is_object(value)) {
		put_indent(out, indent + STEP);
		put_object(out, value, indent + STEP);
	} else {
		put_indent(out, indent);
		put_array(out, value, indent);
	}
}

/* A key and its value; a key that is too long is marked as such. */
static void
put_pair(struct buf *out, const char *key, json_t *value, size_t indent)
{
	size_t start = out->len, len;

	put_text(out, key, indent, true);
	len = out->len - start;
	if (len <= KEY_LONGEST) {
		buf_addc(out, ':');
		put_member(out, value, indent);
		return;
	}
	buf_adds(out, "? ");
	memmove(out->data + start + 2, out->data + start, len);
	memcpy(out->data + start, "? ", 2);
	buf_addc(out, '\n');
	put_indent(out, indent);
	buf_adds(out, ": ");
	put_item(out, value, indent);
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The first key goes where `out` ends, the others to lines of their own. */
static void
put_object(struct buf *out, json_t *object, size_t indent)
{
	const char	**keys = xcalloc(json_object_size(object), sizeof(*keys)), *key;
	size_t		  count = 0;
	json_t		 *value;

	json_object_foreach(object, key, value) {
		keys[count++] = key;
	}
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++) {
		if (i > 0) {
			buf_addc(out, '\n');
			put_indent(out, indent);
		}
		put_pair(out, keys[i], json_object_get(object, keys[i]), indent);
	}
	free(keys);
}

static void
put_array(struct buf *out, const json_t *array, size_t indent)
{
	json_t	*value;
	size_t	 i;

	json_array_foreach(array, i, value) {
		if (i > 0) {
			buf_addc(out, '\n');
			put_indent(out, indent);
		}
		buf_adds(out, "- ");
		put_item(out, value, indent);
	}
}

struct err *
node_yaml(struct node *node, struct buf *out)
{
	json_t		*root, *shown;
	struct err	*e;

	if ((e = node_get(node, "", &root)) != NULL)
		return e;
	shown = node_shown(node, root);
	put_object(out, shown, 0);
	buf_addc(out, '\n');
	json_decref(shown);
	return NULL;
}
