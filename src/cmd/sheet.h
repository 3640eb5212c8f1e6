/* cmd: properties of nodes in rows and columns, as a table, CSV or JSON. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SHEET_H
#define CMD_SHEET_H

#include "base/strs.h"

#include <jansson.h>

struct node_list;

/* All zeros is an empty sheet. */
struct sheet {
	const struct node_list	*nodes;		/* a row each; borrowed */
	struct strs		 properties;	/* a column each */
	json_t			**cells;	/* by column, then by row; NULL: the node has no such property */
};

/*
 * Evaluate the properties of the nodes, as they may be shown.  One that no node has is an error, and so is one that
 * is there and cannot be evaluated.  sheet_fini() also after an error.
 */
NODISCARD
struct err	*sheet_fill(struct sheet *sheet, const struct node_list *nodes, const struct strs *properties);
void		 sheet_fini(struct sheet *sheet);

/*
 * Put the nodes into the order of a property: numbers, then texts as str_natural() has them, then all else; nodes that
 * lack it come last.  Equal ones, and without a property all, are in the order of their names.
 */
NODISCARD
struct err	*sheet_sort(struct node_list *nodes, const char *property);

/* Print it as a table; `titles` are the columns' instead of the properties' names, or NULL. */
void		 sheet_table(const struct sheet *sheet, const char *const *titles);

/* Print it as CSV (RFC 4180, lines end in a newline), with a head of "node" and the properties. */
void		 sheet_csv(const struct sheet *sheet);

/* Print it as JSON, { "NODE": { "PROPERTY": VALUE } }, without what nodes do not have. */
void		 sheet_json(const struct sheet *sheet);

#endif
