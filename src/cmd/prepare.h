/* cmd: what compile, plan, deploy and test make sure of before they go on. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_PREPARE_H
#define CMD_PREPARE_H

#include "base/mem.h"

struct context;
struct node_list;
struct strs;

/* What becomes of certificates that are missing or stale. */
enum prepare_certs {
	PREPARE_CERTS_IGNORE,
	PREPARE_CERTS_LOOK,	/* a stale one is said to the user, a missing one fails */
	PREPARE_CERTS_UPDATE,	/* they are made */
};

/*
 * Show the configuration's warnings, check these nodes, then their certificates.  Macros may have read old
 * certificates: where new ones were made, context->config is loaded anew and the list has that one's nodes.
 */
NODISCARD
struct err	*prepare_nodes(struct context *context, struct node_list *nodes, enum prepare_certs certs);

/*
 * err_join(), each text once: nodes share recipes, so that one mistake in a recipe is many nodes' error.
 * `seen` is what was joined so far, empty at the start, the caller's.
 */
NODISCARD
struct err	*prepare_join(struct err *take_all, struct err *take_e, struct strs *seen);

#endif
