/* cmd: a deploy to many nodes, batch by batch. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_ROLLOUT_H
#define CMD_ROLLOUT_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct context;
struct fleet;

struct rollout {
	size_t		 batch, percent;	/* --batch: a number of nodes, or a part of them; 0: as the services allow */
	size_t		 canary;		/* nodes that go first, and must all work; 0: none do */
	unsigned	 max_fail;		/* nodes that may fail, or be lost on the way, before no other batch is begun */
};

/* Read --batch, --canary and --max-fail. */
NODISCARD
struct err	*rollout_read(struct rollout *rollout, const struct context *context);

/*
 * Apply on all nodes of the fleet that can be pushed.  Where the fleet was planned each must be as it was then.
 *
 * Where services, or options, allow only some nodes at once, or some only after others, it goes batch by batch, and the
 * next one begins only when the nodes of the one before work and their checks hold; for each that is down there are
 * fewer in those that follow.  First of all every node is asked
 * whether there is anything to do at all: those where there is not are done at once, so that a deploy
 * that changes nothing is no slower.
 */
NODISCARD
struct err	*rollout_run(struct fleet *fleet, const struct rollout *rollout);

#endif
