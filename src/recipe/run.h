/* recipe: one run of a node's recipes; only for files of this room. */
/* May know config, lua, vault, repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RECIPE_RUN_H
#define RECIPE_RUN_H

#include "base/buf.h"
#include "base/err.h"
#include "recipe/kit.h"

#include <jansson.h>
#include <lua.h>
#include <stdbool.h>

struct manifest;
struct node;
struct repo;
struct strs;

/* Where a resource was declared, by its place in the manifest's list. */
struct declared {
	const struct source	*source;
	unsigned		 line;
};

struct run {
	struct node		*node;
	const struct repo	*repo;
	struct manifest		*manifest;	/* NULL: only a template is rendered */
	lua_State		*lua;
	struct kit		*kit;
	int			 env;		/* reference of the node's environment */
	const char		*dir;		/* of the current recipe: "base", "services/static" */
	unsigned		 depth;		/* templates that are being rendered, one inside another */
	bool			 look;		/* only errors count: private keys stay closed */

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
 * Push what the node calls the name at index 2: the end of an __index, whose table is at 1.  A name that nothing knows
 * raises an error.
 */
int		 run_name(struct run *run);

/* The line of a recipe or template that runs, and its source; NULL: none does. */
const struct source *run_line(struct run *run, unsigned *line);

/* The same as a place, borrowed from the run. */
void		 run_place(struct run *run, struct place *place);

/* ERR_CONFIG at run_place(). */
PRINTF(2, 3) NODISCARD
struct err	*run_error(struct run *run, const char *format, ...);

/* ERR_CONFIG where the resource of this index was declared. */
PRINTF(3, 4) NODISCARD
struct err	*run_error_declared(struct run *run, size_t index, const char *format, ...);

/* Give an error without place, "PATH:LINE: text" as sandbox_call() says it, its place, which is at least `source`. */
NODISCARD
struct err	*run_locate(struct run *run, const struct source *source, struct err *take_e);

/*
 * Run a template of the current recipe with the variables of the table at `with` (0: none);
 * what it puts is appended to run->content.
 */
NODISCARD
struct err	*run_template(struct run *run, const char *name, int with);

/* What templates call with each piece of their output. */
int		 run_put(lua_State *L);

/* Cut run->content to `len` bytes. */
void		 run_cut(struct run *run, size_t len);

/*
 * resource.c and check.c: what recipes declare.  tools.c: what gives values.  property.c: what checks properties.
 * They add to the table on top.
 */
void		 resource_functions(lua_State *L, struct kit *kit);
void		 check_functions(lua_State *L, struct kit *kit);
void		 tool_functions(lua_State *L, struct kit *kit);
void		 property_functions(lua_State *L, struct kit *kit);

/* tools.c: append to run->content a file below files/ of the instance, or else of the platform. */
NODISCARD
struct err	*tool_read(struct run *run, const char *path);

/*
 * certificate.c: the function certificate(); and whether "cert/NAME.key" is of a certificate for a name of the node's,
 * so that the node may have it.
 */
int		 tool_certificate(lua_State *L);
bool		 certificate_is_own(struct run *run, const char *path);

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
