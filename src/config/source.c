/* config: files of JSON, and where in them a property is set. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/strs.h"
#include "repo/repo.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool
has_prefix(const json_t *value)
{
	const char	*key;
	json_t		*child;
	size_t		 i;

	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		if (key_name(key) != key || has_prefix(child))
			return true;
	}
	for (i = 0; i < json_array_size(value); i++) {
		if (has_prefix(json_array_get(value, i)))
			return true;
	}
	return false;
}

NODISCARD
static struct err *
parse(struct source *source)
{
	struct place	 place;
	struct err	*e;

	e = json_parse_text(&source->root, source->path, buf_text(&source->text), source->text.len);
	if (e != NULL || json_is_object(source->root))
		return e;
	json_decref(source->root);
	source->root = NULL;
	json_locate(source->path, buf_text(&source->text), source->text.len, "", &place);
	return err_at(ERR_CONFIG, &place, "an object, { ... }, is expected here, not a list");
}

struct err *
read_error(const char *path, struct err *take_e)
{
	const char	*message = err_message(take_e), *why = strstr(message, ": ");
	struct err	*e;

	e = err_at(ERR_CONFIG, &(struct place){ .path = path }, "%s", why != NULL ? why + 2 : message);
	err_free(take_e);
	return err_rule(e, "unreadable-file");
}

/* A broken file is an error and then as good as an empty one, so that the others are still looked at. */
struct source *
source_new(const struct repo *repo, bool instance, const char *path)
{
	struct source	*source = xcalloc(1, sizeof(*source));
	struct err	*e;

	source->path = instance ? xstrdup(path) : xasprintf("platform/%s", path);
	source->instance = instance;
	if (instance)
		e = repo_read(repo, path, &source->text);
	else
		e = repo_platform_read(repo, path, &source->text);
	e = e != NULL ? read_error(source->path, e) : parse(source);
	if (e != NULL)
		source->root = json_object();
	source->error = err_rule(e, "syntax");
	source->broken = e != NULL;
	source->prefixed = has_prefix(source->root);
	return source;
}

struct source *
source_take(struct config *config, struct source *take_source)
{
	problems_add(&config->errors, take_source->error);
	take_source->error = NULL;
	config->sources = xrealloc(config->sources, config->source_count + 1, sizeof(struct source *));
	config->sources[config->source_count++] = take_source;
	return take_source;
}

struct source *
source_read(struct config *config, bool instance, const char *path)
{
	return source_take(config, source_new(config->repo, instance, path));
}

void
source_free(struct source *source)
{
	free(source->path);
	buf_fini(&source->text);
	json_decref(source->root);
	free(source->partials);
	free(source);
}

/* Put ".key" behind the path, or what stands for it in this file. */
static size_t
append_key(struct buf *path, const char *prefix, const char *key, size_t len)
{
	size_t mark = path->len;

	if (mark > 0)
		buf_addc(path, '.');
	buf_adds(path, prefix);
	buf_add(path, key, len);
	return mark;
}

static void
cut(struct buf *path, size_t mark)
{
	path->len = mark;
	if (path->data != NULL)
		path->data[mark] = '\0';
}

static bool	 resolve(const json_t *value, const char *rest, const char *text, struct buf *path);

/* The element with this number, but for a text that is known: layers add to lists, so its number may be another here. */
static bool
resolve_element(const json_t *array, const char *rest, const char *text, struct buf *path)
{
	size_t	 n = strcspn(rest, "."), index, mark, i;
	json_t	*element;
	char	 number[24];

	if (!isdigit((unsigned char)*rest) || n > 9)
		return false;
	index = strtoul(rest, NULL, 10);
	if (text != NULL && rest[n] == '\0') {
		json_array_foreach(array, i, element) {
			if (json_is_string(element) && strcmp(json_string_value(element), text) == 0)
				index = i + 1;
		}
	}
	snprintf(number, sizeof(number), "%zu", index);
	mark = append_key(path, "", number, strlen(number));
	if (index > 0 && (element = json_array_get(array, index - 1)) != NULL &&
	    resolve(element, rest[n] == '.' ? rest + n + 1 : rest + n, text, path))
		return true;
	cut(path, mark);
	return false;
}

static bool
resolve_member(const json_t *object, const char *rest, size_t n, const char *text, struct buf *path)
{
	static const char *const	 prefixes[] = { "", "!", "+" };
	const char			*after = rest[n] == '.' ? rest + n + 1 : rest + n;
	size_t				 mark;
	json_t				*value;

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		mark = append_key(path, prefixes[i], rest, n);
		value = json_object_get(object, buf_text(path) + mark + (mark > 0));
		if (value != NULL && resolve(value, after, text, path))
			return true;
		cut(path, mark);
	}
	return false;
}

/*
 * Whether the property `rest` below `value` is set there, and under which path.  Null sets nothing; a macro
 * sets all that is below it.
 */
static bool
resolve(const json_t *value, const char *rest, const char *text, struct buf *path)
{
	size_t n = 0;

	if (*rest == '\0' || is_macro(value))
		return !json_is_null(value);
	if (json_is_array(value))
		return resolve_element(value, rest, text, path);
	if (!json_is_object(value))
		return false;
	for (;;) {
		n += strcspn(rest + n, ".");
		if (resolve_member(value, rest, n, text, path))
			return true;
		if (rest[n] == '\0')
			return false;
		n++;
	}
}

bool
source_place(const struct source *source, const char *path, const char *text, struct place *place)
{
	struct buf	 actual = { 0 };
	bool		 found;

	found = resolve(source->root, path, text, &actual) &&
	    json_locate(source->path, buf_text(&source->text), source->text.len, buf_text(&actual), place);
	buf_fini(&actual);
	return found;
}

static void
layers_add(struct layers *layers, const struct source *source)
{
	layers->items = xrealloc(layers->items, layers->count + 1, sizeof(struct source *));
	layers->items[layers->count++] = source;
}

static bool
layers_have(const struct layers *layers, const struct source *source)
{
	for (size_t i = 0; i < layers->count; i++) {
		if (layers->items[i] == source)
			return true;
	}
	return false;
}

bool
layers_place(const struct layers *layers, const char *path, const char *text, struct place *place)
{
	for (size_t i = layers->count; i > 0; i--) {
		if (source_place(layers->items[i - 1], path, text, place))
			return true;
	}
	return false;
}

/* The file of this number of a kind that counts in the environment, or NULL. */
static const struct source *
kind_source(const struct kind *kind, size_t number, const char *environment)
{
	const struct variant *variant;

	if (number < 2)
		return number == 0 ? kind->platform : kind->instance;
	variant = &kind->variants[number - 2];
	return environment != NULL && strcmp(variant->environment, environment) == 0 ? variant->source : NULL;
}

/* What several of a node's services name applies once, below the first of them: it must not undo what that one says. */
static void
partial_layers(const struct kind *partial, const char *environment, struct layers *layers)
{
	const struct source *source;

	for (size_t i = 0; i < partial->variant_count + 2; i++) {
		if ((source = kind_source(partial, i, environment)) != NULL && !layers_have(layers, source))
			layers_add(layers, source);
	}
}

void
kind_layers(const struct kind *kind, const char *environment, struct layers *layers)
{
	const struct source *source;

	for (size_t i = 0; i < kind->variant_count + 2; i++) {
		if ((source = kind_source(kind, i, environment)) == NULL)
			continue;
		for (size_t j = 0; j < source->partial_count; j++)
			partial_layers(source->partials[j], environment, layers);
		layers_add(layers, source);
	}
}
