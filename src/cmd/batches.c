/* cmd: which nodes are deployed to together, and which only after others. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/batches.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NO_BATCH	SIZE_MAX

static bool
fits(const struct batch_node *node, const size_t *down, const struct batch_limits *limits)
{
	for (size_t i = 0; i < node->group_count; i++)
		if (down[node->groups[i]] >= limits->down[node->groups[i]])
			return false;
	return true;
}

/* The lowest rank that is left; false when nothing is. */
static bool
next_rank(const struct batch_node *nodes, size_t count, unsigned *rank)
{
	bool	 left = false;

	for (size_t i = 0; i < count; i++) {
		if (nodes[i].batch != NO_BATCH || (left && nodes[i].rank >= *rank))
			continue;
		*rank = nodes[i].rank;
		left = true;
	}
	return left;
}

/* One batch; of canaries, and of nothing else, as long as any are left. */
static void
fill(struct batch_node *nodes, size_t count, const struct batch_limits *limits, unsigned rank, size_t number,
    size_t *canaries)
{
	bool	 canary = *canaries > 0;
	size_t	 size = canary && (limits->size == 0 || *canaries < limits->size) ? *canaries : limits->size, used = 0;
	size_t	*down = xcalloc(limits->groups + 1, sizeof(*down));

	for (size_t i = 0; i < count && (size == 0 || used < size); i++) {
		if (nodes[i].batch != NO_BATCH || nodes[i].rank != rank || !fits(&nodes[i], down, limits))
			continue;
		nodes[i].batch = number;
		nodes[i].canary = canary;
		used++;
		for (size_t k = 0; k < nodes[i].group_count; k++)
			down[nodes[i].groups[k]]++;
	}
	*canaries -= canary ? used : 0;
	free(down);
}

size_t
batches_make(struct batch_node *nodes, size_t count, const struct batch_limits *limits)
{
	size_t	 batches = 0, canaries = limits->canary;
	unsigned rank = 0;

	for (size_t i = 0; i < count; i++) {
		nodes[i].batch = nodes[i].idle ? 0 : NO_BATCH;
		nodes[i].canary = false;
	}
	while (next_rank(nodes, count, &rank))
		fill(nodes, count, limits, rank, batches++, &canaries);
	return batches == 0 && count > 0 ? 1 : batches;
}
