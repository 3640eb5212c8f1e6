/* node: the checks of a manifest, tried on the node itself. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_CHECKS_H
#define NODE_CHECKS_H

#include "base/mem.h"

#include <stdbool.h>

struct run;

/*
 * Try all checks and tell leap of each one; with `patient`, one that fails is tried again until its timeout, for
 * a daemon that was just restarted needs a moment.  What fails is counted, not an error.
 */
NODISCARD
struct err	*checks_run(struct run *run, bool patient);

#endif
