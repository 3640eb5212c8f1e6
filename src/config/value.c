/* config: the values of nodes, for the rooms above. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include <string.h>

/* The value of a property with all below it; *out is NULL when it is missing. */
NODISCARD
static struct err *
evaluate(struct scope *scope, const char *property, json_t **out)
{
	struct err *e = scope_find(scope, scope_root(scope), property, out);

	if (e != NULL || *out == NULL)
		return e;
	if ((e = scope_deep(scope, *out, out)) == NULL && has_required(*out))
		e = scope_required(scope);
	return e;
}

struct err *
node_get(struct node *node, const char *property, json_t **out)
{
	struct scope	*scope = node_scope(node);
	struct err	*e = evaluate(scope, property, out);

	if (e != NULL)
		return e;
	if (*out == NULL)
		return scope_missing(scope, scope_root(scope), "", property);
	if (json_is_null(*out))
		*out = NULL;
	return NULL;
}

struct err *
node_find(struct node *node, const char *property, json_t **out)
{
	struct err *e = evaluate(node_scope(node), property, out);

	if (e != NULL || json_is_null(*out))
		*out = NULL;
	return e;
}

NODISCARD
static struct err *
wrong_type(struct node *node, const char *property, const json_t *value, const char *wanted)
{
	struct place place;

	if (!node_place(node, property, &place))
		place = (struct place){ .path = node_scope(node)->own->path };
	return err_at(ERR_CONFIG, &place, "\"%s\" of node %s must be %s, not %s", property, node->name, wanted,
	    type_name(value));
}

struct err *
node_text(struct node *node, const char *property, const char **out)
{
	json_t		*value;
	struct err	*e = evaluate(node_scope(node), property, &value);

	*out = NULL;
	if (e != NULL || value == NULL || json_is_null(value))
		return e;
	if (!json_is_string(value))
		return wrong_type(node, property, value, "a text");
	*out = json_string_value(value);
	return NULL;
}

struct err *
node_number(struct node *node, const char *property, long fallback, long *out)
{
	json_t		*value;
	struct err	*e = evaluate(node_scope(node), property, &value);

	*out = fallback;
	if (e != NULL || value == NULL || json_is_null(value))
		return e;
	if (!json_is_integer(value))
		return wrong_type(node, property, value, "a whole number");
	*out = (long)json_integer_value(value);
	return NULL;
}

struct err *
config_provider(struct config *config, const char *environment, json_t **out)
{
	return evaluate(config_scope(config, NULL, environment), "", out);
}

bool
node_place(struct node *node, const char *property, struct place *place)
{
	return scope_place(node_scope(node), property, NULL, place);
}
