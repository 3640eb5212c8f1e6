/* lua: a sandboxed interpreter that turns JSON into Lua values and back. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LUA_SANDBOX_H
#define LUA_SANDBOX_H

#include "base/mem.h"

#include <jansson.h>
#include <lua.h>
#include <stdbool.h>

/*
 * The language inside: string (without dump), table, math (without random), utf8 and assert error
 * ipairs next pairs pcall select tonumber tostring type, nothing else; lua_pushglobaltable() has them,
 * and code that is run sees what the environment it is given shows it.  A run that needs more than
 * `instructions` or a state that needs more than `memory` bytes ends in an error that no pcall() holds up.
 *
 * Whatever depends on chance elsewhere does not here: pairs() and next() go through keys in order (numbers,
 * then strings, then booleans; other keys are an error), and no address shows in a text.  Patterns that could
 * keep find, match, gmatch or gsub busy for too long on their subject are refused (see string.c).
 * Functions of C spend as many steps as they take time for; a text has at most 16 MiB.
 */
struct sandbox;

struct sandbox	*sandbox_new(size_t memory, unsigned long instructions);
void		 sandbox_free(struct sandbox *sandbox);
lua_State	*sandbox_state(struct sandbox *sandbox);	/* inside a run, the one that runs */
struct sandbox	*sandbox_of(lua_State *L);

/*
 * Push a function compiled from `text` ("t" mode only; `name` as in luaL_loadbufferx) whose _ENV is its first
 * argument.  Compiled once for equal texts.  Syntax errors carry the line: "NAME:LINE: what".
 */
NODISCARD
struct err	*sandbox_compile(struct sandbox *sandbox, const char *text, size_t len, const char *name);

/*
 * Call the function under `arguments` values on the stack, as lua_pcall().  Runs nest: an inner one spends
 * the outer one's budget.  A struct err raised with sandbox_raise() comes out as it went in when it has a place; all
 * else has none and starts with "NAME:LINE: " of the innermost function of Lua, where one runs (what needs too much
 * memory does not know).
 */
NODISCARD
struct err	*sandbox_call(struct sandbox *sandbox, int arguments, int results);

/*
 * As sandbox_call(), with a budget and a C stack limit of its own even inside another run: for values that are
 * computed once and kept, so that it does not matter who asks first.
 */
NODISCARD
struct err	*sandbox_call_apart(struct sandbox *sandbox, int arguments, int results);

/* Behind the "NAME:LINE: " that a message begins with, and these two; NULL: it begins otherwise. */
const char	*sandbox_line(const char *message, size_t *name_len, unsigned *line);

/* How many runs of sandbox_call_apart() may be inside each other. */
#define SANDBOX_DEPTH	100u

/*
 * Whether the runs that are inside each other have used so much of C's stack that no other should begin: each may take
 * some hundred KiB, which Lua limits for each by itself only.
 */
bool		 sandbox_is_deep(const struct sandbox *sandbox);

/*
 * Pop a table: what is in it, and all that it leads to, is shared by the runs to come.  One that changes a table of it,
 * or a local around a function of it, fails, and finds it as it was the next time.
 */
void		 sandbox_share(lua_State *L);

/* Raise an error in a C function called from Lua; passes through pcall() as its message. */
_Noreturn void	 sandbox_raise(lua_State *L, struct err *take_e);

/* The same, but no pcall() stops it. */
_Noreturn void	 sandbox_raise_final(lua_State *L, struct err *take_e);

/*
 * Memory beyond the limit is refused (which leaves C functions by a longjmp) only while Lua runs.  A C function
 * that must not be left so sets this and, before it returns or raises, sets back what it was.
 */
bool		 sandbox_lenient(struct sandbox *sandbox, bool lenient);

/* Spend `steps` of the running budget: for C functions whose work grows with their arguments. */
void		 sandbox_spend(lua_State *L, size_t steps);

/*
 * Push a JSON value as Lua value: arrays become list tables (see list.h), objects plain tables, null becomes
 * nil; nulls in an array are left out.
 */
void		 lua_push_json(lua_State *L, const json_t *value);

/* What a userdata is in JSON: its metatable has this as light userdata under the name LUA_JSON. */
#define LUA_JSON	"__json"
struct lua_json {
	struct err	*(*convert)(void *userdata, json_t **out);	/* a new reference */
};

/*
 * The value at `index` as JSON, a new reference.  Numbers without a fraction become integers, an empty table that is
 * no list becomes an empty array.  Fails on functions, cycles, mixed tables, NaN, invalid UTF-8, and on what is nested
 * more than 64 deep or has more than 16 MiB.  Never raises.
 */
NODISCARD
struct err	*lua_to_json(lua_State *L, int index, json_t **out);

#endif
