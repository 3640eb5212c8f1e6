/* node: how the node differs from what was deployed and from what would be; and giving back a managed file. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_STATUS_H
#define NODE_STATUS_H

#include "base/mem.h"

#include <stdbool.h>

struct run;

#define FETCH_MAX	(2u << 20)	/* bytes of a file: it travels in the RESULT */

/*
 * The op "status", with the state loaded and the items built: three ways for each resource, of which those that are in
 * order are only counted.  Sets run->data to {"in_sync": N, "unfinished": bool, "resources": [{"resource": id, "state":
 * STATE, "detail": TEXT}]}.
 *
 *   "drifted"     it is not as leap left it, and a deploy would put it back
 *   "undeployed"  it is as leap left it, and a deploy would change or remove it
 *   "both"        it is neither as leap left it nor as a deploy would make it
 *   "owed"        a change that was made needs its restart, reload or command yet: an apply was not finished
 *   "unknown"     looking at it failed; detail says why
 */
void		 status_tell(struct run *run, bool unfinished);

/* The op "fetch": sets run->data.  Fails for what leap does not manage, what is secret, no file, or too large. */
NODISCARD
struct err	*status_fetch(struct run *run);

#endif
