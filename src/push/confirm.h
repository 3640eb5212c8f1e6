/* push: after a risky change, come in again to tell the node that it may stay. */
/* May know ssh, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUSH_CONFIRM_H
#define PUSH_CONFIRM_H

#include "push/session.h"

/*
 * The job's node goes back by itself in `seconds`, unless a new connection brings it `nonce`.  Logs in anew, for half
 * of that time if it must be, and says it.  The error is the job's, its result PUSH_FAILED then.
 */
NODISCARD
struct err	*confirm_by_new_login(struct push_job *job, const struct request *request, const struct session_tools *tools,
		    const char *nonce, unsigned seconds);

#endif
