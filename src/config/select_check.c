/* config: whether what a filter of nodes, or a method of their lists, asks for can be. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/schemas.h"

#include "base/strs.h"
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

struct err *
no_node(const struct config *config, const char *name)
{
	struct strs	 names = { 0 };
	struct err	*e = err_rule(err_new(ERR_CONFIG, "there is no node \"%s\"", name), "unknown-node");
	const char	*near;

	for (size_t i = 0; i < config->node_count; i++)
		strs_add(&names, config->nodes[i]->name);
	if ((near = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	strs_fini(&names);
	return e;
}

/* The properties whose values are names of something. */
enum { OF_SERVICE, OF_TAG, OF_ENVIRONMENT, OF_NODE };

static const struct {
	const char *property, *what, *rule;
} names[] = {
	[OF_SERVICE] = { "services", "service", "unknown-service" },
	[OF_TAG] = { "tags", "tag", "unknown-tag" },
	[OF_ENVIRONMENT] = { "environment", "environment", "unknown-environment" },
	[OF_NODE] = { "name", "node", "unknown-node" },
};

static bool
name_known(const struct config *config, int of, const char *name)
{
	switch (of) {
	case OF_SERVICE:
		return config_service(config, name) != NULL;
	case OF_TAG:
		return config_tag(config, name) != NULL;
	case OF_ENVIRONMENT:
		return strs_has(&config->environments, name);
	default:
		return config_node(config, name) != NULL;
	}
}

NODISCARD
static struct err *
unknown(const struct config *config, int of, const char *name)
{
	const struct strs *const	 known[] = { &config->services, &config->tags, &config->environments };
	const char			*near;
	struct err			*e;

	if (of == OF_NODE)
		return no_node(config, name);
	e = err_rule(err_new(ERR_CONFIG, "there is no %s \"%s\"", names[of].what, name), names[of].rule);
	near = strs_nearest(known[of], name);
	return near == NULL ? e : err_hint(e, "did you mean \"%s\"?", near);
}

/* The value on top, which a filter wants a name to be, or a list of such values. */
static void
check_name(lua_State *L, const struct config *config, int of)
{
	const char *name;

	if (lua_istable(L, -1)) {
		luaL_checkstack(L, 2, "filter");
		for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, -1); i <= n; i++) {
			if (lua_rawgeti(L, -1, i) != LUA_TTABLE)	/* list_filter() refuses those */
				check_name(L, config, of);
			lua_pop(L, 1);
		}
		return;
	}
	if (lua_type(L, -1) != LUA_TSTRING)
		luaL_error(L, "a filter wants the name of %s %s in \"%s\"", of == OF_ENVIRONMENT ? "an" : "a",
		    names[of].what, names[of].property);
	name = lua_tostring(L, -1);
	if (!name_known(config, of, name + (*name == '!')))
		sandbox_raise(L, unknown(config, of, name + (*name == '!')));
}

/* The member that these bytes name, whatever sign its key has, or NULL. */
static const json_t *
step(const json_t *object, const char *path, size_t len)
{
	static const char	 signs[] = "+-!";
	char			*key = xasprintf("+%.*s", (int)len, path);
	const json_t		*value = json_object_get(object, key + 1);

	for (size_t i = 0; value == NULL && signs[i] != '\0'; i++) {
		*key = signs[i];
		value = json_object_get(object, key);
	}
	free(key);
	return value;
}

/* Whether a layer has the property, or something of which it may be a part once that is evaluated. */
static bool
layer_has(const json_t *object, const char *path)
{
	const json_t *value;

	if (!json_is_object(object))
		return is_macro(object) || json_is_array(object);
	for (size_t n = strcspn(path, ".");; n += 1 + strcspn(path + n + 1, ".")) {
		value = step(object, path, n);
		if (value != NULL && (path[n] == '\0' || layer_has(value, path + n + 1)))
			return true;
		if (path[n] == '\0')
			return false;
	}
}

/* Whether any file of the instance or the platform sets it. */
static bool
someone_sets(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->source_count; i++) {
		if (layer_has(config->sources[i]->root, path))
			return true;
	}
	return false;
}

/* Add what the layers have below the first `len` bytes of the path, which end in a dot or are none. */
static void
add_keys_below(const struct config *config, const char *path, size_t len, struct strs *keys)
{
	for (size_t i = 0; i < config->source_count; i++) {
		const json_t	*object = config->sources[i]->root, *value;
		const char	*key;

		for (size_t at = 0, n; at < len; at += n + 1) {
			n = strcspn(path + at, ".");
			object = step(object, path + at, n);
		}
		json_object_foreach((json_t *)(uintptr_t)object, key, value) {
			if (!strs_has(keys, key_name(key)))
				strs_add(keys, key_name(key));
		}
	}
}

/* The property that was meant, if it differs from this one in one part; the caller's, free(). */
static char *
nearest_property(const struct config *config, const char *path)
{
	struct strs	 keys = { 0 };
	const char	*near = NULL;
	char		*part = NULL, *guess = NULL;
	size_t		 start = 0, len;

	do {
		start += part == NULL ? 0 : strlen(part) + 1;
		len = strcspn(path + start, ".");
		free(part);
		part = xstrndup(path + start, len);
		strs_fini(&keys);
		add_keys_below(config, path, start, &keys);
	} while (path[start + len] == '.' && strs_has(&keys, part));
	if ((near = strs_nearest(&keys, part)) != NULL && strcmp(near, part) != 0)
		guess = xasprintf("%.*s%s%s", (int)start, path, near, path + start + len);
	free(part);
	strs_fini(&keys);
	return guess;
}

/* Where the macro that runs stands; false: none does, but perhaps a recipe. */
static bool
place_running(const struct config *config, struct place *place)
{
	const struct frame	*frame;
	const struct item	*item;
	char			*path;

	if (config->running.count == 0)
		return false;
	frame = &config->running.items[config->running.count - 1];
	item = &frame->scope->items[frame->index];
	path = item_path(frame->scope, item);
	item_place(frame->scope, item, path, place);
	free(path);
	return true;
}

void
select_check_property(struct config *config, const char *path)
{
	struct place	 place;
	struct err	*e;
	json_t		*known = json_object_get(config->filtered, path);
	char		*near;

	if (known == NULL) {
		known = json_boolean(someone_sets(config, path) || schemas_mention(config, path));
		json_object_set_new(config->filtered, path, known);
	}
	if (json_is_true(known) || !place_running(config, &place))
		return;
	e = err_at(ERR_CONFIG, &place, "no node can have a property \"%s\": no file sets it", path);
	if ((near = nearest_property(config, path)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	problems_add(&config->warnings, err_rule(err_warning(e), "unknown-property"));
	free(near);
}

void
select_check(lua_State *L, struct config *config, int filter)
{
	const char	*property;
	int		 of;

	lua_pushnil(L);
	for (; lua_next(L, filter) != 0; lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			continue;		/* list_filter() refuses those */
		property = lua_tostring(L, -2);
		for (of = 0; of < (int)ARRAY_LEN(names) && strcmp(property, names[of].property) != 0; of++)
			;
		if (of < (int)ARRAY_LEN(names))
			check_name(L, config, of);
		else
			select_check_property(config, property);
	}
}

int
select_check_excluded(lua_State *L)
{
	const struct node *node = macro_to_node(L, 1);

	if (node == NULL || macro_to_node(L, 2) != NULL)
		return 0;
	if (lua_type(L, 2) != LUA_TSTRING)
		return luaL_error(L, "exclude() wants a node, the name of one, or a list of these");
	if (config_node(node->config, lua_tostring(L, 2)) == NULL)
		sandbox_raise(L, no_node(node->config, lua_tostring(L, 2)));
	return 0;
}
