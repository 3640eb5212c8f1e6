/* push: so many bytes a second, for all sessions together. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "push/throttle.h"

#include "base/clock.h"
#include "ssh/ssh.h"

#include <time.h>

#define SLICE	0.1	/* seconds that a Ctrl-C may go unnoticed */

void
throttle_init(struct throttle *throttle, double rate)
{
	*throttle = (struct throttle){ .rate = rate };
	pthread_mutex_init(&throttle->lock, NULL);
}

void
throttle_fini(struct throttle *throttle)
{
	pthread_mutex_destroy(&throttle->lock);
}

void
throttle_wait(struct throttle *throttle, size_t bytes)
{
	double	 begin, left;

	if (throttle->rate <= 0)
		return;
	pthread_mutex_lock(&throttle->lock);
	begin = clock_now() > throttle->free_at ? clock_now() : throttle->free_at;
	throttle->free_at = begin + (double)bytes / throttle->rate;
	pthread_mutex_unlock(&throttle->lock);
	while (!ssh_stopped() && (left = begin - clock_now()) > 0) {
		left = left < SLICE ? left : SLICE;
		nanosleep(&(struct timespec){ .tv_nsec = (long)(left * 1e9) }, NULL);
	}
}
