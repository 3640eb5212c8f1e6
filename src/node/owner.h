/* node: owner and mode as resources name them, and how they differ from what is. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_OWNER_H
#define NODE_OWNER_H

#include "node/place.h"

struct buf;
struct item;
struct run;
struct seen;

/* The item's mode, owner and group.  Fails when there is no such account. */
NODISCARD
struct err	*owner_resolve(struct run *run, const struct item *item, struct meta *meta);

/*
 * The step that a file or directory needs: to be made when it is not there, or "update" with `detail` (what differs
 * already) and ", mode 0644 -> 0600" and so on.  An account that does not exist yet differs.
 */
void		 owner_step(struct run *run, struct item *item, const struct seen *seen, struct buf *detail);

#endif
