/* test/fuzz: layers over one another. */
/* May know config, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS	6	/* one input is so many texts at most, with a NUL between them */

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What a file would be; false when its text is no object. */
static bool
source_make(struct source *source, char *path, const char *text, size_t len)
{
	*source = (struct source){ .path = path, .instance = true, .prefixed = true };
	buf_add(&source->text, text, len);
	err_free(json_parse_text(&source->root, path, text, len));
	return json_is_object(source->root);
}

static void
source_done(struct source *source)
{
	json_decref(source->root);
	buf_fini(&source->text);
}

/* Every error has its place in the layer, and can be shown. */
static bool
show(struct problems *problems, const struct source *source)
{
	struct err	*e = problems_take(problems);
	struct buf	 text = { 0 };
	bool		 any = e != NULL;

	if (any) {
		err_format(e, &text);
		if (text.len == 0 || err_place(e) == NULL || strcmp(err_place(e)->path, source->path) != 0 ||
		    err_place(e)->line == 0)
			abort();
	}
	buf_fini(&text);
	err_free(e);
	return any;
}

/* `source` over `parent` (NULL: nothing), a new reference; `wrong` is set when there were errors. */
static json_t *
merge_over(json_t *parent, const struct layers *below, const struct source *source, bool *wrong)
{
	struct problems	 errors = { 0 }, warnings = { 0 };
	struct merge	 merge = { .errors = &errors, .warnings = &warnings, .below = below, .source = source };
	json_t		*result = merge_objects(&merge, parent, source->root);

	*wrong = show(&errors, source);
	show(&warnings, source);
	if (merge.path.len != 0)
		abort();
	buf_fini(&merge.path);
	return result;
}

static bool
has_prefix(const json_t *value)
{
	const char	*key;
	json_t		*child;

	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		if (key_name(key) != key || (json_is_object(child) && has_prefix(child)))
			return true;
	}
	return false;
}

/* A layer again changes nothing; a layer of nothing changes nothing. */
static void
check_again(json_t *merged, const struct layers *below, const struct source *source)
{
	static char	 path[] = "empty";
	struct source	 empty;
	bool		 wrong;
	json_t		*again = merge_over(merged, below, source, &wrong);

	if (!json_equal(again, merged))
		abort();
	json_decref(again);
	source_make(&empty, path, "{}", 2);
	again = merge_over(merged, below, &empty, &wrong);
	if (wrong || !json_equal(again, merged))
		abort();
	json_decref(again);
	source_done(&empty);
}

/* "!key" replaces: what is below does not matter. */
static void
check_replaced(json_t *merged, const struct source *source)
{
	static const struct layers	 none;
	const char			*key;
	json_t				*value, *alone;
	struct source			 own = *source;
	bool				 wrong;

	json_object_foreach(source->root, key, value) {
		if (*key != '!' || key_name(key) == key)
			continue;
		own.root = json_pack("{sO}", key, value);
		alone = merge_over(NULL, &none, &own, &wrong);
		/* Another key of the file may be about the same. */
		for (const char *prefix = "+-"; *prefix != '\0'; prefix++) {
			char *other = xasprintf("%c%s", *prefix, key + 1);

			wrong = wrong || json_object_get(source->root, other) != NULL;
			free(other);
		}
		if (!wrong && json_object_get(source->root, key + 1) == NULL &&
		    !json_equal(json_object_get(alone, key + 1), json_object_get(merged, key + 1)))
			abort();
		json_decref(alone);
		json_decref(own.root);
	}
}

/* What came out is JSON that would be accepted. */
static void
check_text(const json_t *merged)
{
	char		*text = json_dumps(merged, JSON_COMPACT);
	json_t		*parsed;
	struct err	*e = json_parse_text(&parsed, "merged", text, strlen(text));

	if (e != NULL || !json_equal(parsed, merged))
		abort();
	json_decref(parsed);
	free(text);
}

static void
check(json_t *merged, const struct layers *below, const struct source *source, json_t *parent, bool wrong)
{
	struct source	 plain = *source;
	json_t		*same;

	if (!wrong)
		check_again(merged, below, source);
	check_replaced(merged, source);
	check_text(merged);
	/* Whether the file has prefixes only says whether there is work to do. */
	plain.prefixed = has_prefix(source->root);
	same = merge_over(parent, below, &plain, &wrong);
	if (!json_equal(same, merged))
		abort();
	json_decref(same);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char		 paths[LAYERS][2] = { "a", "b", "c", "d", "e", "f" };
	struct source		 sources[LAYERS];
	const struct source	*items[LAYERS];
	struct layers		 layers = { .items = items };
	const char		*text = (const char *)data, *end;
	json_t			*merged = NULL, *parent;
	size_t			 n;
	bool			 good = true, wrong;

	while (good && layers.count < LAYERS && len > 0) {
		end = memchr(text, '\0', len);
		n = end == NULL ? len : (size_t)(end - text);
		good = source_make(&sources[layers.count], paths[layers.count], text, n);
		items[layers.count] = &sources[layers.count];
		if (good) {
			parent = merged;
			merged = merge_over(parent, &layers, items[layers.count], &wrong);
			check(merged, &layers, items[layers.count], parent, wrong);
			json_decref(parent);
		}
		layers.count++;
		text += n < len ? n + 1 : n;
		len -= n < len ? n + 1 : n;
	}
	for (size_t i = 0; i < layers.count; i++)
		source_done(&sources[i]);
	json_decref(merged);
	return 0;
}
