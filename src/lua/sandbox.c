/* lua: runs code within limits of time and memory. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/state.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/strs.h"
#include "lua/list.h"

#include <ctype.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOOK_STEP	100		/* instructions between two looks at the budget, */
#define HOOK_STEP_LONG	10		/* or so many when there are long texts, */
#define CLOCK_STEP	10		/* and looks between two at the clock when there are none */
#define STEPS_MANY	1000		/* that a function of C spends at once: it took its time */
#define TEXT_LONG	((size_t)256 << 10)
#define GC_PAUSE	400		/* percent: how much the memory may grow between two collections of garbage */
#define BYTES_A_STEP	128		/* that much new memory costs as much as an instruction */
#define CALL_STEPS	100		/* what starting a run costs the budget it is in, */
#define RAISE_STEPS	2000		/* and an error of ours, for which names that are like another were looked for */
#define TEXT_MAX	((size_t)1 << 20)
#define MESSAGE_MAX	1000		/* bytes of an error that a program raised */
#define RUNAWAY		"runaway"		/* the rule for what hits a limit */
#define STACK_DEEP	((size_t)1 << 20)	/* of the stack of C, which may be 8 MiB */

/*
 * A backstop: a single instruction (comparing two long strings, say) may cost far more than another.
 * No program that stays within the budget of instructions comes near.
 */
#ifdef LEAP_SANITIZED
#define CPU_MAX		(10 * INT64_C(1000000000))	/* each byte is looked at there */
#else
#define CPU_MAX		(3 * INT64_C(1000000000))
#endif

static const char compiled_key;		/* its address is the key of the compiled functions in the registry */

static void	 count_hook(lua_State *L, lua_Debug *event);

/* From now on every instruction raises, so that no pcall() goes on. */
static void
budget_end(struct sandbox *sandbox)
{
	if (sandbox->budget.empty)
		return;
	sandbox->budget.empty = true;
	if (sandbox->L != NULL)
		lua_sethook(sandbox->L, count_hook, LUA_MASKCOUNT, 1);
}

static void
spend(struct sandbox *sandbox, size_t steps)
{
	struct budget *budget = &sandbox->budget;

	if (sandbox->depth == 0)
		return;
	budget->spent += steps;
	if (budget->spent > sandbox->instructions || budget->spent < steps)
		budget_end(sandbox);
}

/* The first look begins the time that a run may take. */
static void
look_at_clock(struct sandbox *sandbox)
{
	struct budget *budget = &sandbox->budget;

	if (budget->start == 0)
		budget->start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	else if (clock_ns(CLOCK_THREAD_CPUTIME_ID) - budget->start > CPU_MAX)
		budget_end(sandbox);
}

/* The line that runs: of the innermost function of Lua from `level` on. */
static bool
find_line(lua_State *L, int level, lua_Debug *out)
{
	while (lua_getstack(L, level++, out)) {
		lua_getinfo(L, "Sl", out);
		if (out->currentline > 0)
			return true;
	}
	return false;
}

/* There are no steps left: keep the line for take_error(), as the error that follows may find no memory for it. */
static void
note_line(lua_State *L)
{
	struct budget	*budget = &sandbox_of(L)->budget;
	lua_Debug	 frame;

	if (*budget->where == '\0' && find_line(L, 0, &frame))
		snprintf(budget->where, sizeof(budget->where), "%s:%d: ", frame.short_src, frame.currentline);
}

static void
raise_empty(lua_State *L)
{
	note_line(L);
	luaL_error(L, "out of steps");		/* take_error() says it in full */
}

static int
hook_step(const struct sandbox *sandbox)
{
	return sandbox->budget.empty ? 1 : sandbox->long_texts ? HOOK_STEP_LONG : HOOK_STEP;
}

static void
count_hook(lua_State *L, lua_Debug *event)
{
	struct sandbox	*sandbox = sandbox_of(L);
	struct budget	*budget = &sandbox->budget;

	(void)event;
	spend(sandbox, (size_t)lua_gethookcount(L));
	if (++budget->looks % CLOCK_STEP == 0 || sandbox->long_texts)
		look_at_clock(sandbox);
	if (budget->empty || sandbox->long_texts)
		lua_sethook(L, count_hook, LUA_MASKCOUNT, hook_step(sandbox));
	if (budget->empty)
		raise_empty(L);
}

void
sandbox_spend(lua_State *L, size_t steps)
{
	struct sandbox	*sandbox = sandbox_of(L);

	if (sandbox->depth == 0)
		return;
	spend(sandbox, steps);
	if (++sandbox->budget.looks % CLOCK_STEP == 0 || steps >= STEPS_MANY || sandbox->long_texts)
		look_at_clock(sandbox);
	if (sandbox->budget.empty)
		raise_empty(L);
}

static void *
allocate(void *context, void *mem, size_t old_size, size_t size)
{
	struct sandbox	*sandbox = context;
	void		*new;

	if (mem == NULL) {		/* old_size is a type's number then */
		if (sandbox->strict && old_size == LUA_TSTRING && size > SANDBOX_TEXT_MAX + 64) {
			sandbox->budget.long_text = true;
			return NULL;
		}
		sandbox->long_texts |= old_size == LUA_TSTRING && size > TEXT_LONG;
		old_size = 0;
	}
	if (size == 0) {
		sandbox->used -= old_size;
		return pool_resize(&sandbox->pool, mem, old_size, 0);
	}
	if (size > old_size) {
		/* With an empty budget too: a function of C that calls others stops here, no hook being called. */
		if (sandbox->strict && (sandbox->budget.empty || sandbox->used + (size - old_size) > sandbox->memory))
			return NULL;
		spend(sandbox, (size - old_size) / BYTES_A_STEP);
	}
	if ((new = pool_resize(&sandbox->pool, mem, old_size, size)) != NULL)
		sandbox->used = sandbox->used - old_size + size;
	else if (!sandbox->strict)
		xrealloc(NULL, SIZE_MAX, 1);		/* aborts */
	return new;
}

static int
raised_gc(lua_State *L)
{
	struct raised *raised = lua_touserdata(L, 1);

	err_free(raised->e);
	raised->e = NULL;
	return 0;
}

static int
panic(lua_State *L)
{
	(void)L;
	abort();	/* an error outside of a run: a fault of this program */
}

struct sandbox *
sandbox_new(size_t memory, unsigned long instructions)
{
	struct sandbox	*sandbox = xcalloc(1, sizeof(*sandbox));
	lua_State	*L;

	sandbox->memory = memory;
	sandbox->instructions = instructions;
	L = sandbox->main = sandbox->L = lua_newstate(allocate, sandbox);
	lua_atpanic(L, panic);
	lua_gc(L, LUA_GCINC, GC_PAUSE, 0, 0);
	luaL_newmetatable(L, SANDBOX_ERROR);
	lua_pushcfunction(L, raised_gc);
	lua_setfield(L, -2, "__gc");
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &compiled_key);
	list_setup(L);
	globals_setup(L);
	lua_settop(L, 0);
	return sandbox;
}

void
sandbox_free(struct sandbox *sandbox)
{
	if (sandbox == NULL)
		return;
	lua_close(sandbox->main);
	pool_fini(&sandbox->pool);
	free(sandbox);
}

lua_State *
sandbox_state(struct sandbox *sandbox)
{
	return sandbox->L;
}

struct sandbox *
sandbox_of(lua_State *L)
{
	void *sandbox;

	lua_getallocf(L, &sandbox);
	return sandbox;
}

bool
sandbox_lenient(struct sandbox *sandbox, bool lenient)
{
	bool before = !sandbox->strict;

	sandbox->strict = !lenient;
	return before;
}

static _Noreturn void
raise(lua_State *L, struct err *take_e, bool final)
{
	struct sandbox	*sandbox = sandbox_of(L);
	struct raised	*raised;
	bool		 lenient = sandbox_lenient(sandbox, true);

	spend(sandbox, RAISE_STEPS);
	if (sandbox->budget.empty)
		note_line(L);
	lua_checkstack(L, 2);
	raised = lua_newuserdatauv(L, sizeof(*raised), 0);
	*raised = (struct raised){ take_e, final };
	luaL_setmetatable(L, SANDBOX_ERROR);
	sandbox_lenient(sandbox, lenient);
	lua_error(L);
	abort();	/* lua_error() does not return, but its declaration does not say so */
}

void
sandbox_raise(lua_State *L, struct err *take_e)
{
	raise(L, take_e, false);
}

void
sandbox_raise_final(lua_State *L, struct err *take_e)
{
	raise(L, take_e, true);
}

/* The message without what is too much to be read. */
NODISCARD
static struct err *
message_error(const char *message)
{
	size_t len = strlen(message);

	if (len <= MESSAGE_MAX)
		return err_new(ERR_CONFIG, "%s", message);
	for (len = MESSAGE_MAX; len > 0 && (message[len] & 0xc0) == 0x80; len--)
		;
	return err_new(ERR_CONFIG, "%.*s…", (int)len, message);
}

static bool
is_runaway(const struct err *e)
{
	return e != NULL && err_rule_name(e) != NULL && strcmp(err_rule_name(e), RUNAWAY) == 0;
}

/* What the error on top of the stack is, as a struct err; pops it. */
NODISCARD
static struct err *
take_error(struct sandbox *sandbox, lua_State *L, int status)
{
	struct raised	*raised = luaL_testudata(L, -1, SANDBOX_ERROR);
	const char	*message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
	bool		 starved = sandbox->budget.starved || status == LUA_ERRMEM;
	bool		 ran_out = sandbox->budget.empty || sandbox->budget.long_text || starved;
	struct err	*e;

	/* A run inside this one may have said it of itself. */
	if (raised != NULL && raised->e != NULL && (!ran_out || is_runaway(raised->e))) {
		e = raised->e;
		raised->e = NULL;
	} else if (sandbox->budget.empty)
		e = err_rule(err_new(ERR_CONFIG, "%sdoes not come to an end: stopped after %lu steps",
		    sandbox->budget.where, sandbox->instructions), RUNAWAY);
	else if (sandbox->budget.long_text)
		e = err_rule(err_new(ERR_CONFIG, "makes a text of more than %zu MiB", SANDBOX_TEXT_MAX >> 20), RUNAWAY);
	else if (starved)
		e = err_rule(err_new(ERR_CONFIG, "needs more than %zu MiB of memory", sandbox->memory >> 20), RUNAWAY);
	else if (message != NULL)
		e = message_error(message);
	else
		e = err_new(ERR_CONFIG, "error() was called with %s, not with a text",
		    lua_isnil(L, -1) ? "nil" : luaL_typename(L, -1));
	lua_pop(L, 1);
	return e;
}

/* Whether what a function of C said lacks a line; error() itself was told whether to say one. */
static bool
lacks_line(lua_State *L, lua_Debug *frame)
{
	bool lacks;

	lua_getinfo(L, "Sf", frame);
	lacks = *frame->what == 'C' && lua_tocfunction(L, -1) != sandbox_of(L)->error;
	lua_pop(L, 1);
	return lacks;
}

const char *
sandbox_line(const char *message, size_t *name_len, unsigned *line)
{
	const char	*colon = strchr(message, ':');
	char		*end;

	if (colon == NULL || !isdigit((unsigned char)colon[1]))
		return NULL;
	*name_len = (size_t)(colon - message);
	*line = (unsigned)strtoul(colon + 1, &end, 10);
	return str_starts(end, ": ") ? end + 2 : NULL;
}

/* A raised error without place gets the line of the caller, if it has none. */
static void
add_line(lua_State *L, struct raised *raised)
{
	lua_Debug	 frame;
	size_t		 len;
	unsigned	 line;

	if (raised->e != NULL && err_place(raised->e) == NULL &&
	    sandbox_line(err_message(raised->e), &len, &line) == NULL && find_line(L, 1, &frame))
		raised->e = err_context(raised->e, "%s:%d", frame.short_src, frame.currentline);
}

/*
 * What a function of C says that another one has called, and what overflows its stack or compares what cannot be
 * compared in it, is without a line: that of the caller is put before it.
 */
static int
say_where(lua_State *L)
{
	struct raised	*raised = luaL_testudata(L, 1, SANDBOX_ERROR);
	const char	*message = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL, *line;
	lua_Debug	 frame;

	if (sandbox_of(L)->budget.empty)
		note_line(L);
	if (raised != NULL)
		add_line(L, raised);
	if (message == NULL || !lua_getstack(L, 1, &frame) || !lacks_line(L, &frame) || !find_line(L, 1, &frame))
		return 1;
	line = lua_pushfstring(L, "%s:%d: ", frame.short_src, frame.currentline);
	if (str_starts(message, line)) {
		lua_pop(L, 1);
		return 1;
	}
	lua_insert(L, 1);
	lua_concat(L, 2);
	return 1;
}

/* A run that changed what others share fails, if it has not; `top` is what it leaves on the stack then. */
NODISCARD
static struct err *
check_shared(lua_State *L, int top, struct err *take_e)
{
	struct err *e = shared_restore(L);

	if (take_e != NULL) {
		err_free(e);
		return take_e;
	}
	if (e != NULL)
		lua_settop(L, top);
	return e;
}

/* lua_pcall() on `L`, which is the state that runs from here on. */
NODISCARD
static struct err *
call(struct sandbox *sandbox, lua_State *L, int arguments, int results)
{
	lua_State	*before = sandbox->L;
	bool		 lenient;
	struct err	*e = NULL;
	int		 status, handler;

	lua_checkstack(L, 1);
	handler = lua_gettop(L) - arguments;
	lua_pushcfunction(L, say_where);
	lua_insert(L, handler);
	if (sandbox->depth == 0)
		sandbox->stack = (uintptr_t)__builtin_frame_address(0);
	sandbox->L = L;
	sandbox->depth++;
	spend(sandbox, CALL_STEPS);
	lua_sethook(L, count_hook, LUA_MASKCOUNT, hook_step(sandbox));
	lenient = sandbox_lenient(sandbox, false);
	status = lua_pcall(L, arguments, results, handler);
	lua_remove(L, handler);
	sandbox_lenient(sandbox, true);
	if (status != LUA_OK)
		e = take_error(sandbox, L, status);
	if (sandbox->depth == 1)
		e = check_shared(L, handler - 1, e);
	if (sandbox->budget.starved || status == LUA_ERRMEM)
		lua_gc(L, LUA_GCCOLLECT);
	sandbox_lenient(sandbox, lenient);
	sandbox->depth--;
	sandbox->L = before;
	return e;
}

bool
sandbox_is_deep(const struct sandbox *sandbox)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return sandbox->depth > 0 && (here < sandbox->stack ? sandbox->stack - here : here - sandbox->stack) > STACK_DEEP;
}

struct err *
sandbox_call(struct sandbox *sandbox, int arguments, int results)
{
	if (sandbox->depth == 0)
		sandbox->budget = (struct budget){ 0 };
	return call(sandbox, sandbox->L, arguments, results);
}

/* The thread for a run inside `apart` others; made once. */
static lua_State *
take_thread(struct sandbox *sandbox)
{
	lua_State **thread = &sandbox->threads[sandbox->apart];

	if (*thread == NULL) {
		lua_checkstack(sandbox->L, 1);
		*thread = lua_newthread(sandbox->L);
		lua_rawsetp(sandbox->L, LUA_REGISTRYINDEX, *thread);
	}
	return *thread;
}

struct err *
sandbox_call_apart(struct sandbox *sandbox, int arguments, int results)
{
	struct budget	 outer = sandbox->budget;
	lua_State	*from = sandbox->L, *to = from;
	bool		 lenient = sandbox_lenient(sandbox, true);
	struct err	*e;
	int		 count;

	if (sandbox->apart == SANDBOX_DEPTH) {
		lua_pop(from, arguments + 1);
		sandbox_lenient(sandbox, lenient);
		return err_new(ERR_CONFIG, "more than %u runs inside each other", SANDBOX_DEPTH);
	}
	if (sandbox->depth > 0) {
		to = take_thread(sandbox);
		lua_checkstack(to, arguments + 1);
		lua_xmove(from, to, arguments + 1);
	}
	sandbox->budget = (struct budget){ 0 };
	sandbox->apart++;
	e = call(sandbox, to, arguments, results);
	sandbox->apart--;
	if (outer.start != 0 && sandbox->budget.start != 0)
		outer.start += clock_ns(CLOCK_THREAD_CPUTIME_ID) - sandbox->budget.start;
	sandbox->budget = outer;
	if (to != from) {
		count = lua_gettop(to);
		lua_checkstack(from, count);
		lua_xmove(to, from, count);
	}
	sandbox_lenient(sandbox, lenient);
	return e;
}

struct pieces {
	const char	*text;
	size_t		 len;
	int		 next;
};

/* The environment is the argument; it stands on the text's own first line so that lines keep their numbers. */
static const char *
read_piece(lua_State *L, void *context, size_t *len)
{
	static const char	 head[] = "local _ENV = ...; ";
	struct pieces		*pieces = context;

	(void)L;
	switch (pieces->next++) {
	case 0:
		*len = sizeof(head) - 1;
		return head;
	case 1:
		*len = pieces->len;
		return pieces->text;
	default:
		*len = 0;
		return NULL;
	}
}

NODISCARD
static struct err *
compile(lua_State *L, const char *text, size_t len, const char *name)
{
	struct pieces	 pieces = { text, len, 0 };
	struct err	*e;

	if (len > TEXT_MAX)
		return err_new(ERR_CONFIG, "%s: a program of more than 1 MiB", name + (*name == '@' || *name == '='));
	if (lua_load(L, read_piece, &pieces, name, "t") == LUA_OK)
		return NULL;
	e = err_new(ERR_CONFIG, "%s", lua_tostring(L, -1));
	lua_pop(L, 1);
	return e;
}

struct err *
sandbox_compile(struct sandbox *sandbox, const char *text, size_t len, const char *name)
{
	lua_State	*L = sandbox->L;
	bool		 lenient = sandbox_lenient(sandbox, true);
	struct err	*e = NULL;

	lua_checkstack(L, 6);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &compiled_key);
	if (lua_getfield(L, -1, name) != LUA_TTABLE) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_setfield(L, -3, name);
	}
	lua_remove(L, -2);
	lua_pushlstring(L, text, len);
	lua_pushvalue(L, -1);
	if (lua_rawget(L, -3) == LUA_TNIL) {
		lua_pop(L, 1);
		if ((e = compile(L, text, len, name)) == NULL) {
			lua_pushvalue(L, -2);
			lua_pushvalue(L, -2);
			lua_rawset(L, -5);
		}
	}
	if (e == NULL)
		lua_replace(L, -3);
	lua_pop(L, e == NULL ? 1 : 2);
	sandbox_lenient(sandbox, lenient);
	return e;
}
