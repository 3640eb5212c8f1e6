/* node: risky changes go back by themselves unless leap comes in again. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_CONFIRM_H
#define NODE_CONFIRM_H

#include "base/mem.h"

#include <stdbool.h>

struct item;
struct run;

/*
 * STATE_CONFIRM says that a change waits: {"node": NAME, "generation": the one to go back to, "nonce": HEX, "seconds": N, "who": TEXT,
 * "connection": TEXT, "boot": the boot's id, "ends": CLOCK_BOOTTIME in seconds, when the apply is over}.
 * While it is there a process of systemd's, the guard, watches over it, and a unit does so at the next boot.
 */

/* Whether a change of this resource could shut out a sysadmin, who comes in as run->login. */
bool		 confirm_is_risky(struct run *run, const struct item *item);

/*
 * When the request wants it and anything risky is to change: write down that the node goes back to `generation`, and
 * start the guard, before anything is touched.  Sets run->confirm and run->nonce.
 */
NODISCARD
struct err	*confirm_arm(struct run *run, unsigned generation);

/* The apply is over, as far as it came: from now on the seconds count.  Nothing when nothing waits. */
NODISCARD
struct err	*confirm_count(struct run *run);

/* Nothing waits any more. */
NODISCARD
struct err	*confirm_disarm(struct run *run);

/*
 * At the start of an apply, under the lock, with the state loaded: a change that waits.  Whoever made it has come in
 * again, and so it stays; what should have gone back long ago goes back; else *holder says who must be waited for.
 */
NODISCARD
struct err	*confirm_settle(struct run *run, char **holder);

/* The op "confirm": fails when nothing waits, or something else, or the connection is none that is new. */
NODISCARD
struct err	*confirm_take(struct run *run, char **holder);

/* Another process: wait for the confirmation, or go back.  Returns the exit status. */
int		 confirm_guard(void);

#endif
