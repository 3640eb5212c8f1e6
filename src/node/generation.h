/* node: what was applied here, numbered. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_GENERATION_H
#define NODE_GENERATION_H

#include "base/mem.h"

#include <stdbool.h>

struct run;

#define GENERATIONS_KEPT	10

/* The number of the last generation, 0 when there is none. */
unsigned	 generation_last(void);

/*
 * Record the run's manifest as the next generation, unless it is the last one's and nothing
 * changed; sets run->generation.  Then forget the oldest ones, and the contents that no generation and nothing
 * that is managed names any more.
 */
NODISCARD
struct err	*generation_record(struct run *run, bool failed);

#endif
