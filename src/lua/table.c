/* lua: the functions on tables, which cost as much as they do. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/state.h"

#include <lauxlib.h>

#define MOVE_MAX	1000000		/* elements in one table.move() */
#define STEPS_MOVE	4		/* of an element */

/* How many elements the table at 1 has; what is none is the wrapped function's to refuse. */
static lua_Integer
length(lua_State *L)
{
	return lua_istable(L, 1) ? (lua_Integer)lua_rawlen(L, 1) : 0;
}

/* table.move() over a range of nothing takes no memory, only time. */
static int
safe_move(lua_State *L)
{
	lua_Integer	 from = luaL_checkinteger(L, 2), to = luaL_checkinteger(L, 3);

	luaL_checkinteger(L, 4);
	if (to >= from && (lua_Unsigned)to - (lua_Unsigned)from >= MOVE_MAX)
		return luaL_error(L, "table.move() of more than %d elements", MOVE_MAX);
	if (to >= from)
		sandbox_spend(L, (size_t)(to - from) * STEPS_MOVE);
	return sandbox_call_wrapped(L);
}

/* insert(t, at, x) and remove(t, at) move all behind `at`. */
static int
safe_shift(lua_State *L)
{
	lua_Integer	 count = length(L), at;
	int		 whole;

	at = lua_tointegerx(L, 2, &whole);
	if (whole && at > 0 && at < count)
		sandbox_spend(L, (size_t)(count - at) * STEPS_MOVE);
	return sandbox_call_wrapped(L);
}

/* A function that inserts at the end may be called with the new element only, which is no place. */
static int
safe_insert(lua_State *L)
{
	return lua_gettop(L) == 3 ? safe_shift(L) : sandbox_call_wrapped(L);
}

/* n log n comparisons, and as many exchanges. */
static int
safe_sort(lua_State *L)
{
	lua_Integer	 count = length(L);
	size_t		 rounds = 1;

	for (lua_Integer n = count; n > 1; n /= 2)
		rounds++;
	sandbox_spend(L, (size_t)count * rounds * STEPS_MOVE / 2);
	return sandbox_call_wrapped(L);
}

static int
safe_concat(lua_State *L)
{
	sandbox_spend(L, (size_t)length(L) * STEPS_MOVE);
	return sandbox_call_wrapped(L);
}

/* Of any range; one that is too long for the stack is refused. */
static int
safe_unpack(lua_State *L)
{
	lua_Integer	 from = luaL_optinteger(L, 2, 1);
	lua_Integer	 to = luaL_opt(L, luaL_checkinteger, 3, length(L));

	if (to > from && (lua_Unsigned)to - (lua_Unsigned)from < MOVE_MAX)
		sandbox_spend(L, (size_t)(to - from) / 2);
	return sandbox_call_wrapped(L);
}

void
table_setup(lua_State *L)
{
	sandbox_wrap(L, "table", "concat", safe_concat);
	sandbox_wrap(L, "table", "insert", safe_insert);
	sandbox_wrap(L, "table", "move", safe_move);
	sandbox_wrap(L, "table", "remove", safe_shift);
	sandbox_wrap(L, "table", "sort", safe_sort);
	sandbox_wrap(L, "table", "unpack", safe_unpack);
}
