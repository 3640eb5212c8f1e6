/* cmd: in which order nodes get something that they share. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/secret_order.h"

#include "base/buf.h"
#include "config/config.h"

#include <stdlib.h>

#define DEPTH_MAX	16u	/* services that need each other have no order */

/* How long the longest chain of services is that this one needs. */
static unsigned
service_depth(struct config *config, const char *service, unsigned level)
{
	const struct strs	*needs = level < DEPTH_MAX ? config_service_needs(config, service) : NULL;
	unsigned		 depth = 0, below;

	for (size_t i = 0; needs != NULL && i < needs->count; i++) {
		below = service_depth(config, needs->items[i], level + 1) + 1;
		depth = below > depth ? below : depth;
	}
	return depth;
}

static unsigned
node_depth(struct config *config, const char *name)
{
	const struct node	*node = config_node(config, name);
	unsigned		 depth = 0, one;

	for (size_t i = 0; node != NULL && i < node->services.count; i++) {
		one = service_depth(config, node->services.items[i], 0);
		depth = one > depth ? one : depth;
	}
	return depth;
}

void
secret_order(struct buf *out, struct config *config, const struct strs *nodes)
{
	unsigned	*depths = xcalloc(nodes->count + 1, sizeof(*depths)), last = 0;
	bool		 any;

	for (size_t i = 0; i < nodes->count; i++) {
		depths[i] = node_depth(config, nodes->items[i]);
		last = depths[i] > last ? depths[i] : last;
	}
	for (unsigned depth = 0; depth <= last; depth++) {
		any = false;
		for (size_t i = 0; i < nodes->count; i++) {
			if (depths[i] != depth)
				continue;
			buf_addf(out, "%s %s", any ? "" : "    leap deploy", nodes->items[i]);
			any = true;
		}
		buf_adds(out, any ? "\n" : "");
	}
	free(depths);
}
