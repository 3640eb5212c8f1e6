/* config: choosing nodes by what they are called, what they are, and what they have. */
/* May know schema, lua, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_FILTER_H
#define CONFIG_FILTER_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct config;
struct node;

struct node_list {
	struct node	**items;	/* borrowed from the config, sorted by name */
	size_t		  count;
	const char	 *pinned;	/* the pinned environment, if there might be more nodes without; borrowed */
};

enum { FILTER_DISABLED = 1 };		/* disabled nodes too */

/*
 * The nodes that the words select.  A word is a sign and what it is about:
 *
 *	NAME		a node, a service, an environment or a tag, in that order, or a node's full domain name
 *	/REGEX/		nodes whose name the regular expression matches somewhere
 *	PROP=VALUE	nodes with this value of the property, or with it in the property, a list
 *	PROP!=VALUE	all other nodes, those without the property too
 *
 *	WORD		adds these nodes
 *	+WORD		keeps of those chosen so far the ones that are these, too; the first word adds
 *	-WORD, !WORD	leaves these out; the first word leaves them out of all
 *
 * Words apply from left to right.  Environments do not: wherever they stand they come first and restrict all the
 * others; among themselves they add, keep and leave out in the same way.  The word for no environment is "default".
 *
 * The pinned environment (repo_environment()) restricts as long as no word adds one; nodes that are named are chosen
 * nevertheless, unless words are about environments.  No words: all nodes, as far as pinned.
 *
 * Values are compared as text: 80, true and null are what JSON calls so.  Of the nodes' properties only those that
 * words are about are evaluated, and only of the nodes where it matters; an error in one of those is returned.
 * All else that fails is ERR_USAGE: a name or a property that nothing has, with a suggestion; a broken regular
 * expression; a node that is disabled; and that no node is left.
 */
NODISCARD
struct err	*filter_select(struct node_list *out, struct config *config, char *const *words, size_t count,
		    unsigned flags);
void		 node_list_fini(struct node_list *list);

/* Whether a word, without sign, means something here. */
bool		 filter_knows(struct config *config, const char *word);

/* The word for the environment that the node is in. */
const char	*filter_environment(const struct node *node);

#endif
