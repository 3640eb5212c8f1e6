/* base: clocks. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/clock.h"

double
clock_now(void)
{
	return (double)clock_ns(CLOCK_MONOTONIC) / 1e9;
}

int64_t
clock_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t
clock_ns(clockid_t which)
{
	struct timespec	 now;

	clock_gettime(which, &now);
	return timespec_ns(now);
}

int64_t
timespec_ns(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
