/* config: walks the text of the JSON dialect and says what is wrong with it. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/scan.h"

#include "base/buf.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_TEXT	4096

void
scan_place(const char *path, const char *text, size_t len, size_t offset, struct place *place)
{
	static _Thread_local char	 line[LINE_MAX_TEXT];
	size_t				 start = 0, end;

	*place = (struct place){ .path = path, .line = 1 };
	if (offset > len)
		offset = len;
	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			place->line++;
			start = i + 1;
		}
	}
	place->column = (unsigned)(offset - start) + 1;
	for (end = start; end < len && text[end] != '\n' && text[end] != '\0'; end++)
		;
	if (end > start && text[end - 1] == '\r')
		end--;
	if (end - start >= sizeof(line))
		return;
	memcpy(line, text + start, end - start);
	line[end - start] = '\0';
	place->text = line;
}

PRINTF(3, 4) NODISCARD
static struct err *
error_at(const struct scan *scan, size_t offset, const char *format, ...)
{
	struct place	 place;
	struct err	*e;
	va_list		 args;

	scan_place(scan->path, scan->original != NULL ? scan->original : scan->text, scan->len, offset, &place);
	va_start(args, format);
	e = err_atv(ERR_CONFIG, &place, format, args);
	va_end(args);
	return e;
}

/* How many bytes the UTF-8 sequence at the start of the text has (RFC 3629), 0 when it is none. */
static size_t
utf8_len(const unsigned char *text, size_t len)
{
	unsigned char	 low = 0x80, high = 0xbf;
	size_t		 n;

	if (text[0] < 0x80)
		return 1;
	n = text[0] >= 0xc2 && text[0] <= 0xdf ? 2 : (text[0] & 0xf0) == 0xe0 ? 3 :
	    text[0] >= 0xf0 && text[0] <= 0xf4 ? 4 : 0;
	if (n == 0 || n > len)
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

NODISCARD
static struct err *
check_bytes(const struct scan *scan)
{
	const unsigned char	*text = (const unsigned char *)scan->text;
	size_t			 n;

	for (size_t i = 0; i < scan->len; i += n) {
		if (text[i] == '\0')
			return error_at(scan, i, "a NUL byte: this is no text");
		if ((n = utf8_len(text + i, scan->len - i)) == 0)
			return err_hint(error_at(scan, i, "the byte 0x%02x is not UTF-8", text[i]),
			    "save the file in UTF-8");
	}
	return NULL;
}

/* Blank from `start` up to `end`, but for newlines. */
static void
blank(char *text, size_t start, size_t end)
{
	for (; start < end; start++) {
		if (text[start] != '\n')
			text[start] = ' ';
	}
}

/* The end of the comment at `start`; 0: none. */
static size_t
comment_end(const struct scan *scan, size_t start)
{
	const char	*text = scan->text, *end;

	if (text[start + 1] == '/') {
		end = memchr(text + start, '\n', scan->len - start);
		return end == NULL ? scan->len : (size_t)(end - text);
	}
	end = memmem(text + start + 2, scan->len - start - 2, "*/", 2);
	return end == NULL ? 0 : (size_t)(end - text) + 2;
}

struct err *
scan_blank(const char *path, const char *text, size_t len, char **out)
{
	char		*copy = xmalloc(len + 1);
	struct scan	 scan = { .path = path, .len = len };
	struct err	*e;
	size_t		 end;

	if (len > 0)
		memcpy(copy, text, len);
	scan.text = copy;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		e = err_hint(error_at(&scan, 0, "a byte order mark, which JSON does not have"),
		    "save the file in UTF-8 without one");
		goto out;
	}
	if ((e = check_bytes(&scan)) != NULL)
		goto out;
	while (scan.pos < len) {
		if (copy[scan.pos] == '"') {
			scan_skip_string(&scan);
			continue;
		}
		if (copy[scan.pos] == '/' && scan.pos + 1 < len &&
		    (copy[scan.pos + 1] == '/' || copy[scan.pos + 1] == '*')) {
			if ((end = comment_end(&scan, scan.pos)) == 0) {
				e = err_hint(error_at(&scan, scan.pos, "this comment has no end"), "close it with */");
				goto out;
			}
			blank(copy, scan.pos, end);
			scan.pos = end;
			continue;
		}
		scan.pos++;
	}
	*out = copy;
	copy = NULL;
out:
	free(copy);
	return e;
}

/* Whether the byte at the scanner's place is one of these. */
static bool
next_is(const struct scan *scan, const char *bytes)
{
	return scan->pos < scan->len && scan->text[scan->pos] != '\0' &&
	    strchr(bytes, scan->text[scan->pos]) != NULL;
}

void
scan_space(struct scan *scan)
{
	while (next_is(scan, " \t\r\n"))
		scan->pos++;
}

/* To behind the closing quote.  A text that is not closed ends with its line, so that comments behind it stay such. */
void
scan_skip_string(struct scan *scan)
{
	for (scan->pos++; scan->pos < scan->len; scan->pos++) {
		char byte = scan->text[scan->pos];

		if (byte == '\\' && scan->pos + 1 < scan->len && scan->text[scan->pos + 1] != '\n')
			scan->pos++;
		else if (byte == '"') {
			scan->pos++;
			return;
		} else if (byte == '\n')
			return;
	}
}

bool
scan_key_is(const struct scan *scan, size_t start, const char *name, size_t len)
{
	const char	*key = scan->text + start;
	size_t		 key_len = scan->pos - start;
	json_t		*decoded;
	bool		 is;

	if (memchr(key, '\\', key_len) == NULL)
		return key_len - 2 == len && memcmp(key + 1, name, len) == 0;
	decoded = json_loadb(key, key_len, JSON_DECODE_ANY, NULL);
	is = json_string_length(decoded) == len && memcmp(json_string_value(decoded), name, len) == 0;
	json_decref(decoded);
	return is;
}

/* Containers are skipped by counting their brackets: the text is known to be good. */
void
scan_skip_value(struct scan *scan)
{
	size_t depth = 0;

	for (scan_space(scan); scan->pos < scan->len; scan_space(scan)) {
		char byte = scan->text[scan->pos];

		if (byte == '"') {
			scan_skip_string(scan);
		} else if (byte == '{' || byte == '[') {
			depth++;
			scan->pos++;
		} else if (byte == '}' || byte == ']' || byte == ',') {
			if (depth == 0)
				return;
			depth -= byte != ',';
			scan->pos++;
		} else
			scan->pos++;
		if (depth == 0 && (byte == '"' || byte == '}' || byte == ']'))
			return;
	}
}

/* How long the word, number or sign at the scanner's place is, for messages. */
static int
token_len(const struct scan *scan)
{
	size_t n = 0;

	while (n < 40 && scan->pos + n < scan->len && (isalnum((unsigned char)scan->text[scan->pos + n]) ||
	    strchr("_-.+", scan->text[scan->pos + n]) != NULL))
		n++;
	if (n == 0)
		n = utf8_len((const unsigned char *)scan->text + scan->pos, scan->len - scan->pos);
	return (int)n;
}

/* The error for what stands where something else is expected. */
NODISCARD
static struct err *
unexpected(const struct scan *scan, const char *expected)
{
	int n;

	if (scan->pos >= scan->len)
		return error_at(scan, scan->len, "the file ends where %s is expected", expected);
	if (scan->text[scan->pos] == '\'')
		return err_hint(error_at(scan, scan->pos, "single quotes: a text is in double quotes"),
		    "write \"...\" instead of '...'");
	if (scan->text[scan->pos] == '"')
		return error_at(scan, scan->pos, "%s is expected here, not a text", expected);
	n = token_len(scan);
	return error_at(scan, scan->pos, "%s is expected here, not \"%.*s\"", expected, n, scan->text + scan->pos);
}

static struct err	*check_value(struct scan *scan);

/* The code unit of the escape "uXXXX" at `at`, -1 when it is none. */
static long
escape_unit(const struct scan *scan, size_t at)
{
	char digits[5] = { 0 };

	for (size_t i = 0; i < 4; i++) {
		if (at + 1 + i >= scan->len || !isxdigit((unsigned char)scan->text[at + 1 + i]))
			return -1;
		digits[i] = scan->text[at + 1 + i];
	}
	return strtol(digits, NULL, 16);
}

/* What is wrong with the escape at the scanner's place; it steps to its last byte. */
NODISCARD
static struct err *
check_escape(struct scan *scan)
{
	size_t	 start = scan->pos++;
	long	 unit, low = -1;

	if (!next_is(scan, "\"\\/bfnrtu"))
		return err_hint(error_at(scan, start, "a backslash before what it cannot stand before"),
		    "\\\\ is one backslash; others are \\\" \\/ \\b \\f \\n \\r \\t \\uXXXX");
	if (scan->text[scan->pos] != 'u')
		return NULL;
	if ((unit = escape_unit(scan, scan->pos)) == -1)
		return error_at(scan, start, "\\u wants four hexadecimal digits");
	if (unit == 0)
		return error_at(scan, start, "a NUL in a text");
	scan->pos += 4;
	if (unit < 0xd800 || unit > 0xdfff)
		return NULL;
	if (unit <= 0xdbff && scan->pos + 2 < scan->len && scan->text[scan->pos + 1] == '\\' &&
	    scan->text[scan->pos + 2] == 'u')
		low = escape_unit(scan, scan->pos + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return error_at(scan, start, "half a surrogate pair");
	scan->pos += 6;
	return NULL;
}

NODISCARD
static struct err *
check_string(struct scan *scan)
{
	size_t		 start = scan->pos;
	unsigned char	 byte;
	struct err	*e;

	for (scan->pos++; scan->pos < scan->len; scan->pos++) {
		byte = (unsigned char)scan->text[scan->pos];
		if (byte == '"') {
			scan->pos++;
			return NULL;
		}
		if (byte == '\n')
			break;
		if (byte < 0x20)
			return err_hint(error_at(scan, scan->pos, "the control character 0x%02x in a text", byte),
			    byte == '\t' ? "write \\t" : "write \\u%04x", byte);
		if (byte == '\\' && (e = check_escape(scan)) != NULL)
			return e;
	}
	return err_hint(error_at(scan, start, "this text has no closing quote on its line"),
	    "a newline in a text is \\n");
}

static void
skip_digits(struct scan *scan)
{
	while (scan->pos < scan->len && isdigit((unsigned char)scan->text[scan->pos]))
		scan->pos++;
}

/* RFC 8259, 6; and it must fit into 64 bits or a double. */
NODISCARD
static struct err *
check_number(struct scan *scan)
{
	size_t	 start = scan->pos, digits;
	bool	 whole = true, good;
	char	*copy;

	scan->pos += next_is(scan, "-");
	digits = scan->pos;
	skip_digits(scan);
	good = scan->pos > digits && (scan->text[digits] != '0' || scan->pos == digits + 1);
	if (next_is(scan, ".")) {
		whole = false;
		digits = ++scan->pos;
		skip_digits(scan);
		good = good && scan->pos > digits;
	}
	if (next_is(scan, "eE")) {
		whole = false;
		scan->pos++;
		scan->pos += next_is(scan, "+-");
		digits = scan->pos;
		skip_digits(scan);
		good = good && scan->pos > digits;
	}
	if (!good || next_is(scan, "-+._") ||
	    (scan->pos < scan->len && isalnum((unsigned char)scan->text[scan->pos]))) {
		scan->pos = start;
		return err_hint(error_at(scan, start, "\"%.*s\" is no number", token_len(scan), scan->text + start),
		    "a number is decimal and does not begin with 0; a text is in double quotes");
	}
	copy = xstrndup(scan->text + start, scan->pos - start);
	errno = 0;
	if (whole)
		good = (strtoll(copy, NULL, 10), errno == 0);
	else
		good = isfinite(strtod(copy, NULL));
	free(copy);
	return good ? NULL : error_at(scan, start, "this number is too large");
}

NODISCARD
static struct err *
check_word(struct scan *scan)
{
	static const char *const words[] = { "true", "false", "null" };
	int n = token_len(scan);

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if ((size_t)n == strlen(words[i]) && memcmp(scan->text + scan->pos, words[i], (size_t)n) == 0) {
			scan->pos += (size_t)n;
			return NULL;
		}
	}
	return err_hint(error_at(scan, scan->pos, "the word \"%.*s\" means nothing in JSON", n, scan->text + scan->pos),
	    "a text is in double quotes; without them there are only numbers, true, false and null");
}

/* After an element: true when another one follows, false at the end; or what is wrong. */
NODISCARD
static struct err *
check_more(struct scan *scan, size_t opened, bool *more)
{
	bool		 object = scan->text[opened] == '{';
	char		 close = object ? '}' : ']';
	size_t		 comma;
	struct place	 place;

	scan_space(scan);
	*more = false;
	if (scan->pos >= scan->len) {
		scan_place(scan->path, scan->text, scan->len, opened, &place);
		return err_note(error_at(scan, scan->len, "the file ends, but \"%c\" is missing", close), &place,
		    "the %s begins here", object ? "object" : "list");
	}
	if (scan->text[scan->pos] == close) {
		scan->pos++;
		return NULL;
	}
	if (scan->text[scan->pos] != ',') {
		if (next_is(scan, "}]:"))
			return unexpected(scan, object ? "\",\" or \"}\"" : "\",\" or \"]\"");
		return err_hint(error_at(scan, scan->pos, "a comma is missing before this"),
		    "%s are separated by commas", object ? "the members of an object" : "the elements of a list");
	}
	comma = scan->pos++;
	scan_space(scan);
	if (scan->pos < scan->len && scan->text[scan->pos] == close)
		return err_hint(error_at(scan, comma, "a comma before \"%c\"", close), "remove the comma");
	*more = true;
	return NULL;
}

/*
 * A key that names nothing; `start` is its place, the scanner is behind it.  Objects that list things by their names
 * may have dots in their keys (domains), the properties of a file may not: a path was meant.
 */
NODISCARD
static struct err *
check_name(const struct scan *scan, size_t start)
{
	const char	*key = scan->text + start, *name;
	size_t		 len = scan->pos - start;
	json_t		*decoded;
	struct err	*e = NULL;

	/* A plain name, as almost all are. */
	if (len > 2 && isalnum((unsigned char)key[1]) && memchr(key, '.', len) == NULL && memchr(key, '\\', len) == NULL)
		return NULL;
	decoded = json_loadb(key, len, JSON_DECODE_ANY, NULL);
	name = json_string_value(decoded);
	if (name == NULL || *name == '\0')
		e = error_at(scan, start, "an empty key");
	else if (strchr("+-!", *name) != NULL && name[1] == '\0')
		e = error_at(scan, start, "\"%s\" without the name of a property behind it", name);
	else if (strchr("+-!", *name) != NULL && strchr("+-!", name[1]) != NULL)
		e = err_hint(error_at(scan, start, "\"%s\" has two signs", name),
		    "\"+key\" adds to a list, \"-key\" takes from it, \"!key\" replaces whatever was there");
	else if (strchr(name, '.') != NULL && scan->depth == 1)
		e = err_hint(error_at(scan, start, "a key with a dot in it, \"%s\"", name),
		    "a property below another is written { \"a\": { \"b\": ... } }");
	json_decref(decoded);
	return e;
}

NODISCARD
static struct err *
check_key(struct scan *scan)
{
	size_t		 start = scan->pos;
	struct err	*e;

	if (scan->pos >= scan->len || scan->text[scan->pos] != '"') {
		e = unexpected(scan, "a key in double quotes");
		if (scan->pos < scan->len && isalpha((unsigned char)scan->text[scan->pos]))
			e = err_hint(e, "write \"%.*s\"", token_len(scan), scan->text + scan->pos);
		return e;
	}
	if ((e = check_string(scan)) != NULL || (e = check_name(scan, start)) != NULL)
		return e;
	scan_space(scan);
	if (!next_is(scan, ":"))
		return unexpected(scan, "the \":\" behind the key");
	scan->pos++;
	return NULL;
}

NODISCARD
static struct err *
check_members(struct scan *scan)
{
	size_t		 opened = scan->pos++;
	bool		 more, object = scan->text[opened] == '{';
	struct err	*e = NULL;

	scan_space(scan);
	if (next_is(scan, object ? "}" : "]")) {
		scan->pos++;
		return NULL;
	}
	if (scan->pos >= scan->len)
		return check_more(scan, opened, &more);
	do {
		scan_space(scan);
		if (object && (e = check_key(scan)) != NULL)
			break;
		if ((e = check_value(scan)) != NULL)
			break;
		e = check_more(scan, opened, &more);
	} while (e == NULL && more);
	return e;
}

NODISCARD
static struct err *
check_value(struct scan *scan)
{
	struct err *e;

	scan_space(scan);
	if (scan->pos >= scan->len)
		return unexpected(scan, "a value");
	switch (scan->text[scan->pos]) {
	case '{':
	case '[':
		if (scan->depth == SCAN_DEPTH)
			return error_at(scan, scan->pos, "nested more than %d deep", SCAN_DEPTH);
		scan->depth++;
		e = check_members(scan);
		scan->depth--;
		return e;
	case '"':
		return check_string(scan);
	case '-': case '+': case '.': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return check_number(scan);
	default:
		if (isalpha((unsigned char)scan->text[scan->pos]))
			return check_word(scan);
		return unexpected(scan, "a value");
	}
}

struct err *
scan_check(struct scan *scan)
{
	struct err *e;

	scan_space(scan);
	if (scan->pos >= scan->len)
		return err_hint(error_at(scan, 0, "the file is empty"), "an object without anything is {}");
	if (!next_is(scan, "{["))
		return unexpected(scan, "an object, { ... },");
	if ((e = check_value(scan)) != NULL)
		return e;
	scan_space(scan);
	if (scan->pos < scan->len)
		return error_at(scan, scan->pos, "nothing may follow the closing bracket, but here is \"%.*s\"",
		    token_len(scan), scan->text + scan->pos);
	return NULL;
}
