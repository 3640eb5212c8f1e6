/* push: manifests go to nodes, events come back. */
/* May know ssh, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUSH_PUSH_H
#define PUSH_PUSH_H

#include "base/mem.h"
#include "ssh/ssh.h"
#include "wire/manifest.h"
#include "wire/request.h"

#include <jansson.h>

enum push_result {
	PUSH_OK,
	PUSH_FAILED,		/* the node was reached and its apply, plan or a check failed */
	PUSH_UNREACHABLE,	/* not reached, or lost on the way */
	PUSH_TRUST,		/* host key, login */
	PUSH_LOCKED,		/* somebody else deploys */
	PUSH_CANCELLED,		/* Ctrl-C */
};

struct push_job {
	struct ssh_target	 target;	/* the caller fills these two */
	struct manifest		*manifest;

	enum push_result	 result;	/* push_run() fills these */
	struct err		*error;		/* NULL when PUSH_OK; the caller's */
	unsigned		 changed, restarted, generation, checks, checks_failed;
	double			 seconds;
	struct ssh_stats	 stats;
};

/* Called in the caller's thread, one at a time. */
struct push_report {
	void	(*started)(void *context, const struct push_job *job);
	void	(*event)(void *context, const struct push_job *job, const json_t *event);	/* checked and clean */
	void	(*finished)(void *context, const struct push_job *job);
	void	(*tick)(void *context);		/* about ten times a second */
	void	*context;
};

/*
 * Do `request` on every job's node, `parallel` at once, each over one connection.  A failure
 * stays with its job.  The program for the node is programs/leap-node-ARCH (ARCH as `uname -m` says), sent when the
 * node has none that is whole.  ssh_stop() lets nodes finish their current step.
 */
void	push_run(struct push_job *jobs, size_t count, const struct request *request, const char *programs,
	    unsigned parallel, const struct push_report *report);

#endif
