/* lua: the functions on tables, which cost as much as they do. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/state.h"

#include <lauxlib.h>
#include <stdbool.h>

#define MOVE_MAX	1000000		/* elements in one table.move() */
#define STEPS_MOVE	4		/* of an element */
#define STEPS_COMPARE	4		/* and of two */

static lua_Integer
least(lua_Integer a, lua_Integer b)
{
	return a < b ? a : b;
}

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

/* Whether the value at `a` belongs before that at `b`: says the function at 2, else "<". */
static bool
comes_before(lua_State *L, int a, int b)
{
	bool before;

	sandbox_spend(L, STEPS_COMPARE);
	if (lua_isnil(L, 2))
		return lua_compare(L, a, b, LUA_OPLT);
	lua_pushvalue(L, 2);
	lua_pushvalue(L, a);
	lua_pushvalue(L, b);
	lua_call(L, 2, 1);
	before = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return before;
}

/* Two sorted runs of the table at `from`, next to each other, become one in the table at `to`. */
static void
merge_runs(lua_State *L, int from, int to, lua_Integer low, lua_Integer middle, lua_Integer high)
{
	lua_Integer	 left = low, right = middle;
	bool		 take_right;

	for (lua_Integer i = low; i < high; i++) {
		take_right = left == middle;
		if (left < middle && right < high) {
			lua_rawgeti(L, from, right);
			lua_rawgeti(L, from, left);
			take_right = comes_before(L, lua_gettop(L) - 1, lua_gettop(L));
			lua_pop(L, 2);
		}
		lua_rawgeti(L, from, take_right ? right++ : left++);
		lua_rawseti(L, to, i);
	}
}

/*
 * Lua's own sort chooses by chance at times, and then equal elements change places from run to run.  This one leaves
 * them in their order, whatever the function says, and the table as it is when the function fails.
 */
static int
stable_sort(lua_State *L)
{
	lua_Integer	 count;
	int		 from = 3, to = 4;

	luaL_checktype(L, 1, LUA_TTABLE);
	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	count = luaL_len(L, 1);
	sandbox_spend(L, (size_t)count * STEPS_MOVE);
	lua_createtable(L, (int)count, 0);
	lua_createtable(L, (int)count, 0);
	for (lua_Integer i = 1; i <= count; i++) {
		lua_geti(L, 1, i);
		lua_rawseti(L, from, i);
	}
	for (lua_Integer width = 1; width < count; width *= 2) {
		for (lua_Integer low = 1; low <= count; low += 2 * width)
			merge_runs(L, from, to, low, least(low + width, count + 1), least(low + 2 * width, count + 1));
		from = to;
		to = from == 3 ? 4 : 3;
	}
	for (lua_Integer i = 1; i <= count; i++) {
		lua_rawgeti(L, from, i);
		lua_seti(L, 1, i);
	}
	return 0;
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
	sandbox_wrap(L, "table", "sort", stable_sort);
	sandbox_wrap(L, "table", "unpack", safe_unpack);
}
