/* cmd: what the commands that talk to nodes share: from nodes to targets, manifests, and a report. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_FLEET_H
#define CMD_FLEET_H

#include "base/strs.h"
#include "cmd/prepare.h"
#include "config/filter.h"
#include "push/push.h"

#include <stdbool.h>

struct context;
struct node;
struct repo;

/* Where and how to reach a node; borrows from the node and the repo, owns host_key and key.  fleet_target_fini(). */
struct fleet_target {
	struct ssh_target	 ssh;
	char			*host_key;	/* "ssh-ed25519 AAAA…", a line each; NULL: none is pinned */
	char			*key;
	struct fleet_target	*jump;		/* through which it is reached, or NULL */
	char			*text, *pin_file;	/* of a jump host that is no node, else NULL */
};

/*
 * Fails with ERR_CONFIG for properties that are no address, port, user, transport or jump host, and with ERR_TRUST where
 * a jump host's key is not pinned.
 */
NODISCARD
struct err	*fleet_address(struct fleet_target *out, const struct context *context, struct node *node);

/* fleet_address(), and the pinned keys: ERR_TRUST and a hint when there is none. */
NODISCARD
struct err	*fleet_target(struct fleet_target *out, const struct context *context, struct node *node);
void		 fleet_target_fini(struct fleet_target *target);

/* What a file pins (cert/host_keys.h), as what the target must have. */
NODISCARD
struct err	*fleet_pin(struct fleet_target *out, const struct repo *repo, const char *path);

/* An error about a node's property, at its place: "NODE: PROPERTY what". */
PRINTF(3, 4) NODISCARD
struct err	*fleet_bad(struct node *node, const char *property, const char *format, ...);

/* Whether the text is an address of IPv4 or IPv6; a name that ssh may be told to log in as. */
bool		 fleet_is_address(const char *text);
bool		 fleet_is_user(const char *text);

/* The Leapfile's ssh.key as a path, the caller's; NULL: it has none. */
char		*fleet_private_key(const struct repo *repo);

/* Ctrl-C, SIGTERM and SIGHUP call ssh_stop() between these two. */
NODISCARD
struct err	*fleet_connect(void);
void		 fleet_disconnect(void);

/* In between, around a question: the signals have their usual effect there, Ctrl-C ends the program. */
void		 fleet_pause(void);
void		 fleet_resume(void);

/* Nodes that failed, one by one; then the command's error, or NULL when none did. */
struct failures {
	struct strs	 names;
	struct err	*errors;	/* joined, in the order of the names */
	size_t		 trust;		/* how many of them were ERR_TRUST, */
	size_t		 stopped;	/* and how many of them did not fail, but were interrupted or not begun */
};
void		 failures_add(struct failures *failures, const char *name, struct err *take_e);
NODISCARD
struct err	*failures_end(struct failures *failures, size_t total);

/* All that a deploy, plan or test works on. */
struct fleet {
	struct context		*context;
	struct node_list	 nodes;
	struct fleet_target	*targets;	/* as many as nodes; so are the next four */
	struct manifest		*manifests;
	struct push_job		*jobs;		/* those that can be pushed come first, `pushable` of them */
	struct json_t		**events;	/* what each job's node said, as JSON arrays */
	json_t			*expect;	/* name → the state that a node was planned in; empty: not planned */
	struct repo		*here;		/* the work tree's, while the context has a revision's; else NULL */
	struct strs		 to_make;	/* paths of secrets and keys that have a stand-in, see fleet_how */
	char			*commit;	/* that is deployed, "" before the first */
	bool			 clean;		/* the work tree is as in the commit */
	size_t			 pushable;
	struct strs		 down;		/* names of other nodes that may be down, of a saved plan */
	bool			 planned;	/* the user said yes to a plan: each node must be as it was then */
	bool			 thorough, purge_packages;
	bool			 keep;		/* leave a node where a deploy of it failed */
	unsigned		 confirm;	/* seconds until what is risky goes back unless leap comes in again; 0: never */
	unsigned		 lock_wait;	/* seconds that each node may wait for its lock */
	unsigned		 limit_rate;	/* KiB a second, 0: any */
};

/* What a fleet is made of. */
struct fleet_how {
	enum prepare_certs	 certs;		/* but for PREPARE_CERTS_UPDATE nothing is written, and secrets are not made */
	bool			 bare;		/* no configuration goes to the nodes: no recipes, no certificates */
	const char		*rev;		/* a revision of git's to read instead of the work tree, or NULL */
	const struct strs	*names;		/* of the nodes that the words choose only these; NULL: all */
	const struct strs	*planned;	/* not what the words choose, but the nodes of these names; NULL: the words */
};

/*
 * Load the configuration (until fleet_fini() that of the revision), choose the nodes, prepare_nodes(), run the recipes, find keys and addresses.  Fails before any node is touched.
 * fleet_fini() also after an error.
 */
NODISCARD
struct err	*fleet_init(struct fleet *fleet, struct context *context, const struct fleet_how *how);
void		 fleet_fini(struct fleet *fleet);

/* What is done on which jobs. */
struct fleet_push {
	const char	*op;		/* as in wire/request.h */
	unsigned	 generation;	/* of a rollback */
	const char	*path, *message;
	size_t		 first, count;
	bool		 force;		/* an unlock ends what is under way */
	bool		 careful;	/* an apply is only a plan where there is anything to do */
	bool		 patches;	/* a plan shows differences of contents */
};

/* Do it, with progress on standard error.  Afterwards the jobs and their events have the outcome. */
NODISCARD
struct err	*fleet_push(struct fleet *fleet, const struct fleet_push *what);

/* Plan on all nodes that can be pushed, with differences. */
NODISCARD
struct err	*fleet_plan(struct fleet *fleet);

/* From now on the node must be in the state that the job found it in. */
void		 fleet_expect(struct fleet *fleet, const struct push_job *job);

/* Forget what a run left in the job.  Its error goes. */
void		 fleet_clear_job(struct fleet *fleet, size_t index);

void		 fleet_swap(struct fleet *fleet, size_t a, size_t b);

/* After a plan: leave out of what follows the nodes where it failed.  What they said stays for the report. */
void		 fleet_drop_failed(struct fleet *fleet);

/* "ok", "failed", "unreachable", … */
const char	*fleet_result(const struct push_job *job);

/* Print what a plan (would) change on each node, with differences. */
void		 fleet_print_plan(const struct fleet *fleet);

/*
 * Print a "plan", or the table of an "apply" or "check", or that of an apply's "timing", or with --json everything; then
 * the error, or NULL.
 */
NODISCARD
struct err	*fleet_report(struct fleet *fleet, const char *op);

/* All nodes' errors as the one of the command; NULL when there is none.  The jobs have theirs no more. */
NODISCARD
struct err	*fleet_errors(struct fleet *fleet);

/* The whole number from `least` to `most` that an option gives; *out is left alone when it was not given. */
NODISCARD
struct err	*fleet_number(const struct context *context, const char *option, unsigned least, unsigned most,
		    unsigned *out);

/* --parallel, or the Leapfile's number. */
NODISCARD
struct err	*fleet_parallel(const struct context *context, unsigned *out);

/* More event lines of one node are not printed: it is a broken or hostile one. */
#define FLEET_EVENTS_SHOWN	1000u

/* The options of every command that pushes, for its own table. */
#define FLEET_CONFIRM_SECONDS	60u
#define FLEET_OPT_CONFIRM	{ 0, "--confirm", "SECONDS", \
    "what could shut you out goes back after so long, unless leap comes in again (60; 0: never)" }
#define FLEET_OPT_KEEP		{ 0, "--keep", NULL, "leave a node where the deploy failed as it is, for inspection" }
#define FLEET_OPT_PARALLEL	{ 0, "--parallel", "N", "work on so many nodes at once" }
#define FLEET_OPT_REV		{ 0, "--rev", "REV", "take the instance as it is in this git revision" }
#define FLEET_OPT_THOROUGH	{ 0, "--thorough", NULL, "read every file on the nodes, not only those that look changed" }
#define FLEET_OPT_PURGE		{ 0, "--purge-packages", NULL, "remove packages that no service needs any more" }

#endif
