/* lua: what the files of this room share. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LUA_STATE_H
#define LUA_STATE_H

#include "lua/pool.h"
#include "lua/sandbox.h"

#include <stdint.h>

#define SANDBOX_ERROR	"leap.error"	/* the metatable of raised struct err */

/* A single instruction may compare or join two texts: one that is longer cannot be made. */
#define SANDBOX_TEXT_MAX	((size_t)16 << 20)

struct budget {
	unsigned long	 spent;
	int64_t		 start;		/* CPU time in ns at the first look at the clock; 0: not yet */
	bool		 empty;
	bool		 starved;	/* out of memory */
	bool		 long_text;	/* and that because of a single one */
	unsigned	 looks;		/* of the hook */
	char		 where[LUA_IDSIZE + 16];	/* "NAME:LINE: ", the line where the steps ended; "" when none is known */
};

struct sandbox {
	lua_State	*main;
	lua_State	*L;			/* the one that runs */
	lua_State	*threads[SANDBOX_DEPTH];
	unsigned	 depth;			/* runs inside each other, */
	unsigned	 apart;			/* and those of sandbox_call_apart() among them */
	size_t		 memory, used;
	struct pool	 pool;
	unsigned long	 instructions;
	struct budget	 budget;
	bool		 strict;		/* refuse memory beyond the limit */
	bool		 long_texts;		/* some were made, that a single instruction may be long with */
	size_t		 shared_locals, shared_tables;	/* how many shared.c remembers */
	lua_CFunction	 error;			/* Lua's own error() */
	uintptr_t	 stack;			/* of C, where the outermost run began */
};

/* A raised error. */
struct raised {
	struct err	*e;
	bool		 final;
};

/* shared.c: set back what sandbox_share() remembers, and say what was changed of it; NULL: nothing. */
NODISCARD
struct err	*shared_restore(lua_State *L);

/* globals.c, string.c and table.c: put the language into the global table. */
void	 globals_setup(lua_State *L);
void	 string_setup(lua_State *L);
void	 table_setup(lua_State *L);

/* Put `function` in the place of library.name; the old one is its upvalue. */
void	 sandbox_wrap(lua_State *L, const char *library, const char *name, lua_CFunction function);

/* Call the function that was wrapped with all the arguments; for the end of the one that wraps it. */
int	 sandbox_call_wrapped(lua_State *L);

#endif
