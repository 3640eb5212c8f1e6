/* lua: the functions of the language, those that are safe and give the same result every time. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/state.h"

#include "base/err.h"
#include "lua/list.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#define STEPS_FORMAT	50		/* of a conversion: "%.99f" may have 400 digits */

/* As Lua's, but a limit that was hit goes through, and raised errors become their messages. */
static int
safe_pcall(lua_State *L)
{
	struct sandbox	*sandbox = sandbox_of(L);
	struct raised	*raised;
	int		 status;

	luaL_checkany(L, 1);
	status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
	if (status == LUA_ERRMEM)
		sandbox->budget.starved = true;
	if (status == LUA_OK) {
		lua_pushboolean(L, true);
		lua_insert(L, 1);
		return lua_gettop(L);
	}
	raised = luaL_testudata(L, -1, SANDBOX_ERROR);
	if (raised == NULL)
		sandbox_spend(L, 0);		/* says where, which running out of memory did not */
	if (sandbox->budget.empty || sandbox->budget.starved || (raised != NULL && raised->final))
		return lua_error(L);
	lua_pushboolean(L, false);
	if (raised != NULL)
		lua_pushstring(L, err_message(raised->e));
	else
		lua_pushvalue(L, -2);
	return 2;
}

/* Upvalues: the keys, and how many were given. */
static int
next_pair(lua_State *L)
{
	lua_Integer next = lua_tointeger(L, lua_upvalueindex(2)) + 1;

	while (lua_rawgeti(L, lua_upvalueindex(1), next) != LUA_TNIL) {
		lua_pushvalue(L, -1);
		if (lua_gettable(L, 1) != LUA_TNIL) {
			lua_pushinteger(L, next);
			lua_replace(L, lua_upvalueindex(2));
			return 2;
		}
		lua_pop(L, 2);		/* taken out since */
		next++;
	}
	return 1;
}

static int
safe_pairs(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__keys") != LUA_TNIL) {
		lua_pushvalue(L, 1);
		lua_call(L, 1, 1);
	} else {
		luaL_checktype(L, 1, LUA_TTABLE);
		list_keys(L, 1);
	}
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next_pair, 2);
	lua_pushvalue(L, 1);
	return 2;
}

/* next(t) and next(t, key), in the order of pairs(). */
static int
safe_next(lua_State *L)
{
	bool found;

	lua_settop(L, 2);
	found = lua_isnil(L, 2);
	safe_pairs(L);
	lua_pop(L, 1);
	lua_getupvalue(L, 3, 1);		/* the keys */
	for (lua_Integer i = 1; lua_rawgeti(L, 4, i) != LUA_TNIL; i++) {
		if (found) {
			lua_pushvalue(L, -1);
			lua_gettable(L, 1);
			return 2;
		}
		found = lua_rawequal(L, -1, 2);
		lua_pop(L, 1);
	}
	return 1;
}

static int
safe_type(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__type") == LUA_TNIL)
		lua_pushstring(L, luaL_typename(L, 1));
	return 1;
}

/* Push the text of the value at `index`; one that is no text is its type's name, not an address. */
static void
push_text(lua_State *L, int index)
{
	if (lua_type(L, index) < LUA_TTABLE && !lua_islightuserdata(L, index))
		luaL_tolstring(L, index, NULL);
	else if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
		lua_pushvalue(L, index);
		lua_call(L, 1, 1);
	} else if (luaL_getmetafield(L, index, "__type") == LUA_TNIL)
		lua_pushstring(L, luaL_typename(L, index));
}

static int
safe_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	push_text(L, 1);
	return 1;
}

/* string.format() without "%p", and with push_text() for what has an address. */
static int
safe_format(lua_State *L)
{
	const char	*at = luaL_checkstring(L, 1);
	int		 count = lua_gettop(L);
	size_t		 conversions = 0;

	while ((at = strchr(at, '%')) != NULL) {
		conversions++;
		at += 1 + strspn(at + 1, "-+ #0123456789.");
		if (*at == 'p')
			return luaL_error(L, "string.format() has no \"%%p\" here");
		if (*at != '\0')
			at++;
	}
	for (int i = 2; i <= count; i++) {
		if (lua_type(L, i) >= LUA_TTABLE) {
			push_text(L, i);
			lua_replace(L, i);
		}
	}
	sandbox_spend(L, conversions * STEPS_FORMAT);
	return sandbox_call_wrapped(L);
}

/* Going through the digits of a text takes as long as the text. */
static int
safe_tonumber(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TSTRING)
		sandbox_spend(L, lua_rawlen(L, 1) / 4);
	return sandbox_call_wrapped(L);
}

static int
refuse_change(lua_State *L)
{
	return luaL_error(L, "the language itself cannot be changed");
}

/* Replace `library` in the global table by an empty one that shows it and takes nothing. */
static void
freeze(lua_State *L, const char *library)
{
	lua_newtable(L);
	lua_newtable(L);
	lua_getglobal(L, library);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, refuse_change);
	lua_setfield(L, -2, "__newindex");
	lua_setmetatable(L, -2);
	lua_setglobal(L, library);
}

/* The old one is among what Lua takes for the loaded libraries, where it looks for the names that messages have. */
void
sandbox_wrap(lua_State *L, const char *library, const char *name, lua_CFunction function)
{
	lua_getglobal(L, library);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	luaL_getsubtable(L, -1, library);
	lua_getfield(L, -3, name);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, name);
	lua_pushcclosure(L, function, 1);
	lua_setfield(L, -4, name);
	lua_pop(L, 3);
}

int
sandbox_call_wrapped(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	sandbox_spend(L, 0);		/* the clock may have run out meanwhile */
	return lua_gettop(L);
}

static void
take_away(lua_State *L, const char *library, const char *name)
{
	lua_getglobal(L, library);
	lua_pushnil(L);
	lua_setfield(L, -2, name);
	lua_pop(L, 1);
}

/* Of the basic functions only these stay. */
static void
keep_basics(lua_State *L)
{
	static const char *const names[] = { "assert", "error", "ipairs", "select", "tonumber" };

	luaL_requiref(L, "_G", luaopen_base, 0);
	lua_newtable(L);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		lua_getfield(L, -2, names[i]);
		lua_setfield(L, -2, names[i]);
	}
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	lua_pop(L, 1);
}

void
globals_setup(lua_State *L)
{
	static const luaL_Reg own[] = {
		{ "next", safe_next },
		{ "pairs", safe_pairs },
		{ "pcall", safe_pcall },
		{ "tostring", safe_tostring },
		{ "type", safe_type },
		{ NULL, NULL },
	};
	static const luaL_Reg libraries[] = {
		{ "math", luaopen_math },
		{ "string", luaopen_string },
		{ "table", luaopen_table },
		{ "utf8", luaopen_utf8 },
	};

	keep_basics(L);
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++)
		luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++) {
		lua_newtable(L);
		lua_setfield(L, -2, libraries[i].name);
	}
	lua_pushglobaltable(L);
	luaL_setfuncs(L, own, 0);
	lua_getglobal(L, "error");
	sandbox_of(L)->error = lua_tocfunction(L, -1);
	lua_pop(L, 1);
	lua_getglobal(L, "tonumber");
	lua_pushcclosure(L, safe_tonumber, 1);
	lua_setglobal(L, "tonumber");
	take_away(L, "math", "random");
	take_away(L, "math", "randomseed");
	take_away(L, "string", "dump");
	sandbox_wrap(L, "string", "format", safe_format);
	string_setup(L);
	table_setup(L);
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++)
		freeze(L, libraries[i].name);
}
