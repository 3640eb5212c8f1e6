/* config: what each layer says about one property: merging once more, for one path, with names. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/explain_layers.h"

#include <stdlib.h>
#include <string.h>

/* Whether the macro, in whose place the tree has `now`, gave something that has the property, or fails. */
static bool
gives(struct scope *scope, json_t *now, const char *path)
{
	json_t		*value = NULL;
	struct err	*e = scope_value(scope, now, &now);

	if (e == NULL)
		e = scope_find(scope, now, path, &value);
	err_free(e);
	return e != NULL || value != NULL;
}

/*
 * The steps that `path` takes from `value` on, which is what the layers made of what is `now`.  Keys may have dots of
 * their own; where those of what a macro gave are, does not matter.
 */
static bool
split(struct scope *scope, const json_t *value, json_t *now, const char *path, struct strs *steps)
{
	const json_t	*child;
	char		*rest, *key;
	json_t		*next;
	size_t		 n = 0, mark = steps->count, number;

	if (*path == '\0')
		return true;
	if (is_macro(value)) {
		if (gives(scope, now, path))
			strs_split(steps, path, '.');
		return steps->count > mark;
	}
	if (json_is_array(value)) {
		number = strtoul(path, &rest, 10);
		if (number == 0 || (*rest != '.' && *rest != '\0') || number > json_array_size(value))
			return false;
		strs_addf(steps, "%zu", number);
		return split(scope, json_array_get(value, number - 1), json_array_get(now, number - 1),
		    *rest == '.' ? rest + 1 : rest, steps);
	}
	while (json_is_object(value)) {
		n += strcspn(path + n, ".");
		key = xstrndup(path, n);
		child = json_object_get(value, key);
		next = json_object_get(now, key);
		strs_add(steps, key);
		free(key);
		if (child != NULL && split(scope, child, next, path[n] == '.' ? path + n + 1 : path + n, steps))
			return true;
		while (steps->count > mark)
			strs_remove(steps, steps->count - 1);
		if (path[n++] == '\0')
			return false;
	}
	return false;
}

struct walk {
	struct sayings		*sayings;
	const struct source	*source;
	struct strs		 keys;
	bool			 fresh;		/* inside of "!key", and nothing has been said in there yet */
};

static void
say(struct walk *walk, json_t *value, char prefix)
{
	struct sayings	*sayings = walk->sayings;
	struct saying	*saying;

	sayings->items = xrealloc(sayings->items, sayings->count + 1, sizeof(*sayings->items));
	saying = &sayings->items[sayings->count++];
	*saying = (struct saying){ .source = walk->source, .value = value, .prefix = walk->fresh ? '!' : prefix };
	for (size_t i = 0; i < walk->keys.count; i++)
		strs_add(&saying->keys, walk->keys.items[i]);
	walk->fresh = false;
}

static void	 walk_object(struct walk *walk, const json_t *object, size_t depth);

/* The object behind a key on the way. */
static void
walk_into(struct walk *walk, const json_t *object, size_t depth, bool replaces)
{
	bool	 fresh = walk->fresh;
	size_t	 before = walk->sayings->count;

	walk->fresh = fresh || replaces;
	walk_object(walk, object, depth);
	if (replaces && walk->sayings->count == before) {
		walk->fresh = false;
		say(walk, NULL, '!');
	}
	walk->fresh = fresh;
}

/* The same key may be there with and without a prefix: they apply as they stand. */
static void
walk_object(struct walk *walk, const json_t *object, size_t depth)
{
	const struct sayings	*sayings = walk->sayings;
	const char		*key;
	json_t			*value;
	char			 prefix;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (strcmp(key_name(key), sayings->steps.items[depth]) != 0)
			continue;
		prefix = key_name(key) == key ? '\0' : *key;
		strs_add(&walk->keys, key);
		if (depth + 1 < sayings->literal && json_is_object(value))
			walk_into(walk, value, depth + 1, prefix == '!');
		else if (depth + 1 == sayings->literal || !json_is_null(value))
			say(walk, value, prefix);
		strs_remove(&walk->keys, walk->keys.count - 1);
	}
}

/* An element of the list as it is so far, and who put it there. */
struct element {
	size_t		 saying, number;	/* number 0: it is all that the saying says */
	json_t		*value;
};

struct settling {
	struct sayings	*sayings;
	const json_t	*now;			/* what is there; NULL: nothing, or a list that was added to */
	struct element	*elements;		/* when it is a list */
	size_t		 count;
	bool		 list;
};

/* All before this one is void. */
static void
supersede(struct settling *settling, size_t i)
{
	for (size_t j = 0; j < i; j++)
		settling->sayings->items[j].overridden = true;
	settling->now = NULL;
	settling->count = 0;
	settling->list = false;
}

static bool
has_element(const struct settling *settling, const json_t *value)
{
	for (size_t i = 0; i < settling->count; i++) {
		if (json_equal(settling->elements[i].value, value))
			return true;
	}
	return false;
}

static void
add_element(struct settling *settling, size_t saying, size_t number, json_t *value)
{
	settling->elements = xrealloc(settling->elements, settling->count + 1, sizeof(*settling->elements));
	settling->elements[settling->count++] = (struct element){ saying, number, value };
}

/* What the saying says is there now. */
static void
put(struct settling *settling, size_t i)
{
	json_t	*value = settling->sayings->items[i].value, *element;
	size_t	 at;

	supersede(settling, i);
	settling->now = value;
	settling->list = json_is_array(value);
	if (!settling->list)
		return;
	json_array_foreach(value, at, element) {
		add_element(settling, i, at + 1, element);
	}
}

static void
add_elements(struct settling *settling, size_t i)
{
	json_t	*value = settling->sayings->items[i].value, *element;
	size_t	 at;

	if (!settling->list)
		supersede(settling, i);
	settling->list = true;
	if (!json_is_array(value) && !has_element(settling, value))
		add_element(settling, i, 0, value);
	if (!json_is_array(value))
		return;
	json_array_foreach(value, at, element) {
		if (!has_element(settling, element) && !is_required(element))
			add_element(settling, i, at + 1, element);
	}
}

/* False: there was nothing to take away. */
static bool
remove_elements(struct settling *settling, const json_t *value)
{
	size_t kept = 0, before = settling->count;

	for (size_t i = 0; i < before; i++) {
		struct element	*element = &settling->elements[i];
		bool		 gone = json_equal(value, element->value);

		for (size_t j = 0; !gone && j < json_array_size(value); j++)
			gone = json_equal(json_array_get(value, j), element->value);
		if (!gone)
			settling->elements[kept++] = *element;
	}
	settling->count = kept;
	return kept < before;
}

/* As merge.c has it; what it refuses does not come here. */
static enum explain_effect
settle_one(struct settling *settling, size_t i)
{
	const struct saying *saying = &settling->sayings->items[i];

	if (saying->value == NULL) {
		supersede(settling, i);
		return EXPLAIN_CLEARS;
	}
	if (saying->prefix == '!') {
		put(settling, i);
		return EXPLAIN_REPLACES;
	}
	if (saying->prefix == '+') {
		add_elements(settling, i);
		return EXPLAIN_ADDS;
	}
	if (saying->prefix == '-')
		return remove_elements(settling, saying->value) ? EXPLAIN_REMOVES : EXPLAIN_NOTHING;
	if (json_is_null(saying->value) && settling->now != NULL)
		return EXPLAIN_NOTHING;
	if (json_is_object(saying->value) && json_is_object(settling->now))
		return EXPLAIN_MERGES;
	put(settling, i);
	return EXPLAIN_SETS;
}

/* Who put the element there that the steps lead through. */
static void
find_element(struct settling *settling)
{
	struct sayings		*sayings = settling->sayings;
	size_t			 number = strtoul(sayings->steps.items[sayings->literal], NULL, 10);
	const json_t		*value = json_array_get(sayings->merged, number - 1);
	const struct element	*found = NULL;

	/* Of several that are alike, the one with the same number. */
	for (size_t i = 0; i < settling->count; i++) {
		if ((found == NULL || i + 1 == number) && json_equal(settling->elements[i].value, value))
			found = &settling->elements[i];
	}
	if (found != NULL) {
		sayings->origin = found->saying;
		sayings->element = found->number;
	}
}

static void
settle(struct sayings *sayings)
{
	struct settling settling = { .sayings = sayings };

	for (size_t i = 0; i < sayings->count; i++)
		sayings->items[i].effect = settle_one(&settling, i);
	sayings->origin = sayings->count;
	for (size_t i = 0; i < sayings->count; i++) {
		const struct saying *saying = &sayings->items[i];

		if (!saying->overridden && saying->effect != EXPLAIN_CLEARS && saying->effect != EXPLAIN_NOTHING)
			sayings->origin = i;
	}
	if (json_is_array(sayings->merged) && sayings->literal < sayings->steps.count)
		find_element(&settling);
	free(settling.elements);
}

bool
sayings_find(struct sayings *sayings, struct scope *scope, const char *property)
{
	const struct layers	*layers = &scope->base->layers;
	struct walk		 walk = { .sayings = sayings };

	*sayings = (struct sayings){ .merged = scope->merged };
	if (!split(scope, scope->merged, scope_root(scope), property, &sayings->steps)) {
		strs_fini(&sayings->steps);
		return false;
	}
	while (json_is_object(sayings->merged) && sayings->literal < sayings->steps.count)
		sayings->merged = json_object_get(sayings->merged, sayings->steps.items[sayings->literal++]);
	for (size_t i = 0; sayings->literal > 0 && i < layers->count + (scope->own != NULL); i++) {
		walk.source = i < layers->count ? layers->items[i] : scope->own;
		walk.fresh = false;
		walk_object(&walk, walk.source->root, 0);
	}
	strs_fini(&walk.keys);
	settle(sayings);
	return true;
}

void
sayings_fini(struct sayings *sayings)
{
	for (size_t i = 0; i < sayings->count; i++)
		strs_fini(&sayings->items[i].keys);
	free(sayings->items);
	strs_fini(&sayings->steps);
}

char *
sayings_path(const struct sayings *sayings, size_t count)
{
	struct buf path = { 0 };

	for (size_t i = 0; i < count; i++)
		buf_addf(&path, "%s%s", i > 0 ? "." : "", sayings->steps.items[i]);
	return count == 0 ? xstrdup("") : buf_take(&path);
}

/* Go down as far as there is no macro in the way. */
static json_t *
go_down(const struct sayings *sayings, size_t *steps)
{
	json_t *value = sayings->merged;

	for (*steps = sayings->literal; !is_macro(value) && *steps < sayings->steps.count; ++*steps) {
		const char *step = sayings->steps.items[*steps];

		value = json_is_array(value) ? json_array_get(value, strtoul(step, NULL, 10) - 1) :
		    json_object_get(value, step);
	}
	return value;
}

json_t *
sayings_macro(const struct sayings *sayings, size_t *steps)
{
	json_t *value = go_down(sayings, steps);

	return is_macro(value) ? value : NULL;
}

json_t *
sayings_merged(const struct sayings *sayings)
{
	size_t	 steps;
	json_t	*value = go_down(sayings, &steps);

	return steps == sayings->steps.count ? value : NULL;
}
