/* node: the process that takes the node back when nobody confirms. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_GUARD_H
#define NODE_GUARD_H

#include "base/mem.h"

/*
 * Start `leap-node guard` where the end of this connection does not reach it, and write the unit that does the
 * same after a boot.
 */
NODISCARD
struct err	*guard_start(void);

/* Remove that unit. */
void		 guard_forget_boot(void);

#endif
