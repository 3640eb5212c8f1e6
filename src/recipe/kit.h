/* recipe: what the recipes of all nodes of a configuration have in common; only for files of this room. */
/* May know config, lua, repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RECIPE_KIT_H
#define RECIPE_KIT_H

#include "base/buf.h"

#include <lua.h>

struct content;
struct repo;
struct run;

/* A recipe, template or other file that was read; errors quote its lines. */
struct source {
	char		*path;			/* as a person knows it: "platform/base/recipe.lua" */
	struct buf	 text;
	const char	*chunk;			/* the very text that lua_Debug has for its functions; NULL: not compiled */
	int		 function;		/* reference of it, compiled, or LUA_NOREF */
};

/* Texts and what was made of them: read and compiled once, and kept as long as the interpreter. */
struct kit;

/* The kit of this interpreter, made when there is none yet. */
struct kit	*kit_of(lua_State *L, const struct repo *repo);

/* Which run the functions that recipes call belong to, from now on: NULL for none. */
void		 kit_use(struct kit *kit, struct run *run);

/* The run of the C function that Lua calls now. */
struct run	*run_of(lua_State *L);

/* Add C functions whose first upvalue is the kit to the table on top. */
struct run_function {
	const char	*name;
	lua_CFunction	 function;
};
void		 kit_functions(lua_State *L, struct kit *kit, const struct run_function *functions, size_t count);

/* The same for one with a second upvalue, which is light userdata. */
void		 kit_function(lua_State *L, struct kit *kit, const char *name, lua_CFunction function,
		    const void *upvalue);

/*
 * Push a new, empty table.  Names that it has not are looked for among the tools of this room, with KIT_RESOURCES also
 * the functions that declare resources, then by run_name().
 */
enum kit_env { KIT_TOOLS, KIT_RESOURCES };
void		 kit_push_env(lua_State *L, struct kit *kit, enum kit_env env);

/* Push what all tables of kit_push_env() have. */
void		 kit_push_shared(lua_State *L, struct kit *kit, enum kit_env env);

/* Read `path`, the instance's before the platform's.  *out is NULL when neither has it; borrowed from the kit. */
NODISCARD
struct err	*kit_source(struct kit *kit, const char *path, struct source **out);

/* As kit_source(), but appends the text, and forgets what is large. */
NODISCARD
struct err	*kit_read(struct kit *kit, const char *path, struct buf *text, bool *found);

/*
 * These bytes as the content of a file, the caller's, content_drop(); and whether a value that is masked stands in them.
 * The last long ones are remembered: what names all nodes is looked through and hashed once, not for each node.
 */
struct content	*kit_content(struct kit *kit, const char *data, size_t len, bool *masked);

/* The source that Lua calls so in its errors, or that this function of Lua's comes from; NULL: none. */
const struct source *kit_find(const struct kit *kit, const char *said, size_t len);
const struct source *kit_find_chunk(const struct kit *kit, const lua_Debug *function);

/* Push the source's function.  False: it was not compiled yet. */
bool		 kit_push_function(lua_State *L, const struct source *source);

/* The same after making it of `text`, the program that the source is.  Errors as sandbox_compile(). */
NODISCARD
struct err	*kit_compile(lua_State *L, struct source *source, const char *text, size_t len);

#endif
