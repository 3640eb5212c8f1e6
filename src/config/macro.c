/* config: the configuration as values of Lua, and the environment that macros run in. */
/* May know lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/lua_env.h"
#include "config/state.h"

#include "base/strs.h"
#include "config/trace.h"
#include "lua/list.h"
#include "lua/sandbox.h"
#include "repo/repo.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT		"leap.object"	/* metatables */
#define ENVIRONMENT	"leap.environment"
#define LIBRARY		"leap.library"

static const char nodes_key, library_key;	/* their addresses are keys in the registry */

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

static struct err *
object_json(void *userdata, json_t **out)
{
	struct object	*object = userdata;
	struct err	*e = scope_deep(object->scope, object->value, out);

	trace_whole(object->scope, object->path);
	if (e == NULL)
		json_incref(*out);
	return e;
}

static const struct lua_json object_class = { object_json };

static struct scope *
environment_scope(lua_State *L)
{
	return *(struct scope **)luaL_checkudata(L, 1, ENVIRONMENT);
}

/* Push what the files in macros/ define, or the language has; false: neither. */
static bool
push_common(lua_State *L, const char *name)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &library_key);
	lua_getfield(L, -1, name);
	lua_remove(L, -2);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_getglobal(L, name);
	}
	if (!lua_isnil(L, -1))
		return true;
	lua_pop(L, 1);
	return false;
}

/* Push what a bare name means in the scope; false: nothing, and nothing is pushed. */
static bool
push_name(lua_State *L, struct scope *scope, const char *name)
{
	json_t *value = json_object_get(scope_root(scope), name);

	luaL_checkstack(L, 6, "name");
	/* A node's services are its list, and lead to the definitions of all: see builtin.c. */
	if (strcmp(name, "services") == 0 && scope->node != NULL)
		return builtin_push(L, scope, name);
	if (value != NULL) {
		macro_push_value(L, scope, value, name);
		return true;
	}
	if (builtin_push(L, scope, name))
		return true;
	if (!push_common(L, name))
		return false;
	trace_function(L, scope->config, name);
	return true;
}

static void
add_keys(lua_State *L, struct strs *names)
{
	lua_pushnil(L);
	while (lua_next(L, -2) != 0) {
		lua_pop(L, 1);
		if (lua_type(L, -1) == LUA_TSTRING)
			strs_add(names, lua_tostring(L, -1));
	}
	lua_pop(L, 1);
}

/* The error for a bare name that nothing has; `scope` may be NULL. */
static struct err *
unknown_name(lua_State *L, struct scope *scope, const char *name)
{
	bool		 lenient = sandbox_lenient(sandbox_of(L), true);
	struct strs	 names = { 0 };
	struct err	*e = err_rule(err_new(ERR_CONFIG, "nothing is called \"%s\"", name),
	    scope != NULL && config_lost(scope->config, name) ? RULE_CONSEQUENCE : "unknown-name");
	const char	*near, *key;
	json_t		*value;

	if (scope != NULL) {
		json_object_foreach(scope_root(scope), key, value) {
			strs_add(&names, key);
		}
	}
	builtin_names(&names);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &library_key);
	add_keys(L, &names);
	lua_pushglobaltable(L);
	add_keys(L, &names);
	strs_sort(&names);
	if ((near = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	strs_fini(&names);
	sandbox_lenient(sandbox_of(L), lenient);
	return e;
}

static int
environment_index(lua_State *L)
{
	struct scope	*scope = environment_scope(L);
	const char	*name = luaL_checkstring(L, 2);

	if (!push_name(L, scope, name))
		sandbox_raise(L, unknown_name(L, scope, name));
	return 1;
}

static int
refuse_global(lua_State *L)
{
	return luaL_error(L, "a macro cannot set the global \"%s\": macros have no effects", luaL_tolstring(L, 2, NULL));
}

void
macro_push_env(lua_State *L, struct scope *scope)
{
	luaL_checkstack(L, 4, "environment");
	*(struct scope **)lua_newuserdatauv(L, sizeof(struct scope *), 0) = scope;
	luaL_setmetatable(L, ENVIRONMENT);
}

/* As environment_index(), for a table of the caller's: an unknown name is nil.  The upvalue is the scope. */
static int
outside_index(lua_State *L)
{
	struct scope *scope = lua_touserdata(L, lua_upvalueindex(1));

	scope->config->outside = scope;
	if (lua_type(L, 2) != LUA_TSTRING || !push_name(L, scope, lua_tostring(L, 2)))
		lua_pushnil(L);
	return 1;
}

void
config_push_env(struct node *node, lua_State *lua)
{
	luaL_checkstack(lua, 4, "environment");
	lua_newtable(lua);
	lua_newtable(lua);
	lua_pushlightuserdata(lua, node_scope(node));
	lua_pushcclosure(lua, outside_index, 1);
	lua_setfield(lua, -2, "__index");
	lua_setmetatable(lua, -2);
}

/* The _ENV of the files in macros/: their own globals, then the language, then what the node that is evaluated has. */
static int
library_index(lua_State *L)
{
	struct config	*config = *(struct config **)luaL_checkudata(L, 1, LIBRARY);
	struct scope	*scope = scope_current(config);
	const char	*name = luaL_checkstring(L, 2);

	if (push_common(L, name) || (scope != NULL && builtin_push(L, scope, name))) {
		trace_function(L, config, name);
		return 1;
	}
	sandbox_raise(L, unknown_name(L, scope, name));
}

/* Whether the language or this program has given the name a meaning. */
static bool
is_taken(lua_State *L, const char *name)
{
	struct strs	 names = { 0 };
	bool		 lenient = sandbox_lenient(sandbox_of(L), true), taken;

	builtin_names(&names);
	taken = strs_has(&names, name) || lua_getglobal(L, name) != LUA_TNIL;
	strs_fini(&names);
	lua_settop(L, 3);
	sandbox_lenient(sandbox_of(L), lenient);
	return taken;
}

static int
library_newindex(lua_State *L)
{
	struct config *config = *(struct config **)luaL_checkudata(L, 1, LIBRARY);

	if (!config->macros_open)
		return refuse_global(L);
	if (is_taken(L, luaL_checkstring(L, 2)))
		return luaL_error(L, "\"%s\" has a meaning already, which cannot be changed", lua_tostring(L, 2));
	lua_rawgetp(L, LUA_REGISTRYINDEX, &library_key);
	lua_insert(L, 2);
	lua_rawset(L, 2);
	config->macros_defined++;
	return 0;
}

static void
new_class(lua_State *L, const char *name, const luaL_Reg *functions)
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
macro_setup(struct config *config)
{
	static const luaL_Reg object[] = {
		{ "__index", object_index },
		{ "__newindex", macro_refuse_change },
		{ "__keys", object_keys },
		{ "__eq", object_equal },
		{ "__tostring", object_text },
		{ NULL, NULL },
	};
	static const luaL_Reg environment[] = {
		{ "__index", environment_index },
		{ "__newindex", refuse_global },
		{ NULL, NULL },
	};
	static const luaL_Reg library[] = {
		{ "__index", library_index },
		{ "__newindex", library_newindex },
		{ NULL, NULL },
	};
	lua_State *L = sandbox_state(config->sandbox);

	new_class(L, OBJECT, object);
	new_class(L, ENVIRONMENT, environment);
	new_class(L, LIBRARY, library);
	luaL_getmetatable(L, OBJECT);
	lua_pushlightuserdata(L, (void *)(uintptr_t)&object_class);
	lua_setfield(L, -2, LUA_JSON);
	lua_pop(L, 1);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &nodes_key);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &library_key);
	select_setup(config);
}

/* An error as Lua says it, "NAME:LINE: what", with its place. */
NODISCARD
static struct err *
located(const char *path, const struct buf *text, struct err *take_e)
{
	const char	*message, *line = buf_text(text);
	struct place	 place = { .path = path };
	char		*rest, *quoted = NULL;

	if (take_e == NULL || err_place(take_e) != NULL)
		return take_e;
	take_e = err_rule(take_e, "macro");
	message = err_message(take_e);
	if (str_starts(message, path) && message[strlen(path)] == ':') {
		place.line = (unsigned)strtoul(message + strlen(path) + 1, &rest, 10);
		message = str_starts(rest, ": ") ? rest + 2 : message;
	}
	for (unsigned i = 1; i < place.line && line != NULL; i++)
		line = (line = strchr(line, '\n')) != NULL ? line + 1 : NULL;
	if (place.line > 0 && line != NULL)
		place.text = quoted = xstrndup(line, strcspn(line, "\n"));
	take_e = err_moved(take_e, &place, "%s", message);
	free(quoted);
	return take_e;
}

NODISCARD
static struct err *
load_file(struct config *config, bool instance, const char *name)
{
	char		*file = xasprintf("macros/%s.lua", name);
	char		*path = instance ? xstrdup(file) : xasprintf("platform/%s", file);
	char		*chunk = xasprintf("@%s", path);
	struct place	 place = { .path = path };
	struct buf	 text = { 0 };
	struct err	*e;
	lua_State	*L = sandbox_state(config->sandbox);

	config->macros_defined = 0;
	e = instance ? repo_read(config->repo, file, &text) : repo_platform_read(config->repo, file, &text);
	if (e != NULL) {
		e = read_error(path, e);
		goto out;
	}
	e = err_rule(sandbox_compile(config->sandbox, buf_text(&text), text.len, chunk), "lua-syntax");
	if (e == NULL) {
		*(struct config **)lua_newuserdatauv(L, sizeof(struct config *), 0) = config;
		luaL_setmetatable(L, LIBRARY);
		e = sandbox_call(config->sandbox, 1, 0);
	}
	if ((e = located(path, &text, e)) != NULL)
		buf_add(&config->lost, text.data, text.len);
	else if (config->macros_defined == 0)
		problems_add(&config->warnings, err_rule(err_warning(err_hint(err_at(ERR_CONFIG, &place,
		    "it defines no macro"), "define one with \"function NAME(...) ... end\", without \"local\"")),
		    "no-macro"));
out:
	free(file);
	free(path);
	free(chunk);
	buf_fini(&text);
	return e;
}

void
macro_load(struct config *config, struct problems *problems)
{
	lua_State	*L = sandbox_state(config->sandbox);
	struct strs	 names = { 0 };
	struct err	*e;

	config->macros_open = true;
	for (int instance = 0; instance <= 1; instance++) {
		e = instance ? repo_list(config->repo, "macros", ".lua", &names) :
		    repo_platform_list(config->repo, "macros", ".lua", &names);
		problems_add(problems, e);
		for (size_t i = 0; i < names.count; i++)
			problems_add(problems, load_file(config, instance, names.items[i]));
		strs_fini(&names);
	}
	config->macros_open = false;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &library_key);
	sandbox_share(L);
}
