/* cmd: the nodes that a command's words choose. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/select.h"

#include "cmd/cmd.h"
#include "repo/repo.h"

struct err *
select_nodes(struct node_list *out, const struct context *context, size_t first, unsigned flags)
{
	const struct repo	*repo = context->repo;
	struct err		*e;

	e = filter_select(out, context->config, context->args + first, context->arg_count - first, flags);
	if (e == NULL && out->pinned != NULL)
		note("only nodes in environment %s: pinned by %s\n", out->pinned,
		    repo->pin != NULL ? "you, \"leap env unpin\" ends that" : "the Leapfile");
	return e;
}
