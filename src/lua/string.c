/* lua: the functions on texts, which cost as much as they do and cannot take for ever. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/state.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#define SPECIALS	"^$*+?.([%-"	/* a pattern without them is the text itself */

/*
 * Lua's patterns backtrack, and while they do, no hook is called.  How many bytes a search looks at, at most, follows
 * from the pattern and the subject of n bytes: an item is tried in every way in which all before it can match.  The
 * start has n + 1 ways unless "^" says where (twice as many when all matches are wanted: where one was of nothing, the
 * next is looked for), "?" has 2, and "*", "+" and "-" have one more than bytes can follow each
 * other that the item matches: n in general, and the longest such run in the subject where that is looked for.
 *
 * From where the rest of a pattern cannot fail, nothing is tried twice: who comes there has found a match.  So it is
 * where all may be nothing ("%s*"), at the end or before a "$" that ".*" or ".-" can reach.  What "*" and "+" take right
 * before such a rest, they take for good, and matches do not overlap: "%s+" looks at each byte of the subject but twice.
 *
 * What could take more than this (some seconds) is refused.
 */
#define STEPS_MAX	1e9
#define RUNS_MAX	8		/* items whose runs are looked for */

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
	const char	*behind;	/* it, without what repeats it */
	const char	*end;
	double		 cost;		/* bytes that one comparison looks at */
	char		 repeat;	/* "*", "+", "-" or "?"; '\0': once */
	bool		 capture;	/* a parenthesis, which takes nothing */
};

static struct item
read_item(const char *at, const char *end, double subject)
{
	struct item	 item = { .behind = at + 1, .cost = 1, .capture = *at == '(' || *at == ')' };
	char		 class = *at == '%' && at + 1 < end ? at[1] : '\0';
	bool		 repeats = !item.capture;

	if (*at == '[') {
		item.behind = skip_set(at, end);
	} else if (class == 'b') {
		item = (struct item){ .behind = at + 4, .cost = subject };
		repeats = false;
	} else if (class == 'f' && at + 2 < end && at[2] == '[') {
		item.behind = skip_set(at + 2, end);
		repeats = false;
	} else if (class >= '0' && class <= '9') {
		item = (struct item){ .behind = at + 2, .cost = subject };
		repeats = false;
	} else if (class != '\0')
		item.behind = at + 2;
	if (item.behind > end)
		item.behind = end;
	if (item.cost < (double)(item.behind - at))
		item.cost = (double)(item.behind - at);
	item.end = item.behind;
	if (repeats && item.end < end && *item.end != '\0' && strchr("*+-?", *item.end) != NULL)
		item.repeat = *item.end++;
	return item;
}

/* What one of the functions is to do. */
struct search {
	const char	*text;
	size_t		 len;
	const char	*pattern, *end;	/* behind "^" */
	bool		 anchored;
	bool		 all;		/* all matches, not the first one only */
	double		 each;		/* what a match costs beyond finding it */
};

/* The end of a pattern. */
struct tail {
	const char	*start;		/* from here on all may be nothing, */
	bool		 dollar;	/* but for a "$" */
	const char	*dots;		/* the last ".*" or ".-", which leads there from anywhere; NULL: none */
};

static struct tail
read_tail(const struct search *search)
{
	struct tail	 tail = { .start = search->pattern };
	struct item	 item;

	for (const char *at = search->pattern; at < search->end; at = item.end) {
		item = read_item(at, search->end, 0);
		tail.dollar = *at == '$' && at + 1 == search->end;
		if (tail.dollar)
			break;
		if (*at == '.' && (item.repeat == '*' || item.repeat == '-'))
			tail.dots = at;
		if (!item.capture && (item.repeat == '\0' || item.repeat == '+'))
			tail.start = item.end;
	}
	return tail;
}

/* Whether what begins at `at` matches wherever it is tried. */
static bool
cannot_fail(const struct tail *tail, const char *at)
{
	return at >= tail->start && (!tail->dollar || (tail->dots != NULL && at <= tail->dots));
}

/* Which bytes match "%a", "[^x]" and the like: Lua knows. */
static void
read_class(lua_State *L, const char *class, size_t len, bool matches[256])
{
	char		 all[256];
	size_t		 others;
	const char	*other;
	int		 top = lua_gettop(L);

	for (size_t i = 0; i < sizeof(all); i++) {
		all[i] = (char)i;
		matches[i] = true;
	}
	luaL_checkstack(L, LUA_MINSTACK, "pattern");
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	luaL_getsubtable(L, -1, "string");
	lua_getfield(L, -1, "gsub");
	lua_pushlstring(L, all, sizeof(all));
	lua_pushlstring(L, class, len);
	lua_pushliteral(L, "");
	lua_call(L, 3, 1);
	other = lua_tolstring(L, -1, &others);
	for (size_t i = 0; i < others; i++)
		matches[(unsigned char)other[i]] = false;
	lua_settop(L, top);
}

/* How many bytes that the item at `at` matches follow each other in the text, at most. */
static size_t
longest_run(lua_State *L, const struct search *search, const char *at, const struct item *item)
{
	bool	 matches[256] = { false };
	size_t	 run = 0, longest = 0;

	if (*at == '.')
		return search->len;
	sandbox_spend(L, search->len / 4);
	if (*at == '%' || *at == '[')
		read_class(L, at, (size_t)(item->behind - at), matches);
	else
		matches[(unsigned char)*at] = true;
	for (size_t i = 0; i < search->len; i++) {
		run = matches[(unsigned char)search->text[i]] ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	return longest;
}

/* At most so many steps; `L` is NULL when the subject itself is not to be looked at. */
static double
most_steps(lua_State *L, const struct search *search)
{
	double		 n = (double)search->len + 1, run, steps;
	double		 starts = search->anchored ? 1 : search->all ? 2 * n : n, ways = starts;
	struct tail	 tail = read_tail(search);
	struct item	 item;
	unsigned	 looks = RUNS_MAX;

	steps = ways * search->each;
	for (const char *at = search->pattern; at < search->end; at = item.end) {
		item = read_item(at, search->end, n);
		if (cannot_fail(&tail, at))
			ways = search->all ? starts : 1;
		steps += ways * item.cost;
		if (item.repeat == '?')
			ways *= 2;
		if (item.repeat == '\0' || item.repeat == '?')
			continue;
		if (cannot_fail(&tail, item.end)) {
			steps += item.repeat == '-' ? 0 : n * item.cost;
			continue;
		}
		run = L != NULL && looks > 0 && looks-- > 0 ? (double)longest_run(L, search, at, &item) : n;
		steps += ways * item.cost * run;
		ways *= run + 1;
	}
	return steps;
}

static void
check_pattern(lua_State *L, bool anchors, bool all, double each)
{
	struct search	 search = { .all = all, .each = each };
	size_t		 len;

	search.text = luaL_checklstring(L, 1, &search.len);
	search.pattern = luaL_checklstring(L, 2, &len);
	search.end = search.pattern + len;
	search.anchored = anchors && len > 0 && *search.pattern == '^';
	search.pattern += search.anchored;
	sandbox_spend(L, (search.len + len) / 16);
	if (most_steps(NULL, &search) > STEPS_MAX && most_steps(L, &search) > STEPS_MAX)
		luaL_error(L, "this pattern could take too long on a text of %d bytes: "
		    "it has too many repetitions for so long a text", (int)search.len);
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
	check_pattern(L, true, false, 0);
	return sandbox_call_wrapped(L);
}

static int
safe_match(lua_State *L)
{
	check_pattern(L, true, false, 0);
	return sandbox_call_wrapped(L);
}

static int
safe_gmatch(lua_State *L)
{
	check_pattern(L, false, true, 0);
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
	check_pattern(L, true, true, escapes);
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
