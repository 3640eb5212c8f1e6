/* node: an apply that fails takes the node back to the generation before. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_TRANSACTION_H
#define NODE_TRANSACTION_H

#include "base/mem.h"

struct run;

/*
 * Apply run->manifest, whose items are inspected and whose contents are here.  When a step fails, the node goes back
 * to the generation that it was in (run->reverted), unless the request wants it kept or there is none; the error is
 * that of the step, with a note of what became of the node.  What is risky is to be confirmed, see confirm.h.
 */
NODISCARD
struct err	*transaction_run(struct run *run);

/*
 * Bring the node to a generation, 0 for what it was before leap, because of `why`, and say so.  What fails does not
 * keep the rest from going back.  The run's items are gone afterwards.
 */
NODISCARD
struct err	*transaction_back(struct run *run, unsigned generation, const char *why);

/* The same of a run with nobody at its other end, under the lock; it is recorded as a rollback. */
NODISCARD
struct err	*transaction_alone(struct run *run, unsigned generation);

/* A rollback: run->manifest becomes that of the request's generation.  Fails when there is none. */
NODISCARD
struct err	*transaction_choose(struct run *run);

/* Fails when a content that the items lack is not on this node any more. */
NODISCARD
struct err	*transaction_contents(const struct run *run);

#endif
