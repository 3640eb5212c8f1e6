/* lua: the functions on texts, which cost as much as they do and cannot take for ever. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/state.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#define SPECIALS	"^$*+?.([%-"	/* a pattern without them is the text itself */

/*
 * Lua's patterns backtrack, and while they do, no hook is called.  How many bytes a match looks at, at most, follows
 * from the pattern and the length of the subject n: an item is tried in every way in which all before it can match.
 * "*", "+" and "-" have n + 1 ways, "?" has 2, the start has n + 1 unless "^" says where.  What could take more than
 * this (some seconds) is refused.
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

/* One thing that a pattern is made of. */
struct item {
	const char	*end;
	double		 cost;		/* bytes that one comparison looks at */
	bool		 repeats;	/* "*" and the like may follow */
};

static struct item
read_item(const char *at, const char *end, double subject)
{
	struct item	 item = { .end = at + 1, .cost = 1, .repeats = *at != '(' && *at != ')' };
	char		 class = *at == '%' && at + 1 < end ? at[1] : '\0';

	if (*at == '[')
		item.end = skip_set(at, end);
	else if (class == 'b')
		item = (struct item){ .end = at + 4, .cost = subject };
	else if (class == 'f' && at + 2 < end && at[2] == '[')
		item = (struct item){ .end = skip_set(at + 2, end) };
	else if (class >= '0' && class <= '9')
		item = (struct item){ .end = at + 2, .cost = subject };
	else if (class != '\0')
		item.end = at + 2;
	if (item.end > end)
		item.end = end;
	if (item.cost < (double)(item.end - at))
		item.cost = (double)(item.end - at);
	return item;
}

/* `each` is what a match costs beyond finding it. */
static double
most_steps(const char *pattern, size_t len, size_t subject, bool anchors, double each)
{
	const char	*end = pattern + len, *at = pattern;
	double		 n = (double)subject + 1, ways = n, steps;
	struct item	 item;

	if (anchors && at < end && *at == '^') {
		ways = 1;
		at++;
	}
	for (steps = ways * each; at < end; at = item.end) {
		item = read_item(at, end, n);
		if (!item.repeats || item.end == end || strchr("*+-?", *item.end) == NULL || *item.end == '\0') {
			steps += ways * item.cost;
		} else if (*item.end++ == '?') {
			steps += ways * item.cost;
			ways *= 2;
		} else {
			steps += ways * item.cost * n;
			ways *= n;
		}
	}
	return steps;
}

static void
check_pattern(lua_State *L, bool anchors, double each)
{
	size_t		 subject, len;
	const char	*pattern;

	luaL_checklstring(L, 1, &subject);
	pattern = luaL_checklstring(L, 2, &len);
	if (most_steps(pattern, len, subject, anchors, each) > STEPS_MAX)
		luaL_error(L, "this pattern could take too long on a text of %d bytes: it is long or has too many repetitions",
		    (int)subject);
	sandbox_spend(L, (subject + len) / 16);
}

static bool
is_plain(const char *pattern, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (pattern[i] != '\0' && strchr(SPECIALS, pattern[i]) != NULL)
			return false;
	}
	return true;
}

/* Find a text itself, in time that grows with the length of both, not with their product as Lua's own search. */
static int
find_plain(lua_State *L)
{
	size_t		 len, wanted_len;
	const char	*text = luaL_checklstring(L, 1, &len), *wanted = luaL_checklstring(L, 2, &wanted_len), *found;
	lua_Integer	 start = luaL_optinteger(L, 3, 1);

	sandbox_spend(L, (len + wanted_len) / 16);
	if (start < 0)
		start += (lua_Integer)len + 1;
	if (start < 1)
		start = 1;
	if ((lua_Unsigned)start > len + 1 ||
	    (found = memmem(text + start - 1, len - (size_t)start + 1, wanted, wanted_len)) == NULL) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushinteger(L, found - text + 1);
	lua_pushinteger(L, found - text + (lua_Integer)wanted_len);
	return 2;
}

static int
safe_find(lua_State *L)
{
	size_t		 len;
	const char	*pattern = luaL_checklstring(L, 2, &len);

	if (lua_toboolean(L, 4) || is_plain(pattern, len))
		return find_plain(L);
	check_pattern(L, true, 0);
	return sandbox_call_wrapped(L);
}

static int
safe_match(lua_State *L)
{
	check_pattern(L, true, 0);
	return sandbox_call_wrapped(L);
}

static int
safe_gmatch(lua_State *L)
{
	check_pattern(L, false, 0);
	return sandbox_call_wrapped(L);
}

/* A replacement is gone through for each match, and what "%0" stands for may be nothing, which takes no memory. */
static int
safe_gsub(lua_State *L)
{
	size_t		 len;
	const char	*replacement;
	double		 escapes = 0;

	luaL_checkany(L, 3);
	if ((replacement = lua_tolstring(L, 3, &len)) != NULL) {
		for (size_t i = 0; i < len; i++)
			escapes += replacement[i] == '%';
	}
	check_pattern(L, true, escapes);
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

/* They go through the whole text at 1, which may be a format of string.pack(). */
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
		{ "string", "pack", safe_whole },
		{ "string", "packsize", safe_whole },
		{ "string", "rep", safe_rep },
		{ "string", "reverse", safe_whole },
		{ "string", "sub", safe_whole },
		{ "string", "unpack", safe_whole },
		{ "string", "upper", safe_whole },
		{ "utf8", "codepoint", safe_utf8 },
		{ "utf8", "len", safe_utf8 },
		{ "utf8", "offset", safe_utf8 },
	};

	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		sandbox_wrap(L, functions[i].library, functions[i].name, functions[i].function);
}
