/* config: the configuration as values of Lua. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "config/trace.h"
#include "lua/list.h"
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define OBJECT	"leap.object"		/* a metatable */

static const char nodes_key;		/* its address is a key in the registry */

/*
 * An object in a scope's tree; what is in it is evaluated when it is asked for.  Its user value is a table with what was
 * asked for once, of what does not change: scalars and objects.
 */
struct object {
	struct scope	*scope;
	json_t		*value;		/* lives as long as the scope */
	char		 path[];
};

void
macro_raise(lua_State *L, struct config *config, struct err *take_e)
{
	if (config->unwinding || err_place(take_e) != NULL)
		sandbox_raise_final(L, take_e);
	sandbox_raise(L, take_e);
}

void
macro_push_object(lua_State *L, struct scope *scope, json_t *object, const char *path)
{
	size_t		 size = strlen(path) + 1;
	struct object	*value;

	luaL_checkstack(L, 4, "object");
	value = lua_newuserdatauv(L, sizeof(*value) + size, 1);
	value->scope = scope;
	value->value = object;
	memcpy(value->path, path, size);
	luaL_setmetatable(L, OBJECT);
}

/* Push "path.key"; returns it, Lua's. */
static const char *
push_path(lua_State *L, const char *path, const char *key)
{
	if (*path == '\0')
		return lua_pushstring(L, key);
	return lua_pushfstring(L, "%s.%s", path, key);
}

static void
trace_below(lua_State *L, struct scope *scope, const char *path, const char *key)
{
	if (scope->config->trace == NULL)
		return;
	trace_property(scope, push_path(L, path, key));
	lua_pop(L, 1);
}

static void	 push_below(lua_State *L, struct scope *scope, json_t *value, const char *path, const char *key);

static void
push_array(lua_State *L, struct scope *scope, json_t *array, const char *path)
{
	json_t		*element;
	size_t		 i;
	lua_Integer	 next = 1;
	char		 number[24];

	list_new(L, (int)json_array_size(array));
	json_array_foreach(array, i, element) {
		snprintf(number, sizeof(number), "%zu", i + 1);
		if (json_is_object(element) || json_is_array(element))
			trace_below(L, scope, path, number);
		push_below(L, scope, element, path, number);
		if (lua_isnil(L, -1))
			lua_pop(L, 1);
		else
			lua_rawseti(L, -2, next++);
	}
}

/* Push the value of a tree. */
static void
push_value(lua_State *L, struct scope *scope, json_t *value, const char *path)
{
	if (json_is_object(value))
		macro_push_object(L, scope, value, path);
	else if (json_is_array(value))
		push_array(L, scope, value, path);
	else
		lua_push_json(L, value);
}

/* The value that is evaluated and may be read. */
static json_t *
read_value(lua_State *L, struct scope *scope, json_t *value)
{
	struct err *e;

	if ((e = scope_value(scope, value, &value)) == NULL && is_required(value))
		e = scope_required(scope);
	if (e != NULL)
		macro_raise(L, scope->config, e);
	return taint_read(scope->config, value);
}

void
macro_push_value(lua_State *L, struct scope *scope, json_t *value, const char *path)
{
	luaL_checkstack(L, 6, "value");
	trace_property(scope, path);
	push_value(L, scope, read_value(L, scope, value), path);
}

/* The same at "path.key", which only objects and arrays have to know. */
static void
push_below(lua_State *L, struct scope *scope, json_t *value, const char *path, const char *key)
{
	luaL_checkstack(L, 6, "value");
	value = read_value(L, scope, value);
	if (!json_is_object(value) && !json_is_array(value)) {
		lua_push_json(L, value);
		return;
	}
	push_value(L, scope, value, push_path(L, path, key));
	lua_remove(L, -2);
}

void
macro_push_node(lua_State *L, struct node *node)
{
	struct scope *scope = node_scope(node);

	luaL_checkstack(L, 4, "node");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &nodes_key);
	if (lua_rawgetp(L, -1, node) == LUA_TNIL) {
		lua_pop(L, 1);
		macro_push_object(L, scope, scope_root(scope), "");
		lua_pushvalue(L, -1);
		lua_rawsetp(L, -3, node);
	}
	lua_remove(L, -2);
}

struct node *
macro_to_node(lua_State *L, int index)
{
	const struct object *object = luaL_testudata(L, index, OBJECT);

	return object != NULL && *object->path == '\0' ? object->scope->node : NULL;
}

/* The value at a dotted path, or NULL. */
static json_t *
find(lua_State *L, const struct object *object, const char *path)
{
	json_t		*value;
	struct err	*e = scope_find(object->scope, object->value, path, &value);

	if (e != NULL)
		macro_raise(L, object->scope->config, e);
	return value;
}

/* node:get("a.b", default) */
static int
object_get(lua_State *L)
{
	struct object	*object = luaL_checkudata(L, 1, OBJECT);
	const char	*path = luaL_checkstring(L, 2);
	json_t		*value = find(L, object, path);

	lua_settop(L, 3);
	if (value != NULL && !json_is_null(value)) {
		trace_below(L, object->scope, object->path, path);
		push_below(L, object->scope, value, object->path, path);
	}
	return 1;
}

/* Push what is kept under the key at 2 for the object at 1; false: nothing, and nothing is pushed. */
static bool
recall(lua_State *L)
{
	if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE) {
		lua_pushvalue(L, 2);
		if (lua_rawget(L, -2) != LUA_TNIL)
			return true;
	}
	lua_settop(L, 2);
	return false;
}

/*
 * Keep the value on top under the key at 2: thousands of nodes may ask for it.  Lists are whoever's they are given to,
 * secrets may be others the next time, and what is traced is to be asked for each time.
 */
static void
keep(lua_State *L, const struct config *config)
{
	if (lua_istable(L, -1) || lua_isnil(L, -1) || config->touched || config->disguised ||
	    config->trace != NULL)
		return;
	if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_setiuservalue(L, 1, 1);
	}
	lua_pushvalue(L, 2);
	lua_pushvalue(L, -3);
	lua_rawset(L, -3);
	lua_pop(L, 1);
}

/* An __index: Lua calls it for objects only. */
static int
object_index(lua_State *L)
{
	struct object	*object = lua_touserdata(L, 1);
	const char	*key;
	json_t		*value;

	if (recall(L))
		return 1;
	key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_tolstring(L, 2, NULL);
	if ((value = json_object_get(object->value, key)) == NULL) {
		if (strcmp(key, "get") == 0) {
			lua_pushcfunction(L, object_get);
			return 1;
		}
		value = strchr(key, '.') == NULL ? NULL : find(L, object, key);
	}
	if (value == NULL)
		sandbox_raise(L, scope_missing(object->scope, object->value, object->path, key));
	trace_below(L, object->scope, object->path, key);
	push_below(L, object->scope, value, object->path, key);
	if (lua_type(L, 2) == LUA_TSTRING)
		keep(L, object->scope->config);
	return 1;
}

int
macro_refuse_change(lua_State *L)
{
	return luaL_error(L, "the configuration cannot be changed from Lua");
}

/* The keys in order, for pairs(). */
static int
object_keys(lua_State *L)
{
	struct object	*object = luaL_checkudata(L, 1, OBJECT);
	const char	*key;
	json_t		*value;

	trace_whole(object->scope, object->path);
	lua_createtable(L, 0, (int)json_object_size(object->value));
	json_object_foreach(object->value, key, value) {
		lua_pushboolean(L, true);
		lua_setfield(L, -2, key);
	}
	list_keys(L, -1);
	return 1;
}

static int
object_equal(lua_State *L)
{
	const struct object	*a = lua_touserdata(L, 1), *b = lua_touserdata(L, 2);
	bool			 objects;

	objects = lua_getmetatable(L, 1) && lua_getmetatable(L, 2) && lua_rawequal(L, -1, -2);
	lua_pushboolean(L, objects && a->scope == b->scope && a->value == b->value);
	return 1;
}

static int
object_text(lua_State *L)
{
	struct object *object = luaL_checkudata(L, 1, OBJECT);

	if (object->scope->node != NULL && *object->path == '\0')
		lua_pushstring(L, object->scope->node->name);
	else
		lua_pushliteral(L, "table");
	return 1;
}

struct err *
macro_no_value(const char *what)
{
	return err_hint(err_new(ERR_CONFIG, "the result is or has %s, which is no value", what),
	    "take what you need of it: node.name, list:names(), list:field(\"ip_address\")");
}

static struct err *
object_json(void *userdata, json_t **out)
{
	struct object	*object = userdata;
	struct err	*e;

	/* A recipe may want it all; a property of a node that has whole nodes is a slip. */
	if (object->scope->node != NULL && *object->path == '\0' && object->scope->config->running.count > 0)
		return macro_no_value("a node");
	e = scope_deep(object->scope, object->value, out);
	trace_whole(object->scope, object->path);
	if (e == NULL)
		json_incref(*out);
	return e;
}

static const struct lua_json object_class = { object_json };

void
macro_class(lua_State *L, const char *name, const luaL_Reg *functions)
{
	luaL_newmetatable(L, name);
	luaL_setfuncs(L, functions, 0);
	lua_pushliteral(L, "table");
	lua_setfield(L, -2, "__type");
	lua_pushliteral(L, "table");
	lua_setfield(L, -2, "__name");
	lua_pop(L, 1);
}

void
object_setup(lua_State *L)
{
	static const luaL_Reg object[] = {
		{ "__index", object_index },
		{ "__newindex", macro_refuse_change },
		{ "__keys", object_keys },
		{ "__eq", object_equal },
		{ "__tostring", object_text },
		{ LIST_EXCLUDED, select_check_excluded },
		{ NULL, NULL },
	};

	macro_class(L, OBJECT, object);
	luaL_getmetatable(L, OBJECT);
	lua_pushlightuserdata(L, (void *)(uintptr_t)&object_class);
	lua_setfield(L, -2, LUA_JSON);
	lua_pop(L, 1);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &nodes_key);
}
