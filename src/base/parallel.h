/* base: the same work on many things, on all cores. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

#include "base/mem.h"

/*
 * Call work(context, i) once for each i below `count`, in no order, and return when all is done.  Few are not worth
 * threads.  What `work` does for one must not matter to what it does for another; signals stay with the caller's thread.
 */
void	 parallel_each(size_t count, void (*work)(void *context, size_t i), void *context);

#endif
