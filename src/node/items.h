/* node: the items of a run, from the manifest and from what was managed before. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_ITEMS_H
#define NODE_ITEMS_H

#include "base/mem.h"

struct item;
struct run;

/* Fill run->items, run->gone and run->by_id, and announce all units.  run->managed is loaded. */
void		 items_build(struct run *run);
void		 items_fini(struct run *run);

/* Look at everything, what is gone first. */
NODISCARD
struct err	*items_inspect(struct run *run);

/*
 * Whether there is nothing at all to do or to write down: every resource is as wanted and known as such, nothing is
 * gone, nothing owed.
 */
int		 items_at_rest(const struct run *run);

/* Tell leap the item's steps, done or (in a plan) to be done, and count them. */
void		 item_report(struct run *run, const struct item *item);

/* How many bytes of content leap would have to send. */
size_t		 items_missing_bytes(const struct run *run);

/* Ask leap for the contents that are not on this node, and store them.  Sends NEED in any case. */
NODISCARD
struct err	*items_fetch(struct run *run);

#endif
