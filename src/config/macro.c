/* config: the environment that macros run in, and the files in macros/. */
/* May know lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/lua_env.h"
#include "config/state.h"

#include "base/json.h"
#include "base/strs.h"
#include "config/trace.h"
#include "lua/list.h"
#include "lua/sandbox.h"
#include "repo/repo.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENVIRONMENT	"leap.environment"	/* metatables */
#define LIBRARY		"leap.library"

static const char library_key;	/* its address is a key in the registry */

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

/* What only a node has, wanted by a file in macros/ while it is read. */
static struct err *
not_yet(const char *name)
{
	return err_rule(err_hint(err_new(ERR_CONFIG, "\"%s\" belongs to a node, and there is none while macros are read", name),
	    "use it inside a function"), "unknown-name");
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
	if (scope == NULL && builtin_has(name))
		sandbox_raise(L, not_yet(name));
	sandbox_raise(L, unknown_name(L, scope, name));
}

/* Whether the language or this program has given the name a meaning. */
static bool
is_taken(lua_State *L, const char *name)
{
	bool lenient = sandbox_lenient(sandbox_of(L), true);
	bool taken = builtin_has(name) || lua_getglobal(L, name) != LUA_TNIL;

	lua_settop(L, 3);
	sandbox_lenient(sandbox_of(L), lenient);
	return taken;
}

static int
library_newindex(lua_State *L)
{
	struct config	*config = *(struct config **)luaL_checkudata(L, 1, LIBRARY);
	const char	*file = config->macro_file, *other;

	if (file == NULL)
		return refuse_global(L);
	if (is_taken(L, luaL_checkstring(L, 2)))
		return luaL_error(L, "\"%s\" has a meaning already, which cannot be changed", lua_tostring(L, 2));
	/* The instance may replace what the platform has. */
	other = json_str(config->macro_files, lua_tostring(L, 2));
	if (other != NULL && strcmp(other, file) != 0 && str_starts(other, "platform/") == str_starts(file, "platform/"))
		return luaL_error(L, "\"%s\" is defined in %s, too", lua_tostring(L, 2), other);
	json_object_set_new(config->macro_files, lua_tostring(L, 2), json_string(file));
	lua_rawgetp(L, LUA_REGISTRYINDEX, &library_key);
	lua_insert(L, 2);
	lua_rawset(L, 2);
	config->macros_defined++;
	return 0;
}

void
macro_setup(struct config *config)
{
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

	object_setup(L);
	macro_class(L, ENVIRONMENT, environment);
	macro_class(L, LIBRARY, library);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &library_key);
	select_setup(config);
}

/* An error as Lua says it, "NAME:LINE: what", with its place. */
NODISCARD
static struct err *
located(const char *path, const struct buf *text, struct err *take_e)
{
	const char	*message, *rest, *line = buf_text(text);
	struct place	 place = { .path = path };
	char		*quoted = NULL;
	size_t		 len;
	unsigned	 line_number;

	if (take_e == NULL || err_place(take_e) != NULL)
		return take_e;
	take_e = err_rule(take_e, "macro");
	message = err_message(take_e);
	if ((rest = sandbox_line(message, &len, &line_number)) != NULL && len == strlen(path) && str_starts(message, path)) {
		place.line = line_number;
		message = rest;
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
	config->macro_file = path;
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
	config->macro_file = NULL;
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

	for (int instance = 0; instance <= 1; instance++) {
		e = instance ? repo_list(config->repo, "macros", ".lua", &names) :
		    repo_platform_list(config->repo, "macros", ".lua", &names);
		problems_add(problems, e);
		for (size_t i = 0; i < names.count; i++)
			problems_add(problems, load_file(config, instance, names.items[i]));
		strs_fini(&names);
	}
	lua_rawgetp(L, LUA_REGISTRYINDEX, &library_key);
	sandbox_share(L);
}
