/* push: so many bytes a second, for all sessions together. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUSH_THROTTLE_H
#define PUSH_THROTTLE_H

#include <pthread.h>
#include <stddef.h>

struct throttle {
	pthread_mutex_t	 lock;
	double		 rate;		/* bytes a second; 0: any */
	double		 free_at;	/* when all that was let through so far is sent, by the clock that only goes forward */
};

void		 throttle_init(struct throttle *throttle, double rate);
void		 throttle_fini(struct throttle *throttle);

/* Wait until so many bytes may be sent.  Ends early after ssh_stop(). */
void		 throttle_wait(struct throttle *throttle, size_t bytes);

#endif
