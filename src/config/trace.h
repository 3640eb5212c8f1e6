/* config: remembers what macros read while they are evaluated. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_TRACE_H
#define CONFIG_TRACE_H

#include "config/state.h"

enum trace_type { TRACE_PROPERTY, TRACE_SELECTION, TRACE_FILE, TRACE_SECRET, TRACE_FUNCTION };

/* One thing that a macro read. */
struct trace_read {
	enum trace_type	 type;
	struct scope	*scope;		/* whose property; NULL for all else */
	char		*name;		/* the property's path; the macro, file, secret or function by its name */
	bool		 whole;		/* of a property: with all that is below it */
	json_t		*filter;	/* of a selection; NULL: none */
	json_t		*nodes;		/* of a selection: the names of those it gave */
	char		*where;		/* of a function: the file in macros/; of a secret: its environment */
	unsigned	 line;		/* of a function */
};

struct trace_reads {
	struct trace_read	*items;
	size_t			 count;
};

/* From now on all reads are remembered; what was evaluated before has none.  Costs time and memory: for `leap why`. */
void	 trace_start(struct config *config);
void	 trace_free(struct trace *trace);

/* What the macro at `path` ("a.b.1") of the scope has read, each once, in order; NULL: nothing, or it did not run. */
const struct trace_reads *trace_reads_of(const struct config *config, const struct scope *scope, const char *path);

/* All macros that ran, in no order that matters: the one with this number from 0 on; false: there are not so many. */
bool	 trace_macro(const struct config *config, size_t number, struct scope **scope, const char **path,
	    const struct trace_reads **reads);

/*
 * The hooks.  Each notes what the macro that runs now reads, also when the value has long been known, and does
 * nothing without trace_start().
 */
void	 trace_add_property(struct scope *scope, const char *path, bool whole);
void	 trace_add_selection(lua_State *L, struct config *config, const char *macro, int filter);
void	 trace_add_file(struct config *config, const char *path);
void	 trace_add_secret(struct config *config, const char *environment, const char *name);
void	 trace_add_function(lua_State *L, struct config *config, const char *name);
void	 trace_drop_last(struct scope *scope, const char *path);
void	 trace_mark(struct config *config);

static inline void
trace_property(struct scope *scope, const char *path)
{
	if (scope->config->trace != NULL)
		trace_add_property(scope, path, false);
}

/* A property with all below it. */
static inline void
trace_whole(struct scope *scope, const char *path)
{
	if (scope->config->trace != NULL)
		trace_add_property(scope, path, true);
}

/* It was not for its value that the property was read just now. */
static inline void
trace_unread(struct scope *scope, const char *path)
{
	if (scope->config->trace != NULL)
		trace_drop_last(scope, path);
}

/* What is read from here on until trace_selection() is the selection's affair. */
static inline void
trace_selecting(struct config *config)
{
	if (config->trace != NULL)
		trace_mark(config);
}

/* The list on top of the stack is what `macro` selected with the filter at index `filter` (0: none). */
static inline void
trace_selection(lua_State *L, struct config *config, const char *macro, int filter)
{
	if (config->trace != NULL)
		trace_add_selection(L, config, macro, filter);
}

static inline void
trace_file(struct config *config, const char *path)
{
	if (config->trace != NULL)
		trace_add_file(config, path);
}

static inline void
trace_secret(struct config *config, const char *environment, const char *name)
{
	if (config->trace != NULL)
		trace_add_secret(config, environment, name);
}

/* The value on top of the stack was looked up as `name`; it counts if a file in macros/ defined it as a function. */
static inline void
trace_function(lua_State *L, struct config *config, const char *name)
{
	if (config->trace != NULL)
		trace_add_function(L, config, name);
}

#endif
