/* lua: the functions on texts, which cost as much as they do and cannot take for ever. */
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
	return sandbox_call_wrapped(L);
}

static int
safe_match(lua_State *L)
{
	check_pattern(L, true);
	return sandbox_call_wrapped(L);
}

static int
safe_gmatch(lua_State *L)
{
	check_pattern(L, false);
	return sandbox_call_wrapped(L);
}

static int
safe_gsub(lua_State *L)
{
	check_pattern(L, true);
	luaL_checkany(L, 3);
	return sandbox_call_wrapped(L);
}

/* Repeating nothing takes no memory, only time; and the limit of memory must not depend on what is garbage now. */
static int
safe_rep(lua_State *L)
{
	struct sandbox	*sandbox = sandbox_of(L);
	size_t		 len, between = 0;
	lua_Integer	 times;
	double		 total;
	size_t		 most = sandbox->memory / 4 < SANDBOX_TEXT_MAX ? sandbox->memory / 4 : SANDBOX_TEXT_MAX;

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
	return sandbox_call_wrapped(L);
}

/* They go through the whole text at 1. */
static int
safe_whole(lua_State *L)
{
	size_t len;

	luaL_checklstring(L, 1, &len);
	sandbox_spend(L, len / 8);
	return sandbox_call_wrapped(L);
}

/* The same and slower: each character is decoded. */
static int
safe_utf8(lua_State *L)
{
	size_t len;

	luaL_checklstring(L, 1, &len);
	sandbox_spend(L, len / 2);
	return sandbox_call_wrapped(L);
}

void
string_setup(lua_State *L)
{
	static const struct {
		const char	*library, *name;
		lua_CFunction	 function;
	} functions[] = {
		{ "string", "byte", safe_whole },
		{ "string", "find", safe_find },
		{ "string", "gmatch", safe_gmatch },
		{ "string", "gsub", safe_gsub },
		{ "string", "lower", safe_whole },
		{ "string", "match", safe_match },
		{ "string", "rep", safe_rep },
		{ "string", "reverse", safe_whole },
		{ "string", "upper", safe_whole },
		{ "utf8", "codepoint", safe_utf8 },
		{ "utf8", "len", safe_utf8 },
		{ "utf8", "offset", safe_utf8 },
	};

	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		sandbox_wrap(L, functions[i].library, functions[i].name, functions[i].function);
}
