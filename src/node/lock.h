/* node: one apply at a time. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_LOCK_H
#define NODE_LOCK_H

#include "base/mem.h"

#include <stdbool.h>

/*
 * Take the lock `path`, which the kernel gives back when this process ends, however it ends.  `what` is what it is for.
 * Waits up to `seconds` while stop(context) is false.  *fd is the open lock, or -1 when somebody else
 * has it; *holder then says who, since when and what for, the caller's, free().
 */
NODISCARD
struct err	*lock_take(int *fd, char **holder, const char *path, const char *who, const char *what,
		    unsigned seconds, bool (*stop)(void *context), void *context);

#endif
