/* cmd: the instance compiled in two states, and what becomes of its nodes between them. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_COMPARE_H
#define CMD_COMPARE_H

#include "base/mem.h"
#include "base/sha256.h"
#include "repo/repo.h"

#include <jansson.h>

struct config;
struct context;

/* Which state of the instance is meant. */
struct moment {
	enum { MOMENT_DISK, MOMENT_GIT } kind;
	enum repo_moment	 git;
	const char		*what;		/* as repo_open_at() wants it */
};

/* What is asked for.  The words choose nodes, in either state; none are all nodes; nothing is pinned. */
struct question {
	struct moment	 before, after;
	char		*const *words;
	size_t		 word_count;
	bool		 maybe_revision;	/* the first word may have been meant as one */
};

enum fate { FATE_CHANGED, FATE_NEW, FATE_GONE, FATE_ENABLED, FATE_DISABLED };

/* A node that is not the same. */
struct node_change {
	enum fate	 fate;
	char		*name, *was;			/* was: its name before, when that is another; else NULL */
	char		 before[SHA256_HEX_SIZE];	/* the manifests' names, "" where there is none */
	char		 after[SHA256_HEX_SIZE];
	size_t		 resources;			/* of the manifest after, */
	json_t		*events;			/* changes_between() it and the one before; NULL: no manifest after */
};

struct comparison {
	char			*before, *after;	/* what the states are called, "HEAD" */
	struct node_change	*items;			/* sorted by name */
	size_t			 count;
	size_t			 nodes;			/* that were compared, the same ones included */
	size_t			 failed;		/* and those that could not be */
};

/*
 * Compile both states in memory and compare the manifests of all nodes that are enabled in either.  Nothing is
 * written.  A certificate or secret that a deploy would make first has a text in its place, the same in both states.
 * A state that cannot be read, and a state to be deployed that config_check() refuses, is an error.  A node that
 * cannot be compiled does not hide the others: *failed has what is wrong (ERR_CONFIG), NULL: nothing.
 */
NODISCARD
struct err	*compare_states(struct comparison *out, struct context *context, const struct question *question,
		    struct err **failed);
void		 comparison_fini(struct comparison *comparison);

/* Print what was found, with the differences of contents or without. */
void		 compare_print(const struct comparison *comparison, bool patches);
void		 compare_print_json(const struct comparison *comparison, bool patches);

/* The work tree, HEAD. */
extern const struct moment moment_disk, moment_head;

/* The whole of a command: compare, print as the options say, and fail with what failed. */
NODISCARD
struct err	*compare_command(struct context *context, const struct question *question, bool patches);

#endif
