/* base: clocks. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* For durations and deadlines: CLOCK_MONOTONIC, which nobody sets.  In seconds, and in milliseconds. */
double	 clock_now(void);
int64_t	 clock_ms(void);

/* Any clock in nanoseconds, so that it compares with the times of files. */
int64_t	 clock_ns(clockid_t which);
int64_t	 timespec_ns(struct timespec time);

#endif
