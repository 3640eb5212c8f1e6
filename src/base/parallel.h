/* base: the same work on many things, on all cores. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include "base/mem.h"

/*
 * Call work(context, i) once for each i below `count`, in no order, and return when all is done.  A thread takes
 * `at_once` of them, so that threads seldom meet: PARALLEL_LIGHT where each takes microseconds, 1 where it takes
 * milliseconds.  Few are not worth threads.  What `work` does for one must not matter to what it does for another; signals stay with the caller's thread.
 */
#define PARALLEL_LIGHT	16u
void	 parallel_each(size_t count, size_t at_once, void (*work)(void *context, size_t i), void *context);

#endif
