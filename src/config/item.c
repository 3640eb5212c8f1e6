/* config: scopes, and the macros in their trees, which markers stand for until they are evaluated. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/strs.h"

#include <stdlib.h>

struct scope *
node_scope(const struct node *node)
{
	return node->state;
}

struct scope *
scope_new(struct config *config, struct node *node, const char *environment, char *take_title,
    const struct base *base)
{
	struct scope *scope = xcalloc(1, sizeof(*scope));

	scope->config = config;
	scope->node = node;
	scope->environment = environment;
	scope->title = take_title;
	scope->base = base;
	return scope;
}

void
scope_free(struct scope *scope)
{
	if (scope == NULL)
		return;
	for (size_t i = 0; i < scope->item_count; i++) {
		json_decref(scope->items[i].text);
		err_free(scope->items[i].error);
	}
	free(scope->items);
	json_decref(scope->merged);
	json_decref(scope->root);
	free(scope->title);
	free(scope);
}

bool
scope_place(const struct scope *scope, const char *path, const char *text, struct place *place)
{
	return (scope->own != NULL && source_place(scope->own, path, text, place)) ||
	    layers_place(&scope->base->layers, path, text, place);
}

struct item *
item_of(const struct scope *scope, const json_t *value)
{
	json_int_t i;

	if (!json_is_integer(value))
		return NULL;
	i = json_integer_value(value);
	if (i < 0 || (size_t)i >= scope->item_count || scope->items[i].marker != value)
		return NULL;
	return &scope->items[i];
}

bool
scope_failed(const struct scope *scope, const json_t *value)
{
	return item_of(scope, value) != NULL;
}

static json_t *
add_item(struct scope *scope, json_t *text)
{
	struct item *item;

	/* Room for 2^n. */
	if ((scope->item_count & (scope->item_count - 1)) == 0)
		scope->items = xrealloc(scope->items, scope->item_count == 0 ? 1 : scope->item_count * 2,
		    sizeof(*scope->items));
	item = &scope->items[scope->item_count];
	*item = (struct item){
		.marker = json_integer((json_int_t)scope->item_count),
		.text = json_incref(text),
		.late = str_starts(json_string_value(text), "=>"),
	};
	scope->item_count++;
	return item->marker;
}

static json_t	*own_copy(struct scope *scope, json_t *value);

static json_t *
own_object(struct scope *scope, json_t *object)
{
	json_t		*copy = NULL, *child, *own;
	struct item	*item;
	const char	*key;

	json_object_foreach(object, key, child) {
		if ((own = own_copy(scope, child)) == NULL)
			continue;
		if (copy == NULL)
			copy = json_copy(object);
		json_object_set_new(copy, key, own);
		if ((item = item_of(scope, own)) != NULL) {
			item->holder = copy;
			item->key = json_object_iter_key(json_object_iter_at(copy, key));
		}
	}
	return copy;
}

static json_t *
own_array(struct scope *scope, json_t *array)
{
	json_t		*copy = NULL, *child, *own;
	struct item	*item;
	size_t		 i;

	json_array_foreach(array, i, child) {
		if ((own = own_copy(scope, child)) == NULL)
			continue;
		if (copy == NULL)
			copy = json_copy(array);
		json_array_set_new(copy, i, own);
		if ((item = item_of(scope, own)) != NULL) {
			item->holder = copy;
			item->index = i;
		}
	}
	return copy;
}

/* A copy with markers in the place of macros, or NULL when there are none: then it can be shared. */
static json_t *
own_copy(struct scope *scope, json_t *value)
{
	if (json_is_object(value))
		return own_object(scope, value);
	if (json_is_array(value))
		return own_array(scope, value);
	return is_macro(value) ? add_item(scope, value) : NULL;
}

json_t *
scope_root(struct scope *scope)
{
	if (scope->root == NULL && (scope->root = own_copy(scope, scope->merged)) == NULL)
		scope->root = json_incref(scope->merged);
	return scope->root;
}
