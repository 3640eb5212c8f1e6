/* node: one apply at a time. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_LOCK_H
#define NODE_LOCK_H

#include "base/mem.h"

#include <pthread.h>
#include <stdbool.h>

#define LOCK_STALE	120	/* seconds after which a holder that shows no sign of life is said to be one */

/* Held with flock(2), which the kernel gives back when this process ends, however it ends. */
struct lock {
	int		 fd;		/* -1: not held */
	bool		 stale;		/* not taken: who has it shows no sign of life */
	int		 end;		/* tells the thread that touches the file that it is over */
	pthread_t	 thread;
};

/*
 * Take the lock `path`; `what` is what it is for.  Waits up to `seconds` while stop(context) is false and who has it
 * is alive.  Without success lock->fd is -1 and *holder says who has it, since when and what for, the caller's, free().
 * Until lock_release(), a thread touches the file again and again, so that others see when this process is stopped.
 */
NODISCARD
struct err	*lock_take(struct lock *lock, char **holder, const char *path, const char *who, const char *what,
		    unsigned seconds, bool (*stop)(void *context), void *context);
void		 lock_release(struct lock *lock);

/*
 * End the leap-node that has the lock, by SIGKILL; its journal says what it had begun.  Fails when the process that the
 * lock names is there no more, or is no leap-node: the lock is somebody else's then; or when it does not end.
 */
NODISCARD
struct err	*lock_break(const char *path);

#endif
