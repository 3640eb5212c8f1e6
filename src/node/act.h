/* node: doing what the items' steps say, each announced before it is done. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_ACT_H
#define NODE_ACT_H

#include "base/mem.h"

#include <stdbool.h>

struct run;

/* Everything is claimed, on the disk, before anything is touched. */
NODISCARD
struct err	*act_claim_all(struct run *run);

/* Do all items' steps in their order, until one fails; on the way back whatever fails. */
NODISCARD
struct err	*act_on_all(struct run *run);

/*
 * Remove what left the manifest, the `last` ones or the others.  What cannot be removed (a user who is logged in) does
 * not keep the rest from being done: it stays managed, and the deploy is a failed one.
 */
NODISCARD
struct err	*act_remove_gone(struct run *run, bool last);

/* Tell leap what was done so far; whether it wants no more. */
bool		 act_must_stop(struct run *run);

#endif
