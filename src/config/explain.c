/* config: where a value comes from: its layers, and what its macros read. */
/* May know lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/explain_layers.h"

#include "config/trace.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

/* One call of explain_property(). */
struct explainer {
	struct config	*config;
	json_t		*expanded;	/* the scope and path of each macro whose facts are there already */
};

static void	 explain_value(struct explainer *explainer, struct explain_fact *fact, struct scope *scope,
		    const char *path, unsigned depth);

void
explain_start(struct config *config)
{
	trace_start(config);
}

struct scope *
explain_node(const struct node *node)
{
	return node_scope(node);
}

struct scope *
explain_provider(struct config *config, const char *environment)
{
	return config_scope(config, NULL, environment);
}

/* How facts call a scope. */
static char *
owner_name(const struct scope *scope)
{
	static const char service[] = "service ";

	if (scope->node != NULL)
		return xstrdup(scope->node->name);
	if (str_starts(scope->title, service))
		return xasprintf("services.%s", scope->title + strlen(service));
	return xstrdup("provider");
}

static struct explain_fact *
add_fact(struct explain_fact *fact)
{
	struct explain_fact *added;

	fact->facts = xrealloc(fact->facts, fact->fact_count + 1, sizeof(*fact->facts));
	added = &fact->facts[fact->fact_count++];
	*added = (struct explain_fact){ 0 };
	return added;
}

/* The name of a property, to find it again. */
static char *
property_key(const struct scope *scope, const char *path)
{
	return xasprintf("%p %s", (const void *)scope, path);
}

static void
note_property(json_t *set, const struct scope *scope, const char *path)
{
	char *key = property_key(scope, path);

	json_object_set_new_nocheck(set, key, json_true());
	free(key);
}

static bool
has_property(const json_t *set, const struct scope *scope, const char *path)
{
	char	*key = property_key(scope, path);
	bool	 has = json_object_get(set, key) != NULL;

	free(key);
	return has;
}

/* Which of the reads lead to others. */
struct overlaps {
	json_t	*whole;		/* those that have all below them */
	json_t	*inner;		/* what is above others */
};

/* Call `with` for everything that is above the property, nearest first, until it is true. */
static bool
any_above(const struct trace_read *read, json_t *set, bool (*with)(json_t *, const struct scope *, const char *))
{
	char	*path = xstrdup(read->name);
	size_t	 n = strlen(path);
	bool	 found = false;

	while (!found && n > 0) {
		while (n > 0 && path[n - 1] != '.')
			n--;
		n -= n > 0;
		path[n] = '\0';
		found = with(set, read->scope, path);
	}
	free(path);
	return found;
}

static bool
note_above(json_t *set, const struct scope *scope, const char *path)
{
	note_property(set, scope, path);
	return false;
}

static bool
is_above(json_t *set, const struct scope *scope, const char *path)
{
	return has_property(set, scope, path);
}

/* An object on the way to what was wanted is not worth a word, nor is a part of one that was read as a whole. */
static bool
worth_saying(const struct trace_read *read, const struct overlaps *overlaps)
{
	if (read->type != TRACE_PROPERTY)
		return true;
	if (any_above(read, overlaps->whole, is_above))
		return false;
	return read->whole || (!has_property(overlaps->inner, read->scope, read->name) &&
	    !has_property(overlaps->whole, read->scope, read->name));
}

/* A macro's file as errors show it, the caller's, free(); NULL: there is none. */
static char *
find_file(const struct repo *repo, const char *path)
{
	char *below = xasprintf("files/%s", path), *found = NULL;

	if (repo_has(repo, below))
		found = xstrdup(below);
	else if (repo_has(repo, path))
		found = xstrdup(path);
	else if (repo_platform_has(repo, below))
		found = xasprintf("platform/%s", below);
	else if (repo_platform_has(repo, path))
		found = xasprintf("platform/%s", path);
	free(below);
	return found;
}

static void
explain_read(struct explainer *explainer, struct explain_fact *fact, const struct trace_read *read, unsigned depth)
{
	static const enum explain_type types[] = {
		[TRACE_PROPERTY] = EXPLAIN_PROPERTY, [TRACE_SELECTION] = EXPLAIN_SELECTION, [TRACE_FILE] = EXPLAIN_FILE,
		[TRACE_SECRET] = EXPLAIN_SECRET, [TRACE_FUNCTION] = EXPLAIN_FUNCTION,
	};

	if (read->type == TRACE_PROPERTY) {
		explain_value(explainer, fact, read->scope, read->name, depth);
		return;
	}
	fact->type = types[read->type];
	fact->name = xstrdup(read->name);
	fact->filter = json_incref(read->filter);
	fact->value = json_incref(read->nodes);
	if (read->type == TRACE_FUNCTION)
		fact->place = (struct explain_place){ .path = read->where, .line = read->line };
	else if (read->type == TRACE_FILE)
		fact->owner = find_file(explainer->config->repo, read->name);
	else if (read->where != NULL)
		fact->owner = xstrdup(read->where);
}

/* What the macro at `path` read. */
static void
add_reads(struct explainer *explainer, struct explain_fact *fact, struct scope *scope, const char *path, unsigned depth)
{
	const struct trace_reads	*reads = trace_reads_of(explainer->config, scope, path);
	struct overlaps			 overlaps = { json_object(), json_object() };

	for (size_t i = 0; reads != NULL && i < reads->count; i++) {
		if (reads->items[i].type != TRACE_PROPERTY)
			continue;
		any_above(&reads->items[i], overlaps.inner, note_above);
		if (reads->items[i].whole)
			note_property(overlaps.whole, reads->items[i].scope, reads->items[i].name);
	}
	for (size_t i = 0; reads != NULL && i < reads->count; i++) {
		if (!worth_saying(&reads->items[i], &overlaps))
			continue;
		if (depth == 0)
			fact->cut++;
		else
			explain_read(explainer, add_fact(fact), &reads->items[i], depth - 1);
	}
	json_decref(overlaps.whole);
	json_decref(overlaps.inner);
}

/* The macros in a list or object are facts of their own. */
static void
add_inner(struct explainer *explainer, struct explain_fact *fact, struct scope *scope, const json_t *value,
    const char *path, unsigned depth)
{
	const char	*key;
	json_t		*child;
	char		*step;
	size_t		 i;

	if (is_macro(value)) {
		if (depth == 0)
			fact->cut++;
		else
			explain_value(explainer, add_fact(fact), scope, path, depth - 1);
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		step = xasprintf("%s%s%s", path, *path == '\0' ? "" : ".", key);
		add_inner(explainer, fact, scope, child, step, depth);
		free(step);
	}
	for (i = 0; i < json_array_size(value); i++) {
		step = xasprintf("%s%s%zu", path, *path == '\0' ? "" : ".", i + 1);
		add_inner(explainer, fact, scope, json_array_get(value, i), step, depth);
		free(step);
	}
}

/* What the value was made of, unless that has been said. */
static void
add_facts(struct explainer *explainer, struct explain_fact *fact, struct scope *scope, const struct sayings *sayings,
    unsigned depth)
{
	size_t		 steps;
	const json_t	*macro = sayings_macro(sayings, &steps);
	char		*path = sayings_path(sayings, steps);

	if (macro != NULL)
		fact->macro = xstrdup(json_string_value(macro));
	if (has_property(explainer->expanded, scope, path)) {
		fact->repeated = macro != NULL;
	} else {
		if (depth > 0)
			note_property(explainer->expanded, scope, path);
		if (macro != NULL)
			add_reads(explainer, fact, scope, path, depth);
		else
			add_inner(explainer, fact, scope, sayings_merged(sayings), path, depth);
	}
	free(path);
}

/* The value as it may be shown; its error is one of its facts. */
static void
find_value(struct explain_fact *fact, struct scope *scope, const char *path)
{
	json_t *value;

	fact->error = scope_find(scope, scope_root(scope), path, &value);
	if (fact->error == NULL && value != NULL)
		fact->error = scope_deep(scope, value, &value);
	if (fact->error == NULL && value != NULL)
		fact->value = taint_shown(scope->config, value);
}

static void
explain_value(struct explainer *explainer, struct explain_fact *fact, struct scope *scope, const char *path,
    unsigned depth)
{
	struct explain_fact	 found = { .type = EXPLAIN_PROPERTY };
	struct sayings		 sayings;

	found.owner = owner_name(scope);
	found.name = xstrdup(path);
	find_value(&found, scope, path);
	if ((found.value != NULL || found.error != NULL) && sayings_find(&sayings, scope, path)) {
		sayings_place(&sayings, scope, &found.place);
		add_facts(explainer, &found, scope, &sayings, depth);
		sayings_fini(&sayings);
	}
	*fact = found;
}

/* What this program itself says of a node, where no layer does. */
static void
add_own_layer(struct explain *explain, const struct sayings *sayings, const struct scope *scope)
{
	struct explain_layer *layer;

	explain->layers = xrealloc(explain->layers, explain->layer_count + 1, sizeof(*explain->layers));
	layer = &explain->layers[explain->layer_count++];
	*layer = (struct explain_layer){
		.title = xstrdup("leap"),
		.key = xstrdup(sayings->steps.count > 0 ? sayings->steps.items[0] : ""),
		.value = json_incref(sayings->merged),
		.effect = EXPLAIN_SETS,
	};
	sayings_place(sayings, scope, &layer->place);
}

/* The last key, and what it is in from an object on that replaces what was there. */
static char *
key_text(const struct strs *keys)
{
	size_t		 first = 0;
	struct buf	 text = { 0 };

	while (first + 1 < keys->count && (*keys->items[first] != '!' || key_name(keys->items[first]) == keys->items[first]))
		first++;
	for (size_t i = first; i < keys->count; i++)
		buf_addf(&text, "%s%s", i > first ? "." : "", keys->items[i]);
	return buf_take(&text);
}

static void
add_layers(struct explain *explain, const struct sayings *sayings, const struct scope *scope)
{
	explain->layers = xcalloc(sayings->count + 1, sizeof(*explain->layers));
	for (size_t i = 0; i < sayings->count; i++) {
		const struct saying	*saying = &sayings->items[i];
		struct explain_layer	*layer = &explain->layers[explain->layer_count++];

		layer->title = source_title(scope->config, scope, saying->source);
		layer->key = key_text(&saying->keys);
		layer->value = json_incref(saying->value);
		layer->effect = saying->effect;
		layer->overridden = saying->overridden;
		if (i == sayings->origin)
			sayings_place(sayings, scope, &layer->place);
		else
			saying_place(saying, &layer->place);
	}
	explain->merged = sayings_merged(sayings);
	explain->origin = sayings->origin;
	explain->reason = sayings_reason(sayings, scope);
	if (sayings->origin == sayings->count && sayings->steps.count > 0) {
		add_own_layer(explain, sayings, scope);
		explain->reason = xstrdup(strcmp(explain->layers[explain->origin].key, "name") == 0 ?
		    "the name of a node is that of its file" : "no layer says anything else");
	}
}

struct err *
explain_property(struct explain **out, struct scope *scope, const char *property, unsigned depth)
{
	struct explainer	 explainer = { .config = scope->config };
	struct explain		*explain = xcalloc(1, sizeof(*explain));
	struct sayings		 sayings;
	struct err		*e = NULL;

	explainer.expanded = json_object();
	explain_value(&explainer, &explain->fact, scope, property, depth);
	json_decref(explainer.expanded);
	if (explain->fact.value == NULL && explain->fact.error == NULL) {
		e = scope_missing(scope, scope_root(scope), "", property);
	} else if (sayings_find(&sayings, scope, property)) {
		add_layers(explain, &sayings, scope);
		sayings_fini(&sayings);
	}
	if (e != NULL) {
		explain_free(explain);
		explain = NULL;
	}
	*out = explain;
	return e;
}

static void
fact_fini(struct explain_fact *fact)
{
	for (size_t i = 0; i < fact->fact_count; i++)
		fact_fini(&fact->facts[i]);
	free(fact->facts);
	free(fact->owner);
	free(fact->name);
	free(fact->macro);
	json_decref(fact->value);
	json_decref(fact->filter);
	err_free(fact->error);
}

void
explain_free(struct explain *explain)
{
	if (explain == NULL)
		return;
	for (size_t i = 0; i < explain->layer_count; i++) {
		free(explain->layers[i].title);
		free(explain->layers[i].key);
		json_decref(explain->layers[i].value);
	}
	free(explain->layers);
	free(explain->reason);
	fact_fini(&explain->fact);
	free(explain);
}

static bool
is_flat(const json_t *array)
{
	json_t	*element;
	size_t	 i;

	json_array_foreach(array, i, element) {
		if (json_is_object(element) || json_is_array(element))
			return false;
	}
	return true;
}

static void	 add_leaves(struct strs *out, struct scope *scope, json_t *value, const char *path);

static void
add_leaf(struct strs *out, struct scope *scope, json_t *value, const char *path, const char *step)
{
	char *below = xasprintf("%s%s%s", path, *path == '\0' ? "" : ".", step);

	add_leaves(out, scope, value, below);
	free(below);
}

static void
add_members(struct strs *out, struct scope *scope, json_t *object, const char *path)
{
	struct strs	 keys = { 0 };
	const char	*key;
	json_t		*child;

	json_object_foreach(object, key, child) {
		strs_add(&keys, key);
	}
	strs_sort(&keys);
	for (size_t i = 0; i < keys.count; i++)
		add_leaf(out, scope, json_object_get(object, keys.items[i]), path, keys.items[i]);
	strs_fini(&keys);
}

/* A macro in it that fails is a leaf, whose explanation says why. */
static void
add_leaves(struct strs *out, struct scope *scope, json_t *value, const char *path)
{
	struct err	*e = json_is_array(value) ? scope_deep(scope, value, &value) : scope_value(scope, value, &value);
	char		 number[24];

	if (e != NULL) {
		err_free(e);
		strs_add(out, path);
	} else if (json_is_object(value) && json_object_size(value) > 0) {
		add_members(out, scope, value, path);
	} else if (json_is_array(value) && !is_flat(value)) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			snprintf(number, sizeof(number), "%zu", i + 1);
			add_leaf(out, scope, json_array_get(value, i), path, number);
		}
	} else
		strs_add(out, path);
}

struct err *
explain_leaves(struct strs *out, struct scope *scope, const char *property)
{
	json_t		*value;
	struct err	*e = scope_find(scope, scope_root(scope), property, &value);

	if (e != NULL)
		return e;
	if (value == NULL)
		return scope_missing(scope, scope_root(scope), "", property);
	add_leaves(out, scope, value, property);
	return NULL;
}
