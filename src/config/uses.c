/* config: where secrets go. */
/* May know lua, vault, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/uses.h"

#include "base/json.h"
#include "config/trace.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>

/* A macro that ran, and those that read what it gave. */
struct macro {
	struct scope			*scope;
	const char			*path;
	const struct trace_reads	*reads;
	size_t				*readers, reader_count;
	bool				 reached;
};

struct macros {
	struct macro	*items;		/* by scope, then by path */
	size_t		 count;
};

static int
compare(const struct scope *scope, const char *path, const struct macro *macro)
{
	if (scope != macro->scope)
		return (uintptr_t)scope < (uintptr_t)macro->scope ? -1 : 1;
	return strcmp(path, macro->path);
}

static int
macro_compare(const void *a, const void *b)
{
	const struct macro *macro = a;

	return compare(macro->scope, macro->path, b);
}

static void
collect(struct macros *macros, const struct config *config)
{
	struct macro macro = { 0 };

	while (trace_macro(config, macros->count, &macro.scope, &macro.path, &macro.reads)) {
		macros->items = xrealloc(macros->items, macros->count + 1, sizeof(*macros->items));
		macros->items[macros->count++] = macro;
	}
	if (macros->count > 0)
		qsort(macros->items, macros->count, sizeof(*macros->items), macro_compare);
}

static void
macros_fini(struct macros *macros)
{
	for (size_t i = 0; i < macros->count; i++)
		free(macros->items[i].readers);
	free(macros->items);
}

/* The first one that does not come before this property. */
static size_t
lower_bound(const struct macros *macros, const struct scope *scope, const char *path)
{
	size_t low = 0, high = macros->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(scope, path, &macros->items[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
add_reader(struct macro *macro, size_t reader)
{
	macro->readers = xrealloc(macro->readers, macro->reader_count + 1, sizeof(*macro->readers));
	macro->readers[macro->reader_count++] = reader;
}

/* What `reader` read is what a macro at that property gave, at one above, or (all of it was read) at those below. */
static void
link_read(struct macros *macros, const struct trace_read *read, size_t reader)
{
	char	*path = xstrdup(read->name), *dot;
	size_t	 len = strlen(path), at;

	do {
		at = lower_bound(macros, read->scope, path);
		if (at < macros->count && compare(read->scope, path, &macros->items[at]) == 0)
			add_reader(&macros->items[at], reader);
		if ((dot = strrchr(path, '.')) != NULL)
			*dot = '\0';
	} while (dot != NULL);
	for (at = lower_bound(macros, read->scope, read->name); read->whole && at < macros->count; at++) {
		const struct macro *macro = &macros->items[at];

		if (macro->scope != read->scope || strncmp(macro->path, read->name, len) != 0)
			break;
		if (len == 0 || macro->path[len] == '.')
			add_reader(&macros->items[at], reader);
	}
	free(path);
}

/* Note the macros that ask for each secret, and who reads whom. */
static json_t *
link_all(struct macros *macros)
{
	json_t	*asked = json_object(), *list;
	char	*key;

	for (size_t i = 0; i < macros->count; i++) {
		const struct trace_reads *reads = macros->items[i].reads;

		for (size_t j = 0; j < reads->count; j++) {
			const struct trace_read *read = &reads->items[j];

			if (read->type == TRACE_PROPERTY)
				link_read(macros, read, i);
			if (read->type != TRACE_SECRET)
				continue;
			key = xasprintf("%s/%s", read->where, read->name);
			if ((list = json_object_get(asked, key)) == NULL) {
				list = json_array();
				json_object_set_new(asked, key, list);
			}
			json_array_append_new(list, json_integer((json_int_t)i));
			free(key);
		}
	}
	return asked;
}

/* Sort the properties of each node. */
static json_t *
sorted(json_t *take_nodes)
{
	const char	*node;
	json_t		*paths, *path, *result = json_object();
	struct strs	 list = { 0 };
	size_t		 i;

	json_object_foreach(take_nodes, node, paths) {
		json_array_foreach(paths, i, path)
			strs_add(&list, json_string_value(path));
		strs_sort(&list);
		json_object_set_new(result, node, json_strs(&list));
		strs_fini(&list);
		list = (struct strs){ 0 };
	}
	json_decref(take_nodes);
	return result;
}

/* Everything that the macros with these numbers lead to. */
static json_t *
follow(struct macros *macros, const json_t *from)
{
	size_t	*queue = xcalloc(macros->count, sizeof(*queue)), head = 0, tail = 0, i;
	json_t	*nodes = json_object(), *paths, *number;

	json_array_foreach(from, i, number) {
		queue[tail] = (size_t)json_integer_value(number);
		macros->items[queue[tail++]].reached = true;
	}
	for (; head < tail; head++) {
		struct macro		*macro = &macros->items[queue[head]];
		const struct node	*node = macro->scope->node;

		if (node != NULL && node->enabled) {
			if ((paths = json_object_get(nodes, node->name)) == NULL) {
				paths = json_array();
				json_object_set_new(nodes, node->name, paths);
			}
			json_array_append_new(paths, json_string(macro->path));
		}
		for (i = 0; i < macro->reader_count; i++) {
			if (!macros->items[macro->readers[i]].reached) {
				queue[tail] = macro->readers[i];
				macros->items[queue[tail++]].reached = true;
			}
		}
	}
	while (tail > 0)
		macros->items[queue[--tail]].reached = false;
	free(queue);
	return sorted(nodes);
}

json_t *
config_secret_uses(struct config *config, struct err **errors)
{
	struct problems	 problems = { 0 };
	struct macros	 macros = { 0 };
	json_t		*asked, *uses = json_object(), *from;
	const char	*key;

	trace_start(config);
	for (size_t i = 0; i < config->node_count; i++)
		scope_all(node_scope(config->nodes[i]), &problems);
	*errors = problems_take(&problems);
	collect(&macros, config);
	asked = link_all(&macros);
	if (macros.items != NULL) {		/* else nobody has asked */
		json_object_foreach(asked, key, from) {
			json_object_set_new(uses, key, follow(&macros, from));
		}
	}
	json_decref(asked);
	macros_fini(&macros);
	return uses;
}

bool
config_secret_kind(const struct config *config, const char *env, const char *name, struct secret_kind *out)
{
	char		*key = xasprintf("%s/%s", env, name);
	const json_t	*kind = json_object_get(config->secrets, key);

	free(key);
	*out = (struct secret_kind){
		.form = (enum secret_form)json_int(kind, "form", SECRET_TEXT),
		.length = (unsigned)json_int(kind, "length", 0),
		.first = (uint64_t)json_int(kind, "first", 0),
		.last = (uint64_t)json_int(kind, "last", 0),
	};
	return kind != NULL;
}
