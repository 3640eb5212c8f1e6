/* lua: what many runs share, so that none of them changes it for the others. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/state.h"

#include "base/err.h"
#include "lua/list.h"

#include <lauxlib.h>

/*
 * Functions that are defined once may keep locals and tables.  One that changes them makes what it returns depend on
 * who called it before.  Lua refuses no such thing; so what is shared is remembered, and compared after each run.
 * The addresses of these are keys in the registry:
 */
static const char locals_key;	/* a list of function, number, value, name, function, number, value, name… */
static const char tables_key;	/* and one of table, copy, name, table, copy, name… */

/* Elements of those lists that belong together; how many there are stands in struct sandbox. */
enum { FUNCTION = 1, NUMBER, KEPT, LOCAL_NAME, LOCAL = LOCAL_NAME };
enum { ORIGINAL = 1, COPY, TABLE_NAME, TABLE = TABLE_NAME };

/* What the functions below have on the stack. */
enum { ROOT = 1, SEEN, PENDING, LOCALS, TABLES, NAME, VALUE };

static void
append(lua_State *L, int list)
{
	lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

/* Pop the value on top, which `name` leads to; it is to be looked into, once, if there is something in it. */
static void
await(lua_State *L, const char *name)
{
	bool known;

	lua_pushvalue(L, -1);
	known = lua_rawget(L, SEEN) != LUA_TNIL;
	lua_pop(L, 1);
	if (known || !(lua_istable(L, -1) || (lua_isfunction(L, -1) && !lua_iscfunction(L, -1)))) {
		lua_pop(L, 1);
		return;
	}
	lua_pushvalue(L, -1);
	lua_pushboolean(L, true);
	lua_rawset(L, SEEN);
	append(L, PENDING);
	lua_pushstring(L, name);
	append(L, PENDING);
}

static void
remember_table(lua_State *L)
{
	lua_Integer	 at = (lua_Integer)sandbox_of(L)->shared_tables++ * TABLE;
	int		 copy = VALUE + 1;

	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, VALUE) != 0;) {
		lua_pushvalue(L, -2);
		lua_pushvalue(L, -2);
		lua_rawset(L, copy);
		await(L, lua_tostring(L, NAME));
	}
	lua_rawseti(L, TABLES, at + COPY);
	lua_rawseti(L, TABLES, at + ORIGINAL);
	lua_rawseti(L, TABLES, at + TABLE_NAME);
}

/* The local number `i`, called `name`, around the function; its value is on top. */
static void
remember_local(lua_State *L, int i, const char *name)
{
	lua_Integer at = (lua_Integer)sandbox_of(L)->shared_locals++ * LOCAL;

	lua_pushvalue(L, VALUE);
	lua_rawseti(L, LOCALS, at + FUNCTION);
	lua_pushinteger(L, i);
	lua_rawseti(L, LOCALS, at + NUMBER);
	lua_pushvalue(L, -1);
	lua_rawseti(L, LOCALS, at + KEPT);
	lua_pushstring(L, name);
	lua_rawseti(L, LOCALS, at + LOCAL_NAME);
	await(L, name);
}

/* Several functions may be around the same local. */
static void
remember_locals(lua_State *L)
{
	const char	*name;
	void		*id;
	bool		 known;

	for (int i = 1; (name = lua_getupvalue(L, VALUE, i)) != NULL; i++) {
		id = lua_upvalueid(L, VALUE, i);
		known = lua_rawgetp(L, SEEN, id) != LUA_TNIL;
		lua_pop(L, 1);
		if (known) {
			lua_pop(L, 1);
			continue;
		}
		lua_pushboolean(L, true);
		lua_rawsetp(L, SEEN, id);
		remember_local(L, i, name);
	}
}

/* The table at ROOT is not among what is remembered, what is in it is. */
static int
remember_all(lua_State *L)
{
	for (int i = SEEN; i <= TABLES; i++)
		lua_newtable(L);
	/* In order, since what is in several places has its name from the first. */
	list_keys(L, ROOT);
	for (lua_Integer i = 1; lua_rawgeti(L, NAME, i) != LUA_TNIL; i++) {
		lua_pushvalue(L, -1);
		lua_rawget(L, ROOT);
		await(L, lua_type(L, VALUE) == LUA_TSTRING ? lua_tostring(L, VALUE) : "?");
		lua_settop(L, NAME);
	}
	lua_settop(L, TABLES);
	for (lua_Integer i = 1; lua_rawgeti(L, PENDING, i + 1) != LUA_TNIL; i += 2) {
		lua_rawgeti(L, PENDING, i);
		if (lua_istable(L, VALUE))
			remember_table(L);
		else
			remember_locals(L);
		lua_settop(L, TABLES);
	}
	lua_settop(L, TABLES);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &tables_key);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &locals_key);
	return 0;
}

void
sandbox_share(lua_State *L)
{
	lua_checkstack(L, 2);
	lua_pushcfunction(L, remember_all);
	lua_insert(L, -2);
	lua_call(L, 1, 0);
}

/* Equal, or both not a number. */
static bool
is_same(lua_State *L, int a, int b)
{
	return lua_rawequal(L, a, b) || (lua_type(L, a) == LUA_TNUMBER && lua_type(L, b) == LUA_TNUMBER &&
	    !lua_rawequal(L, a, a) && !lua_rawequal(L, b, b));
}

/* Whether the local that is remembered behind `at` was changed; it is set back. */
static bool
restore_local(lua_State *L, int locals, lua_Integer at)
{
	int	 top = lua_gettop(L), i;
	bool	 changed;

	lua_rawgeti(L, locals, at + FUNCTION);
	lua_rawgeti(L, locals, at + NUMBER);
	i = (int)lua_tointeger(L, -1);
	lua_getupvalue(L, top + 1, i);
	lua_rawgeti(L, locals, at + KEPT);
	if ((changed = !is_same(L, -1, -2)))
		lua_setupvalue(L, top + 1, i);
	lua_settop(L, top);
	return changed;
}

/* Make the table at `to` what that at `from` is; true when it was something else. */
static bool
restore_fields(lua_State *L, int from, int to)
{
	bool changed = false;

	for (lua_pushnil(L); lua_next(L, from) != 0; lua_pop(L, 1)) {
		lua_pushvalue(L, -2);
		lua_rawget(L, to);
		if (!is_same(L, -1, -2)) {
			changed = true;
			lua_pushvalue(L, -3);
			lua_pushvalue(L, -3);
			lua_rawset(L, to);
		}
		lua_pop(L, 1);
	}
	return changed;
}

/* Take away what the table at `from` has and that at `like` has not; true when there was something. */
static bool
remove_fields(lua_State *L, int from, int like)
{
	bool changed = false;

	for (lua_pushnil(L); lua_next(L, from) != 0; lua_pop(L, 1)) {
		lua_pushvalue(L, -2);
		if (lua_rawget(L, like) == LUA_TNIL) {
			changed = true;
			lua_pushvalue(L, -3);
			lua_pushnil(L);
			lua_rawset(L, from);
		}
		lua_pop(L, 1);
	}
	return changed;
}

static bool
restore_table(lua_State *L, int tables, lua_Integer at)
{
	int	 top = lua_gettop(L);
	bool	 changed;

	lua_rawgeti(L, tables, at + ORIGINAL);
	lua_rawgeti(L, tables, at + COPY);
	changed = remove_fields(L, top + 1, top + 2);
	changed = restore_fields(L, top + 2, top + 1) || changed;
	lua_settop(L, top);
	return changed;
}

/* The error that what is called so was changed, unless `e` is one already. */
NODISCARD
static struct err *
changed(lua_State *L, int list, lua_Integer name, struct err *take_e)
{
	if (take_e != NULL)
		return take_e;
	lua_rawgeti(L, list, name);
	take_e = err_hint(err_new(ERR_CONFIG, "changes \"%s\", which others share", lua_tostring(L, -1)),
	    "what a function keeps must stay as it is; make a new table in the function");
	lua_pop(L, 1);
	return take_e;
}

struct err *
shared_restore(lua_State *L)
{
	const struct sandbox	*sandbox = sandbox_of(L);
	struct err		*e = NULL;
	int			 top = lua_gettop(L), locals = top + 1, tables = top + 2;

	if (sandbox->shared_locals + sandbox->shared_tables == 0)
		return NULL;
	lua_checkstack(L, LUA_MINSTACK);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &locals_key);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &tables_key);
	for (lua_Integer i = 0; i < (lua_Integer)sandbox->shared_locals; i++) {
		if (restore_local(L, locals, i * LOCAL))
			e = changed(L, locals, i * LOCAL + LOCAL_NAME, e);
	}
	for (lua_Integer i = 0; i < (lua_Integer)sandbox->shared_tables; i++) {
		if (restore_table(L, tables, i * TABLE))
			e = changed(L, tables, i * TABLE + TABLE_NAME, e);
	}
	lua_settop(L, top);
	return e;
}
