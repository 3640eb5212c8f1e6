/* cmd: which nodes are deployed to together, and which only after others. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_BATCHES_H
#define CMD_BATCHES_H

#include <stdbool.h>
#include <stddef.h>

/* A node that is to be deployed to. */
struct batch_node {
	const size_t	*groups;	/* of whose members some must stay up; for one that is not in use yet, none */
	size_t		 group_count;
	unsigned	 rank;		/* nodes of a lower one are done before it begins */
	bool		 idle;		/* nothing changes on it: it goes with the first, whatever else does */

	size_t		 batch;		/* batches_make() fills these */
	bool		 canary;	/* others go only when it works */
};

struct batch_limits {
	const size_t	*down;		/* how many of each group may be down at once, at least 1 */
	size_t		 groups;
	size_t		 size;		/* nodes in a batch; 0: any */
	size_t		 canary;	/* so many that are not idle go before all others, in as many batches as it takes */
};

/*
 * Number the batches from 0, each as large as the limits and ranks allow, the nodes in the order they are given in.
 * Returns how many there are.
 */
size_t		 batches_make(struct batch_node *nodes, size_t count, const struct batch_limits *limits);

#endif
