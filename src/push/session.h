/* push: the conversation with one node. */
/* May know ssh, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUSH_SESSION_H
#define PUSH_SESSION_H

#include "push/programs.h"
#include "push/push.h"
#include "push/throttle.h"

/* Receives the checked events, in the thread of the session. */
typedef void	 session_event(void *context, struct push_job *job, json_t *take_event);

/* What all sessions of a run share. */
struct session_tools {
	const struct programs	*programs;
	struct throttle		*throttle;	/* for contents */
	bool			 patches;	/* give events differences of contents */
};

/* Do the request on the job's node; fills the job's result and error and all numbers but `seconds`. */
void		 session_run(struct push_job *job, const struct request *request, const struct session_tools *tools,
		    session_event *event, void *context);

#endif
