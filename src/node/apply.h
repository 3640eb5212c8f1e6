/* node: plan, apply and check: one code, stopped earlier or later. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_APPLY_H
#define NODE_APPLY_H

#include "base/mem.h"

#include <jansson.h>

struct run;

/*
 * Do what run->request asks; run has its channel, request, manifest and index.  *result is the RESULT
 * frame's JSON, a new reference, whatever happened.
 */
void	 run_do(struct run *run, json_t **result);

/* What is managed, and what is owed; apply_forget() gives back all that a run holds but its index and manifest. */
NODISCARD
struct err	*apply_load(struct run *run);
void		 apply_forget(struct run *run);

/* Do the inspected items' steps, whose contents are here; run->touched and run->complete say how far it came. */
NODISCARD
struct err	*apply_act(struct run *run);

#endif
