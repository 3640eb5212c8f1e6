/* node: owner and mode as resources name them, and how they differ from what is. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_OWNER_H
#define NODE_OWNER_H

#include "node/place.h"

#include <stdbool.h>
#include <sys/stat.h>

struct buf;
struct item;
struct run;

/* The item's mode, owner and group.  Fails when there is no such account. */
NODISCARD
struct err	*owner_resolve(struct run *run, const struct item *item, struct meta *meta);

/*
 * Append ", mode 0644 -> 0600" and so on for what differs from *st.  An account
 * that does not exist yet differs.
 */
void		 owner_differences(struct run *run, const struct item *item, const struct stat *st, struct buf *out);

#endif
