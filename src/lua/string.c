/* lua: the string functions whose work can outgrow their arguments by far, bounded. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/state.h"

#include <lauxlib.h>
#include <string.h>

/*
 * Lua's patterns backtrack, and while they do, no hook is called.  How many steps a match takes at most follows
 * from the pattern and the length of the subject n: each of "*", "+", "-" and "%b" multiplies by n, "?" by 2,
 * and trying every start (no "^") by n again.  What could take more than this (some seconds) is refused.
 */
#define STEPS_MAX	1e9

/* Behind the set that starts at `at`, "[^]...]". */
static const char *
skip_set(const char *at, const char *end)
{
	at++;
	if (at < end && *at == '^')
		at++;
	if (at < end && *at == ']')
		at++;
	while (at < end && *at != ']')
		at += *at == '%' ? 2 : 1;
	return at < end ? at + 1 : end;
}

static double
most_steps(const char *pattern, size_t len, size_t subject, bool anchors)
{
	const char	*end = pattern + len, *at = pattern;
	double		 n = (double)subject + 1, steps = n;

	if (anchors && at < end && *at == '^') {
		steps = 1;
		at++;
	}
	while (at < end) {
		switch (*at) {
		case '[':
			at = skip_set(at, end);
			continue;
		case '%':
			if (at + 1 < end && at[1] == 'b')
				steps *= n;
			at += 2;
			continue;
		case '*': case '+': case '-':
			steps *= n;
			break;
		case '?':
			steps *= 2;
			break;
		}
		at++;
	}
	return steps;
}

static void
check_pattern(lua_State *L, bool anchors)
{
	size_t		 subject, len;
	const char	*pattern;

	luaL_checklstring(L, 1, &subject);
	pattern = luaL_checklstring(L, 2, &len);
	if (most_steps(pattern, len, subject, anchors) > STEPS_MAX)
		luaL_error(L, "this pattern could take too long on a text of %d bytes: it has too many repetitions",
		    (int)subject);
	sandbox_spend(L, subject / 16);
}

/* Call the function that was wrapped with all the arguments. */
static int
call_wrapped(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	sandbox_spend(L, 0);		/* the clock may have run out meanwhile */
	return lua_gettop(L);
}

static int
safe_find(lua_State *L)
{
	size_t subject;

	if (!lua_toboolean(L, 4))
		check_pattern(L, true);
	else {
		luaL_checklstring(L, 1, &subject);
		sandbox_spend(L, subject / 16);
	}
	return call_wrapped(L);
}

static int
safe_match(lua_State *L)
{
	check_pattern(L, true);
	return call_wrapped(L);
}

static int
safe_gmatch(lua_State *L)
{
	check_pattern(L, false);
	return call_wrapped(L);
}

static int
safe_gsub(lua_State *L)
{
	check_pattern(L, true);
	luaL_checkany(L, 3);
	return call_wrapped(L);
}

/* Repeating nothing takes no memory, only time; and the limit of memory must not depend on what is garbage now. */
static int
safe_rep(lua_State *L)
{
	struct sandbox	*sandbox = sandbox_of(L);
	size_t		 len, between = 0;
	lua_Integer	 times;
	double		 total;
	size_t		 most = sandbox->memory / 4;

	luaL_checklstring(L, 1, &len);
	times = luaL_checkinteger(L, 2);
	luaL_optlstring(L, 3, "", &between);
	total = (double)(len + between) * (double)times;
	if (times <= 0 || total == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (total > (double)most)
		return luaL_error(L, "string.rep() would make a text of more than %d MiB",
		    (int)(most >> 20));
	if (total > (double)(sandbox->memory - (sandbox->used < sandbox->memory ? sandbox->used : sandbox->memory)))
		lua_gc(L, LUA_GCCOLLECT);
	return call_wrapped(L);
}

void
string_setup(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "find", safe_find },
		{ "gmatch", safe_gmatch },
		{ "gsub", safe_gsub },
		{ "match", safe_match },
		{ "rep", safe_rep },
	};

	lua_getglobal(L, "string");
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		lua_getfield(L, -1, functions[i].name);
		lua_pushcclosure(L, functions[i].func, 1);
		lua_setfield(L, -2, functions[i].name);
	}
	lua_pop(L, 1);
}
