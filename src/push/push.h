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
#include <stdbool.h>

enum push_result {
	PUSH_OK,
	PUSH_FAILED,		/* the node was reached and its apply, plan or a check failed */
	PUSH_UNREACHABLE,	/* not reached, or lost on the way */
	PUSH_TRUST,		/* host key, login */
	PUSH_LOCKED,		/* somebody else deploys */
	PUSH_CANCELLED,		/* Ctrl-C */
	PUSH_MOVED,		/* the node, or its manifest, is not as it was when the plan was made */
	PUSH_PLANNED,		/* a careful apply found that there is something to do, and did not do it */
	PUSH_SKIPPED,		/* not begun, because too many others failed; push_run() never says so */
};

/* On what a node spends its time. */
enum push_part { PUSH_LOOK, PUSH_APPLY, PUSH_RESTARTS, PUSH_CHECKS, PUSH_PARTS };

struct push_job {
	struct ssh_target	 target;	/* the caller fills these two */
	struct manifest		*manifest;
	const char		*expect;	/* the state that an apply wants to find the node in; NULL: any */

	enum push_result	 result;	/* push_run() fills these */
	struct err		*error;		/* NULL when PUSH_OK; the caller's */
	unsigned		 changed, restarted, generation, checks, checks_failed;
	size_t			 bytes;			/* of contents that a plan found missing on the node */
	char			 state[SHA256_HEX_SIZE];	/* that a plan was made for, or "" */
	bool			 begun;			/* the node was told to change, and answered: it may have begun */
	bool			 reverted;		/* it failed, and the node is as it was before */
	json_t			*data;			/* what the op gives beyond all that, cleaned, or NULL; the caller's */
	double			 seconds;
	struct ssh_stats	 stats;
	unsigned		 execs, round_trips;	/* after the login: commands, and waits for an answer */
	unsigned		 milliseconds[PUSH_PARTS];	/* that the node spent */
};

/* Called in the caller's thread, one at a time. */
struct push_report {
	void	(*started)(void *context, const struct push_job *job);
	void	(*event)(void *context, const struct push_job *job, const json_t *event);	/* checked and clean */
	void	(*finished)(void *context, const struct push_job *job);
	void	(*tick)(void *context);		/* about ten times a second */
	void	*context;
};

/* How a run is done. */
struct push_options {
	const char	*programs;	/* the directory with the programs for nodes */
	unsigned	 parallel;	/* nodes at once */
	unsigned	 limit_rate;	/* KiB a second that all together may send, 0: any */
	bool		 patches;	/* the events of a plan get differences of contents */
};

/*
 * Do `request` on every job's node, each over one connection.  A failure
 * stays with its job.  The program for the node is leap-node-ARCH (ARCH as `uname -m` says), sent when the
 * node has none that is whole.  ssh_stop() lets nodes finish their current step.
 */
void	push_run(struct push_job *jobs, size_t count, const struct request *request,
	    const struct push_options *options, const struct push_report *report);

#endif
