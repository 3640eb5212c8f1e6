/* config: evaluates macros, each once, when somebody asks for it. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/json.h"
#include "base/strs.h"
#include "lua/sandbox.h"

#include <stdlib.h>
#include <string.h>

/*
 * Macros that need each other run inside each other up to this depth.  What is deeper is put off: everything
 * unwinds, what was wanted is evaluated first, and then it all begins again.  Macros have no effects, so that
 * only costs time, and only once for so many.
 */
#define EVAL_DEPTH	(SANDBOX_DEPTH - 10)

static const char functions_key;	/* its address is a key in the registry */

#define CHUNK		"macro"		/* what Lua calls a macro in messages */

struct scope *
scope_current(const struct config *config)
{
	const struct frames *running = &config->running;

	return running->count > 0 ? running->items[running->count - 1].scope : config->outside;
}

static struct frame *
frames_push(struct frames *frames, struct scope *scope, size_t index)
{
	if (frames->count == frames->cap) {
		frames->cap = frames->cap == 0 ? 16 : frames->cap * 2;
		frames->items = xrealloc(frames->items, frames->cap, sizeof(*frames->items));
	}
	frames->items[frames->count] = (struct frame){ .scope = scope, .index = index };
	return &frames->items[frames->count++];
}

/* Give an error of this macro's own its place.  Those of another property have one. */
NODISCARD
static struct err *
located(struct scope *scope, const struct item *item, struct err *take_e)
{
	struct place	 place, inner = { 0 };
	const char	*message, *rest;
	char		*path, *name = NULL;
	size_t		 len;

	if (take_e == NULL || err_place(take_e) != NULL)
		return take_e;
	path = item_path(scope, item);
	item_place(scope, item, path, &place);
	free(path);
	message = err_message(take_e);
	if ((rest = sandbox_line(message, &len, &inner.line)) != NULL)
		inner.path = name = xstrndup(message, len);
	take_e = err_rule(err_moved(take_e, &place, "%s", rest != NULL ? rest : message), "macro");
	if (rest != NULL && strcmp(name, CHUNK) != 0)
		take_e = err_note(take_e, &inner, "raised here");
	free(name);
	return take_e;
}

static struct err	*item_eval(struct scope *scope, size_t index);

/* Late macros wait for all the others of their scope. */
NODISCARD
static struct err *
eval_early(struct scope *scope)
{
	struct err *e = NULL;

	for (size_t i = 0; e == NULL && i < scope->item_count; i++) {
		if (!scope->items[i].late && scope->items[i].marker != NULL)
			e = item_eval(scope, i);
	}
	return e;
}

/* Push a macro as a function.  Nodes share texts, so that most were pushed before and are kept, by their addresses. */
NODISCARD
static struct err *
push_function(struct sandbox *sandbox, const json_t *macro)
{
	const char	*text = json_string_value(macro) + strlen("=>");	/* or "= " */
	lua_State	*L = sandbox_state(sandbox);
	struct buf	 chunk = { 0 };
	struct err	*e;

	lua_checkstack(L, 4);
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &functions_key);
	}
	if (lua_rawgetp(L, -1, macro) != LUA_TNIL) {
		lua_remove(L, -2);
		return NULL;
	}
	lua_pop(L, 1);
	if (text[strspn(text, " \t\n")] == '\0') {
		lua_pop(L, 1);
		return err_rule(err_new(ERR_CONFIG, "an empty macro"), "lua-syntax");
	}
	buf_adds(&chunk, "return ");
	buf_adds(&chunk, text);
	if ((e = sandbox_compile(sandbox, buf_text(&chunk), chunk.len, "=" CHUNK)) == NULL) {
		lua_pushvalue(L, -1);
		lua_rawsetp(L, -3, macro);
		lua_remove(L, -2);
	} else {
		lua_pop(L, 1);
	}
	buf_fini(&chunk);
	return err_rule(e, "lua-syntax");
}

struct err *
macro_compile(struct config *config, const json_t *macro)
{
	struct err *e = push_function(config->sandbox, macro);

	if (e == NULL)
		lua_pop(sandbox_state(config->sandbox), 1);
	return e;
}

/* Run the macro; *out is a new reference to what it gave. */
NODISCARD
static struct err *
item_run(struct scope *scope, const struct item *item, json_t **out)
{
	struct config	*config = scope->config;
	struct sandbox	*sandbox = config->sandbox;
	const char	*text = json_string_value(item->text);
	struct err	*e;
	lua_State	*L;

	if (json_object_size(config->wild) > 0 && json_object_get(config->wild, text) != NULL)
		return err_rule(err_new(ERR_CONFIG, "%s", json_str(config->wild, text)), "runaway");
	if ((e = push_function(sandbox, item->text)) != NULL)
		return e;
	L = sandbox_state(sandbox);
	macro_push_env(L, scope);
	if ((e = sandbox_call_apart(sandbox, 1, 1)) != NULL) {
		if (err_place(e) == NULL && strstr(err_message(e), "does not come to an end") != NULL)
			json_object_set_new(config->wild, json_string_value(item->text),
			    json_string(err_message(e)));
		return e;
	}
	e = err_rule(lua_to_json(L, -1, out), "macro-result");
	lua_pop(L, 1);
	return e;
}

/*
 * The macro has read a secret: `take_e` may quote it, so that only its own errors go (those of other properties have
 * a place), and what of the value depends on it is found by running it again.
 */
NODISCARD
static struct err *
item_tainted(struct scope *scope, const struct item *item, json_t **value, struct err *take_e)
{
	struct config	*config = scope->config;
	json_t		*other = NULL;
	struct err	*e;

	if (take_e != NULL) {
		if (err_place(take_e) != NULL || json_object_get(config->wild, json_string_value(item->text)) != NULL)
			return take_e;
		err_free(take_e);
		return err_new(ERR_CONFIG, "this macro failed after it had read a secret: its message is not shown");
	}
	config->touched = false;
	config->disguised = true;
	e = item_run(scope, item, &other);
	if (config->unwinding) {
		json_decref(*value);
		*value = NULL;
		return e;
	}
	err_free(e);
	/* One that kept the secret from the first run cannot be compared. */
	taint_compare(config, *value, config->touched ? other : NULL);
	json_decref(other);
	return NULL;
}

static void
item_done(struct item *item, json_t *take_value)
{
	/* Setting it frees the marker. */
	item->marker = NULL;
	if (item->key != NULL)
		json_object_set_new(item->holder, item->key, take_value);
	else
		json_array_set_new(item->holder, item->index, take_value);
	json_decref(item->text);
	item->text = NULL;
	item->state = ITEM_IDLE;
}

static void
item_failed(struct item *item, const struct err *e)
{
	err_free(item->error);
	item->error = err_copy(e);
	item->state = ITEM_FAILED;
}

NODISCARD
static struct err *
item_attempt(struct scope *scope, size_t index)
{
	struct config	*config = scope->config;
	struct item	*item = &scope->items[index];
	bool		 touched = config->touched, disguised = config->disguised;
	json_t		*value = NULL;
	struct err	*e;

	item->state = ITEM_RUNNING;
	frames_push(&config->running, scope, index);
	config->touched = config->disguised = false;
	if ((e = item->late ? eval_early(scope) : NULL) == NULL)
		e = item_run(scope, item, &value);
	if (config->touched && !config->unwinding)
		e = item_tainted(scope, &scope->items[index], &value, e);
	config->touched = touched;
	config->disguised = disguised;
	config->running.count--;
	if (e == NULL) {
		item_done(item, value);
	} else if (config->unwinding) {
		item->state = ITEM_WAITING;
	} else {
		e = located(scope, item, e);
		item_failed(item, e);
	}
	return e;
}

/* Where this item is on the chain; config->chain.count when it is not. */
static size_t
chain_at(const struct config *config, const struct frame *frame)
{
	const struct frames	*chain = &config->chain;
	size_t			 i;

	for (i = 0; i < chain->count; i++) {
		if (chain->items[i].scope == frame->scope && chain->items[i].index == frame->index)
			break;
	}
	return i;
}

/* What is on the chain from `at` needs itself: all that has failed.  Go on with what waited before it. */
NODISCARD
static struct err *
fail_chain(struct config *config, size_t at)
{
	const struct frames	*chain = &config->chain;
	struct frames		*waiting = &config->waiting;
	struct err		*e = cycle_error(chain->items + at, chain->count - at);

	for (size_t i = at; i < chain->count; i++)
		item_failed(&chain->items[i].scope->items[chain->items[i].index], e);
	while (waiting->count > 0 && waiting->items[waiting->count - 1].chain >= at)
		waiting->count--;
	return e;
}

/* The chain from `from` on is about to be gone again, or is done with. */
static void
cut_chain(struct config *config, size_t from)
{
	struct frames	*chain = &config->chain;
	struct item	*item;

	for (size_t i = from; i < chain->count; i++) {
		item = &chain->items[i].scope->items[chain->items[i].index];
		if (item->state == ITEM_WAITING)
			item->state = ITEM_IDLE;
	}
	chain->count = from;
}

/* Evaluate from outside of any macro: this is where what is too deep unwinds to. */
NODISCARD
static struct err *
item_drive(struct scope *scope, size_t index)
{
	struct config	*config = scope->config;
	struct frame	*top;
	struct err	*e;
	size_t		 at;

	frames_push(&config->waiting, scope, index);
	for (;;) {
		top = &config->waiting.items[config->waiting.count - 1];
		top->chain = config->chain.count;
		e = item_attempt(top->scope, top->index);
		if (!config->unwinding) {
			config->waiting.count--;
		} else {
			config->unwinding = false;
			err_free(e);
			e = NULL;
			if ((at = chain_at(config, &config->wanted)) == config->chain.count) {
				frames_push(&config->waiting, config->wanted.scope, config->wanted.index);
				continue;
			}
			e = fail_chain(config, at);
		}
		if (config->waiting.count == 0) {
			cut_chain(config, 0);
			return e;
		}
		cut_chain(config, config->waiting.items[config->waiting.count - 1].chain);
		err_free(e);		/* kept with the item, for the one that asks again now */
	}
}

/* Too deep, or a cycle that began before the last time: everything up to item_drive() gives up for now. */
NODISCARD
static struct err *
unwind(struct scope *scope, size_t index)
{
	struct config *config = scope->config;

	for (size_t i = 0; i < config->running.count; i++)
		frames_push(&config->chain, config->running.items[i].scope, config->running.items[i].index);
	config->wanted = (struct frame){ .scope = scope, .index = index };
	config->unwinding = true;
	return err_new(ERR_FAILED, "unwinding");
}

NODISCARD
static struct err *
cycle_running(struct scope *scope, size_t index)
{
	const struct frames	*running = &scope->config->running;
	size_t			 i = running->count;

	while (i > 0) {
		i--;
		if (running->items[i].scope == scope && running->items[i].index == index)
			break;
	}
	return cycle_error(running->items + i, running->count - i);
}

static struct err *
item_eval(struct scope *scope, size_t index)
{
	struct config	*config = scope->config;
	struct item	*item = &scope->items[index];
	struct err	*e;
	bool		 lenient;

	if (item->state == ITEM_FAILED)
		return err_copy(item->error);
	if (item->state == ITEM_RUNNING)
		return cycle_running(scope, index);
	if (item->state == ITEM_WAITING || config->running.count >= EVAL_DEPTH ||
	    (config->running.count > 0 && sandbox_is_deep(config->sandbox)))
		return unwind(scope, index);
	lenient = sandbox_lenient(config->sandbox, true);
	e = config->running.count == 0 ? item_drive(scope, index) : item_attempt(scope, index);
	sandbox_lenient(config->sandbox, lenient);
	return e;
}

struct err *
item_probe(struct scope *scope, size_t index)
{
	struct config	*config = scope->config;
	struct item	*item = &scope->items[index];
	enum item_state	 state = item->state;
	bool		 touched = config->touched, disguised = config->disguised;
	json_t		*value = NULL;
	struct err	*e;

	if (state == ITEM_RUNNING)
		return cycle_running(scope, index);
	item->state = ITEM_RUNNING;
	frames_push(&config->running, scope, index);
	config->disguised = false;
	if ((e = item->late ? eval_early(scope) : NULL) == NULL)
		e = item_run(scope, item, &value);
	json_decref(value);
	config->touched = touched;
	config->disguised = disguised;
	config->running.count--;
	scope->items[index].state = state;
	return e;
}

struct err *
scope_value(struct scope *scope, json_t *value, json_t **out)
{
	struct item	*item = item_of(scope, value);
	struct err	*e;

	*out = value;
	if (item == NULL)
		return NULL;
	if ((e = item_eval(scope, (size_t)(item - scope->items))) != NULL)
		return e;
	*out = item->key != NULL ? json_object_get(item->holder, item->key) :
	    json_array_get(item->holder, item->index);
	return NULL;
}

struct err *
scope_deep(struct scope *scope, json_t *value, json_t **out)
{
	struct err	*e;
	const char	*key;
	json_t		*child, *ignored;
	size_t		 i;

	if ((e = scope_value(scope, value, out)) != NULL)
		return e;
	json_object_foreach(*out, key, child) {
		if ((e = scope_deep(scope, child, &ignored)) != NULL)
			return e;
	}
	if (!json_is_array(*out))
		return NULL;
	json_array_foreach(*out, i, child) {
		if ((e = scope_deep(scope, child, &ignored)) != NULL)
			return e;
	}
	return NULL;
}

void
scope_all(struct scope *scope, struct problems *problems)
{
	scope_root(scope);
	for (int late = 0; late <= 1; late++) {
		for (size_t i = 0; i < scope->item_count; i++) {
			if (scope->items[i].marker != NULL && scope->items[i].late == late)
				problems_add(problems, item_eval(scope, i));
		}
	}
}
