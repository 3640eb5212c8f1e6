/* node: files that follow each other in the manifest go live together. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_GROUP_H
#define NODE_GROUP_H

#include "base/mem.h"

#include <stddef.h>

struct item;
struct run;

/*
 * A disk takes its time for every sync, however little it has to write.  So the files of a group are all written
 * beside their places and brought to the disk together, then renamed one right after the other, and each of their
 * directories is synced once.
 */

/* How many items, from `first` on, are a group; 1 when it goes alone. */
size_t		 group_length(const struct run *run, const struct item *first);

/*
 * Do and tell the steps of items that were looked at, and whose claims and debts are on the disk.  *live becomes how many of
 * them, from the first on, are done; the error is about the next one, which run->failed_id names.
 */
NODISCARD
struct err	*group_go_live(struct run *run, struct item *items, size_t count, size_t *live);

#endif
