/* config: the JSON dialect: comments, and errors that say where and what. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/config.h"

#include "base/buf.h"
#include "config/scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_TEXT	((size_t)16 << 20)

/* jansson says where the token ends that it could not take; the key of that end. */
static size_t
token_start(const struct scan *scan, size_t end)
{
	struct scan walk = { .path = scan->path, .text = scan->text, .len = scan->len };

	while (walk.pos < end) {
		size_t start = walk.pos;

		if (scan->text[walk.pos] != '"') {
			walk.pos++;
			continue;
		}
		scan_skip_string(&walk);
		if (walk.pos >= end)
			return start;
	}
	return end > 0 ? end - 1 : 0;
}

/* What scan_check() let through and jansson does not. */
NODISCARD
static struct err *
loader_error(const struct scan *scan, const json_error_t *error)
{
	size_t		 end = error->position > 0 ? (size_t)error->position : 0;
	size_t		 start = token_start(scan, end > scan->len ? scan->len : end);
	struct place	 place;

	scan_place(scan->path, scan->original, scan->len, start, &place);
	if (json_error_code(error) == json_error_duplicate_key)
		return err_rule(err_hint(err_at(ERR_CONFIG, &place, "duplicate key %.*s", (int)(end - start),
		    scan->text + start), "an object has each key once; remove one of them"), "duplicate-key");
	return err_at(ERR_CONFIG, &place, "%s", error->text);
}

struct err *
json_parse_text(json_t **out, const char *path, const char *text, size_t len)
{
	struct scan	 scan = { .path = path, .original = text, .len = len };
	json_error_t	 error;
	struct err	*e;
	char		*copy = NULL;

	*out = NULL;
	if (len > SIZE_MAX_TEXT)
		return err_at(ERR_CONFIG, &(struct place){ .path = path }, "is larger than %zu MiB",
		    SIZE_MAX_TEXT >> 20);
	if ((e = scan_blank(path, text, len, &copy)) != NULL)
		return e;
	scan.text = copy;
	if ((e = scan_check(&scan)) == NULL &&
	    (*out = json_loadb(copy, len, JSON_REJECT_DUPLICATES, &error)) == NULL)
		e = loader_error(&scan, &error);
	free(copy);
	return e;
}

static bool	 find(struct scan *scan, const char *property);

/* A key may have dots of its own: try every way to read the path. */
static bool
find_member(struct scan *scan, size_t key, const char *property)
{
	size_t		 after = scan->pos, n = 0;
	struct scan	 value;

	for (;;) {
		n += strcspn(property + n, ".");
		if (scan_key_is(scan, key, property, n)) {
			value = *scan;
			scan_space(&value);
			value.pos++;		/* the colon */
			if (find(&value, property[n] == '.' ? property + n + 1 : property + n)) {
				*scan = value;
				return true;
			}
		}
		if (property[n] == '\0')
			break;
		n++;
	}
	scan->pos = after;
	return false;
}

/* The scanner is behind "{". */
static bool
find_in_object(struct scan *scan, const char *property)
{
	size_t key;

	for (scan_space(scan); scan->pos < scan->len && scan->text[scan->pos] == '"'; scan_space(scan)) {
		key = scan->pos;
		scan_skip_string(scan);
		if (find_member(scan, key, property))
			return true;
		scan_space(scan);
		scan->pos++;
		scan_skip_value(scan);
		scan_space(scan);
		if (scan->pos >= scan->len || scan->text[scan->pos] != ',')
			return false;
		scan->pos++;
	}
	return false;
}

/* The scanner is behind "[". */
static bool
find_in_array(struct scan *scan, const char *property)
{
	char	*rest;
	size_t	 wanted;

	if (!isdigit((unsigned char)*property))
		return false;
	wanted = strtoul(property, &rest, 10);
	if (wanted == 0 || (*rest != '.' && *rest != '\0'))
		return false;
	for (scan_space(scan); scan->pos < scan->len && scan->text[scan->pos] != ']'; scan->pos++) {
		if (--wanted == 0)
			return find(scan, *rest == '.' ? rest + 1 : rest);
		scan_skip_value(scan);
		scan_space(scan);
		if (scan->pos >= scan->len || scan->text[scan->pos] != ',')
			return false;
	}
	return false;
}

/* Put the scanner at the start of the value that `property` is, seen from the value it is at. */
static bool
find(struct scan *scan, const char *property)
{
	scan_space(scan);
	if (*property == '\0')
		return scan->pos < scan->len;
	if (scan->pos >= scan->len)
		return false;
	switch (scan->text[scan->pos++]) {
	case '{':
		return find_in_object(scan, property);
	case '[':
		return find_in_array(scan, property);
	default:
		return false;
	}
}

bool
json_locate(const char *path, const char *text, size_t len, const char *property, struct place *place)
{
	struct scan	 scan = { .path = path, .len = len };
	struct err	*e;
	char		*copy = NULL;
	bool		 found;

	*place = (struct place){ .path = path };
	if ((e = scan_blank(path, text, len, &copy)) != NULL) {
		err_free(e);
		return false;
	}
	scan.text = copy;
	if ((found = find(&scan, property)))
		scan_place(path, text, len, scan.pos, place);
	free(copy);
	return found;
}
