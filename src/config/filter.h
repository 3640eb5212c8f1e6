/* config: choosing nodes by name, service, tag and environment. */
/* May know lua, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_FILTER_H
#define CONFIG_FILTER_H

#include "base/mem.h"

#include <stdbool.h>

struct config;
struct node;

struct node_list {
	struct node	**items;	/* borrowed from the config, sorted by name */
	size_t		  count;
};

enum { FILTER_DISABLED = 1 };		/* disabled nodes too */

/*
 * The nodes that the words select.  A word is the name of a node (or its full domain name), a service, an
 * environment or a tag, in that order; plain words unite, "+word" intersects.  Environment words restrict the rest.
 * No words: all nodes (of the pinned environment, when the Leapfile names one).  Unknown words fail with a
 * suggestion, an empty selection fails too; both are ERR_USAGE.
 */
NODISCARD
struct err	*filter_select(struct node_list *out, struct config *config, char *const *words, size_t count,
		    unsigned flags);
void		 node_list_fini(struct node_list *list);

#endif
