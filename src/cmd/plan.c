/* cmd: leap plan. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/fleet.h"

#include <stdint.h>

static const struct opt plan_opts[] = {
	FLEET_OPT_THOROUGH, FLEET_OPT_PURGE, FLEET_OPT_PARALLEL, { 0 },
};

static struct err *
plan_run(struct context *context)
{
	struct fleet	 fleet;
	struct err	*e = fleet_init(&fleet, context, PREPARE_CERTS_LOOK);

	if (e == NULL)
		e = fleet_push(&fleet, "plan");
	if (e == NULL)
		e = fleet_report(&fleet, "plan");
	fleet_fini(&fleet);
	return e;
}

const struct cmd cmd_plan = {
	.name = "plan",
	.args = "[FILTER...]",
	.summary = "show what a deploy would change on each node",
	.details = "It is the deploy itself, stopped before it acts: nothing on the nodes or in the instance is touched.\n"
	    "Certificates that need it are not renewed, only named.",
	.opts = plan_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = plan_run,
};
