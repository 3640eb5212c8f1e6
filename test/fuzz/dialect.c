/* test/fuzz: the JSON dialect held against jansson itself. */
/* May know config, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "config/config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX	100	/* of nested values; jansson's is greater */

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Behind the text that begins at `at`, or at the end of its line, where no text may go on. */
static size_t
behind_text(const char *text, size_t len, size_t at)
{
	for (at++; at < len && text[at] != '"' && text[at] != '\n'; at++) {
		if (text[at] == '\\' && at + 1 < len && text[at + 1] != '\n')
			at++;
	}
	return at < len ? at + 1 : len;
}

/* Make the comments spaces, with less skill than the dialect does; false when one has no end. */
static bool
without_comments(char *text, size_t len)
{
	size_t at = 0, end;

	while (at + 1 < len) {
		if (text[at] == '"') {
			at = behind_text(text, len, at);
			continue;
		}
		end = at;
		if (text[at] == '/' && text[at + 1] == '/') {
			while (end < len && text[end] != '\n')
				end++;
		} else if (text[at] == '/' && text[at + 1] == '*') {
			for (end = at + 2; end + 1 < len && (text[end] != '*' || text[end + 1] != '/'); end++)
				;
			if (end + 1 >= len)
				return false;
			end += 2;
		}
		if (end == at)
			at++;
		for (; at < end; at++)
			text[at] = ' ';
	}
	return true;
}

static bool
is_sign(char c)
{
	return c != '\0' && strchr("+-!", c) != NULL;
}

/* What the dialect refuses, though it is JSON: nesting that is too deep, and keys that name nothing. */
static bool
is_beyond(const json_t *value, unsigned depth)
{
	const char	*key;
	json_t		*child;
	size_t		 i;

	if (json_is_object(value) || json_is_array(value))
		depth++;
	if (depth > DEPTH_MAX)
		return true;
	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		if (*key == '\0' || (is_sign(*key) && (key[1] == '\0' || is_sign(key[1]))) ||
		    (depth == 1 && strchr(key, '.') != NULL) || is_beyond(child, depth))
			return true;
	}
	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, child) {
		if (is_beyond(child, depth))
			return true;
	}
	return false;
}

/* The value of a text in the dialect, or NULL, by other means than json_parse_text(). */
static json_t *
expected(const char *text, size_t len)
{
	char	*copy;
	json_t	*value = NULL, *all = json_stringn(text, len);

	/* Comments are text in UTF-8, too. */
	if (all == NULL || memchr(text, '\0', len) != NULL) {
		json_decref(all);
		return NULL;
	}
	json_decref(all);
	copy = xmalloc(len + 1);
	memcpy(copy, text, len);
	if (without_comments(copy, len))
		value = json_loadb(copy, len, JSON_REJECT_DUPLICATES, NULL);
	free(copy);
	if (value != NULL && is_beyond(value, 0)) {
		json_decref(value);
		value = NULL;
	}
	return value;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*text = (const char *)data;
	json_t		*got, *want;
	struct err	*e;

	if (len == 0)
		return 0;
	e = json_parse_text(&got, "f", text, len);
	want = expected(text, len);
	if ((e == NULL) != (want != NULL) || (e == NULL && !json_equal(got, want)))
		abort();
	err_free(e);
	json_decref(got);
	json_decref(want);
	return 0;
}
