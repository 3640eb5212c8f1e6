/* lua: a list of free blocks for each small size, and chunks that they are cut from. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK	((size_t)64 << 10)

/* What a chunk begins with, and a free block. */
struct link {
	void	*next;
};

static bool
is_small(size_t size)
{
#ifdef LEAP_SANITIZED
	(void)size;
	return false;		/* AddressSanitizer knows malloc()'s blocks only */
#else
	return size <= POOL_SMALL;
#endif
}

static size_t
class_of(size_t size)
{
	return (size - 1) / POOL_STEP;
}

static void *
take_small(struct pool *pool, size_t size)
{
	size_t		 class = class_of(size), rounded = (class + 1) * POOL_STEP;
	struct link	*block = pool->free[class], *chunk;

	if (block != NULL) {
		pool->free[class] = block->next;
		return block;
	}
	if ((size_t)(pool->end - pool->next) < rounded) {
		if ((chunk = malloc(CHUNK)) == NULL)
			return NULL;
		chunk->next = pool->chunks;
		pool->chunks = chunk;
		pool->next = (char *)chunk + POOL_STEP;
		pool->end = (char *)chunk + CHUNK;
	}
	pool->next += rounded;
	return pool->next - rounded;
}

static void *
take(struct pool *pool, size_t size)
{
	return is_small(size) ? take_small(pool, size) : malloc(size);
}

static void
give_back(struct pool *pool, void *mem, size_t size)
{
	struct link *block = mem;

	if (mem == NULL)
		return;
	if (!is_small(size)) {
		free(mem);
		return;
	}
	block->next = pool->free[class_of(size)];
	pool->free[class_of(size)] = block;
}

void *
pool_resize(struct pool *pool, void *mem, size_t old_size, size_t size)
{
	void *new;

	if (size == 0) {
		give_back(pool, mem, old_size);
		return NULL;
	}
	if (mem != NULL && !is_small(old_size) && !is_small(size))
		return realloc(mem, size);
	if (mem != NULL && is_small(old_size) && is_small(size) && class_of(old_size) == class_of(size))
		return mem;
	if ((new = take(pool, size)) != NULL && mem != NULL) {
		memcpy(new, mem, old_size < size ? old_size : size);
		give_back(pool, mem, old_size);
	}
	return new;
}

void
pool_fini(struct pool *pool)
{
	struct link *chunk, *next;

	for (chunk = pool->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	*pool = (struct pool){ 0 };
}
