/* recipe: one run of a node's recipes; only for files of this room. */
/* May know config, lua, vault, repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RECIPE_RUN_H
#define RECIPE_RUN_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <lua.h>
#include <stdbool.h>

struct manifest;
struct node;
struct repo;
struct strs;

/* A recipe or template that was read; errors quote its lines. */
struct source {
	char		*path;			/* as a person knows it: "platform/base/recipe.lua" */
	struct buf	 text;
};

/* Where a resource was declared, by its place in the manifest's list. */
struct declared {
	const char	*path;			/* a source's */
	unsigned	 line;
};

struct run {
	struct node		*node;
	const struct repo	*repo;
	struct manifest		*manifest;	/* NULL: only a template is rendered */
	lua_State		*lua;
	int			 env;		/* reference of the node's environment */
	const char		*dir;		/* of the current recipe: "base", "services/static" */
	unsigned		 depth;		/* templates that are being rendered, one inside another */

	struct source		**sources;
	size_t			 source_count;
	struct declared		*declared;
	size_t			 declared_count, declared_cap;
	json_t			*seen;		/* id → index of the resource */

	/*
	 * What a function called from Lua is working on.  It belongs to the run, for running out of
	 * the interpreter's memory leaves such a function by a jump.
	 */
	json_t			*resource;
	struct buf		 content;	/* secret; templates append, their callers cut it off again */
	struct buf		 line;
};

void		 run_init(struct run *run, struct node *node, struct manifest *manifest);
void		 run_fini(struct run *run);

/* Inside of the interpreter, first of all: take the node's environment.  Raises. */
void		 run_open(struct run *run);

/*
 * Push a new table: all of the node's environment and this room's tools, with RUN_RESOURCES
 * also the functions that declare resources.  A name that nothing knows raises an error.
 */
enum run_env { RUN_TOOLS, RUN_RESOURCES };
void		 run_push_env(struct run *run, enum run_env env);

/* Add C functions whose first upvalue is the run to the table on top. */
struct run_function {
	const char	*name;
	lua_CFunction	 function;
};
void		 run_functions(struct run *run, const struct run_function *functions, size_t count);

/* The run of the C function that Lua calls now. */
struct run	*run_of(lua_State *L);

/* Where that function was called.  Borrowed from the run. */
void		 run_place(struct run *run, struct place *place);

/* ERR_CONFIG at run_place(). */
PRINTF(2, 3) NODISCARD
struct err	*run_error(struct run *run, const char *format, ...);

/* ERR_CONFIG where the resource of this index was declared. */
PRINTF(3, 4) NODISCARD
struct err	*run_error_declared(struct run *run, size_t index, const char *format, ...);

/* Give an error without place, "PATH:LINE: text" as Lua says it, its place. */
NODISCARD
struct err	*run_locate(struct run *run, struct err *take_e);

/*
 * Read `name` below `dir`, the instance's before the platform's, as a source.  *out is
 * NULL when neither has it.
 */
NODISCARD
struct err	*run_source(struct run *run, const struct source **out, const char *dir, const char *name);

/*
 * Run a template of the current recipe with the variables of the table at `with` (0: none);
 * what it puts is appended to run->content.
 */
NODISCARD
struct err	*run_template(struct run *run, const char *name, int with);

/* Cut run->content to `len` bytes. */
void		 run_cut(struct run *run, size_t len);

/*
 * resource.c and check.c: what recipes declare.  tools.c: what gives values.  property.c: what checks properties.
 * They add to the table on top.
 */
void		 resource_functions(struct run *run);
void		 check_functions(struct run *run);
void		 tool_functions(struct run *run);
void		 property_functions(struct run *run);

/* tools.c: append to run->content a file below files/ of the instance, or else of the platform. */
NODISCARD
struct err	*tool_read(struct run *run, const char *path);

/* option.c: what a function was given. */
enum option_kind {
	OPTION_TEXT,
	OPTION_NUMBER,		/* an integer */
	OPTION_BOOL,
	OPTION_TEXTS,		/* one string, or a list of any depth */
	OPTION_APART,		/* known, but the caller's to read */
};

struct option {
	const char		*name;
	enum option_kind	 kind;
};

/*
 * Copy the options in the table at `index` (nothing there: no options) to `object`.  `options`
 * ends in a row without name.  Unknown names and wrong types are errors; `what` is who has these options.
 */
NODISCARD
struct err	*option_read(struct run *run, int index, const struct option *options, const char *what,
		    json_t *object);

/* The string (or number as one) at `index`, borrowed from Lua; `what` names it in the error. */
NODISCARD
struct err	*option_text(struct run *run, int index, const char *what, const char **out, size_t *len);

#endif
