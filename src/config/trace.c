/* config: remembers what macros read while they are evaluated. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/trace.h"

#include "base/json.h"
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* What one macro read. */
struct record {
	struct scope		*scope;
	char			*path;
	struct trace_reads	 reads;
	json_t			*seen;	/* a name for each read → true */
	struct strs		 names;	/* the same names, in order */
	size_t			 mark;
};

struct trace {
	struct record	**records;
	size_t		  count;
	json_t		 *index;	/* scope and path → number */
	struct frame	  frame;	/* the macro that was asked for last, */
	struct record	 *record;	/* and its record */
};

void
trace_start(struct config *config)
{
	if (config->trace != NULL)
		return;
	config->trace = xcalloc(1, sizeof(*config->trace));
	config->trace->index = json_object();
}

static void
read_fini(struct trace_read *read)
{
	free(read->name);
	free(read->where);
	json_decref(read->filter);
	json_decref(read->nodes);
}

static void
record_free(struct record *record)
{
	for (size_t i = 0; i < record->reads.count; i++)
		read_fini(&record->reads.items[i]);
	free(record->reads.items);
	json_decref(record->seen);
	strs_fini(&record->names);
	free(record->path);
	free(record);
}

void
trace_free(struct trace *trace)
{
	if (trace == NULL)
		return;
	for (size_t i = 0; i < trace->count; i++)
		record_free(trace->records[i]);
	free(trace->records);
	json_decref(trace->index);
	free(trace);
}

static char *
record_name(const struct scope *scope, const char *path)
{
	return xasprintf("%p %s", (const void *)scope, path);
}

static struct record *
record_at(struct trace *trace, struct scope *scope, const char *path)
{
	char		*name = record_name(scope, path);
	json_t		*number = json_object_get(trace->index, name);
	struct record	*record;

	if (number != NULL) {
		record = trace->records[json_integer_value(number)];
	} else {
		record = xcalloc(1, sizeof(*record));
		record->scope = scope;
		record->path = xstrdup(path);
		record->seen = json_object();
		json_object_set_new_nocheck(trace->index, name, json_integer((json_int_t)trace->count));
		trace->records = xrealloc(trace->records, trace->count + 1, sizeof(struct record *));
		trace->records[trace->count++] = record;
	}
	free(name);
	return record;
}

/* The record of the macro that runs; NULL: none does, or one runs again with other secrets, which is not to be told. */
static struct record *
record_current(struct config *config)
{
	struct trace		*trace = config->trace;
	const struct frame	*frame;
	char			*path;

	if (config->running.count == 0 || config->disguised)
		return NULL;
	frame = &config->running.items[config->running.count - 1];
	if (frame->scope != trace->frame.scope || frame->index != trace->frame.index || trace->record == NULL) {
		path = item_path(frame->scope, &frame->scope->items[frame->index]);
		trace->record = record_at(trace, frame->scope, path);
		trace->frame = *frame;
		free(path);
	}
	return trace->record;
}

const struct trace_reads *
trace_reads_of(const struct config *config, const struct scope *scope, const char *path)
{
	char	*name;
	json_t	*number;

	if (config->trace == NULL)
		return NULL;
	name = record_name(scope, path);
	number = json_object_get(config->trace->index, name);
	free(name);
	return number == NULL ? NULL : &config->trace->records[json_integer_value(number)]->reads;
}

bool
trace_macro(const struct config *config, size_t number, struct scope **scope, const char **path,
    const struct trace_reads **reads)
{
	if (config->trace == NULL || number >= config->trace->count)
		return false;
	*scope = config->trace->records[number]->scope;
	*path = config->trace->records[number]->path;
	*reads = &config->trace->records[number]->reads;
	return true;
}

/* Add it unless it is there already; `about` tells it from others of its type and name. */
static void
add(struct record *record, struct trace_read *take_read, const char *about)
{
	struct trace_reads	*reads = &record->reads;
	char			*name = xasprintf("%d %p %s %s", (int)take_read->type, (void *)take_read->scope, about,
	    take_read->name);

	if (json_object_get(record->seen, name) != NULL) {
		read_fini(take_read);
	} else {
		json_object_set_new_nocheck(record->seen, name, json_true());
		strs_add(&record->names, name);
		reads->items = xrealloc(reads->items, reads->count + 1, sizeof(*reads->items));
		reads->items[reads->count++] = *take_read;
	}
	free(name);
}

void
trace_mark(struct config *config)
{
	struct record *record = record_current(config);

	if (record != NULL)
		record->mark = record->reads.count;
}

static void
drop_last(struct record *record)
{
	read_fini(&record->reads.items[--record->reads.count]);
	json_object_del(record->seen, record->names.items[record->reads.count]);
	strs_remove(&record->names, record->reads.count);
}

void
trace_drop_last(struct scope *scope, const char *path)
{
	struct record		*record = record_current(scope->config);
	const struct trace_read	*last = record == NULL || record->reads.count == 0 ? NULL :
	    &record->reads.items[record->reads.count - 1];

	if (last != NULL && last->scope == scope && strcmp(last->name, path) == 0)
		drop_last(record);
}

void
trace_add_property(struct scope *scope, const char *path, bool whole)
{
	struct record *record = *path == '\0' && !whole ? NULL : record_current(scope->config);

	if (record != NULL)
		add(record, &(struct trace_read){ TRACE_PROPERTY, .scope = scope, .name = xstrdup(path), .whole = whole },
		    whole ? "whole" : "");
}

/* The names of the nodes in the list on top. */
static json_t *
node_names(lua_State *L)
{
	json_t *names = json_array();

	for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
		json_array_append_new(names, json_string(luaL_tolstring(L, -1, NULL)));
		lua_pop(L, 2);
	}
	lua_pop(L, 1);
	return names;
}

void
trace_add_selection(lua_State *L, struct config *config, const char *macro, int filter)
{
	struct record		*record = record_current(config);
	struct trace_read	 read = { TRACE_SELECTION, .name = xstrdup(macro) };
	struct buf		 text = { 0 };
	bool			 lenient;

	if (record == NULL) {
		read_fini(&read);
		return;
	}
	lenient = sandbox_lenient(config->sandbox, true);
	while (record->reads.count > record->mark)
		drop_last(record);
	read.nodes = node_names(L);
	if (filter != 0)
		err_free(lua_to_json(L, filter, &read.filter));		/* the selection itself has failed then */
	if (read.filter != NULL)
		json_canonical(read.filter, &text);
	add(record, &read, buf_text(&text));
	buf_fini(&text);
	sandbox_lenient(config->sandbox, lenient);
}

/* A file or secret by its name, which may be any bytes that a macro made up: only text can be told. */
static void
add_named(struct config *config, enum trace_type type, const char *name, const char *where, unsigned line)
{
	struct record	*record = record_current(config);
	json_t		*text = json_string(name);

	if (record != NULL && text != NULL)
		add(record, &(struct trace_read){ type, .name = xstrdup(name), .where = where == NULL ? NULL :
		    xstrdup(where), .line = line }, "");
	json_decref(text);
}

void
trace_add_file(struct config *config, const char *path)
{
	add_named(config, TRACE_FILE, path, NULL, 0);
}

void
trace_add_secret(struct config *config, const char *environment, const char *name)
{
	add_named(config, TRACE_SECRET, name, environment == NULL ? "default" : environment, 0);
}

void
trace_add_function(lua_State *L, struct config *config, const char *name)
{
	lua_Debug about = { 0 };

	if (!lua_isfunction(L, -1))
		return;
	lua_pushvalue(L, -1);
	lua_getinfo(L, ">S", &about);
	if (*about.source == '@')
		add_named(config, TRACE_FUNCTION, name, about.source + 1, (unsigned)about.linedefined);
}
