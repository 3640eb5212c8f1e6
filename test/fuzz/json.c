/* test/fuzz: the JSON dialect, and finding the places of its values. */
/* May know config, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Every error has a place in the file and can be shown. */
static void
check_error(struct err *take_e)
{
	struct buf text = { 0 };

	if (err_code(take_e) != ERR_CONFIG || err_place(take_e) == NULL || strcmp(err_place(take_e)->path, "f") != 0)
		abort();
	err_format(take_e, &text);
	if (text.len == 0)
		abort();
	buf_fini(&text);
	err_free(take_e);
}

/* What the text has at the place is the beginning of such a value. */
static void
check_place(const json_t *value, const char *text, size_t len, const struct place *place)
{
	const char *at = text;

	for (unsigned line = 1; line < place->line; line++)
		at = (const char *)memchr(at, '\n', len - (size_t)(at - text)) + 1;
	at += place->column - 1;
	if (at >= text + len)
		abort();
	if ((json_is_object(value) && *at != '{') || (json_is_array(value) && *at != '[') ||
	    (json_is_string(value) && *at != '"') || (json_is_true(value) && *at != 't') ||
	    (json_is_false(value) && *at != 'f') || (json_is_null(value) && *at != 'n') ||
	    (json_is_number(value) && strchr("-0123456789", *at) == NULL))
		abort();
}

/* With dots in keys, or empty ones, several values go by one path. */
static bool
paths_are_clear(const json_t *value)
{
	const char	*key;
	json_t		*child;
	size_t		 i;

	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		if (*key == '\0' || strchr(key, '.') != NULL || !paths_are_clear(child))
			return false;
	}
	if (!json_is_array(value))
		return true;
	json_array_foreach(value, i, child) {
		if (!paths_are_clear(child))
			return false;
	}
	return true;
}

/* Every value that was parsed is found again under its path. */
static void
walk(const json_t *value, struct buf *path, const char *text, size_t len)
{
	size_t		 mark = path->len, i;
	const char	*key;
	json_t		*child;
	struct place	 place;

	if (!json_locate("f", text, len, buf_text(path), &place))
		abort();
	check_place(value, text, len, &place);
	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		buf_addf(path, "%s%s", mark > 0 ? "." : "", key);
		walk(child, path, text, len);
		path->len = mark;
	}
	if (!json_is_array(value))
		return;
	json_array_foreach(value, i, child) {
		buf_addf(path, "%s%zu", mark > 0 ? "." : "", i + 1);
		walk(child, path, text, len);
		path->len = mark;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*text = (const char *)data;
	json_t		*value;
	struct buf	 path = { 0 };
	struct place	 place;
	struct err	*e;

	(void)json_locate("f", text, len, "a.b.1", &place);
	if ((e = json_parse_text(&value, "f", text, len)) != NULL) {
		check_error(e);
		return 0;
	}
	if (len < 4096 && paths_are_clear(value))
		walk(value, &path, text, len);
	json_decref(value);
	buf_fini(&path);
	return 0;
}
