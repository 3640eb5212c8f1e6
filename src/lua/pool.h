/* lua: memory for the many small values of an interpreter. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LUA_POOL_H
#define LUA_POOL_H

#include "base/mem.h"

#define POOL_SMALL	256u		/* bytes; what is larger is malloc()'s */
#define POOL_STEP	16u

/* All zeros is an empty pool.  What is freed stays in it for blocks of the same size, until all of it goes. */
struct pool {
	void	*free[POOL_SMALL / POOL_STEP];
	void	*chunks;
	char	*next, *end;		/* what is left of the newest chunk */
};

/*
 * As realloc() and (`size` 0) free() for a block of `old_size` bytes; NULL and 0 for a new one.  NULL: there is no more
 * memory, and the block is as it was.
 */
void	*pool_resize(struct pool *pool, void *mem, size_t old_size, size_t size);

/* Free all small blocks; the others must be gone. */
void	 pool_fini(struct pool *pool);

#endif
