/* cmd: the nodes that a command's words choose. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SELECT_H
#define CMD_SELECT_H

#include "config/filter.h"

struct context;

/*
 * filter_select() by the command's arguments from number `first` on.  Where a pinned
 * environment keeps nodes out, the user is told.
 */
NODISCARD
struct err	*select_nodes(struct node_list *out, const struct context *context, size_t first, unsigned flags);

#endif
