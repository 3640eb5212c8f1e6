/* node: what somebody else made of a thing, kept aside. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_KEPT_H
#define NODE_KEPT_H

#include "base/mem.h"

struct spot;

/*
 * Keep the file or link at the spot, with its mode and owner, as STATE_KEPT/TIME/PATH: never beside it, where a daemon
 * that reads whole directories would find it.  *directory is STATE_KEPT/TIME of this run, NULL until something is kept;
 * *kept is where the thing is.  Both are the caller's, free().  It is on the disk when this returns: nothing of
 * another's work is ever lost.
 */
NODISCARD
struct err	*kept_add(char **directory, const struct spot *spot, char **kept);

#define KEPT_DAYS	30
#define KEPT_COUNT	50

/* Remove what was kept more than KEPT_DAYS ago, but for the last KEPT_COUNT times. */
void		 kept_prune(void);

#endif
