/* node: what a plan tells beyond its steps: the state that it is made for, and the contents that would go. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_PREVIEW_H
#define NODE_PREVIEW_H

#include "base/mem.h"
#include "base/sha256.h"

struct item;
struct run;
struct step;

/*
 * The name of all that a plan looked at, after items_inspect(): what is managed and owed, each resource's steps, and
 * what is at each path.  As long as it is the same, the same manifest has the same plan with the same differences.
 */
NODISCARD
struct err	*preview_state(struct run *run, char out[SHA256_HEX_SIZE]);

/*
 * Tell leap a step of a plan; with it the content that is there now, when it is a text that anybody may see: one
 * that leap put there and that is no secret, or one that every user of the node can read.
 */
void		 preview_event(struct run *run, const struct item *item, const struct step *step);

#endif
