/* node: what files would look like, seen by a check before they go live. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_TRIAL_H
#define NODE_TRIAL_H

#include "base/mem.h"

#include <stdbool.h>

struct item;
struct run;

/*
 * Run the item's check, if it has one that did not run yet, in a mount namespace of its own where this and all later
 * files, links and directories of the run are at their places already.  The node itself does not see them.
 * A kernel that cannot do that (no overlay file system) makes it wait for trial_late().
 */
NODISCARD
struct err	*trial_check(struct run *run, const struct item *item);

/* Whether trial_check() has something to do that was not done before. */
bool		 trial_is_due(const struct run *run, const struct item *item);

/*
 * Before anything is touched: the checks of all resources before which there is nothing to be done but to put
 * files, links and directories there.  What leaves the manifest is gone for them.
 */
NODISCARD
struct err	*trial_early(struct run *run);

/*
 * Before `item` acts (NULL: at the end), run the checks that could not be run before.  Files and the like let them
 * wait: all shall be at its place, but no service told so yet.
 */
NODISCARD
struct err	*trial_late(struct run *run, const struct item *item);

#endif
