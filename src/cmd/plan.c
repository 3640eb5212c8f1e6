/* cmd: leap plan. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "cmd/plan_file.h"
#include "cmd/seal.h"

#include <stdint.h>

static const struct opt plan_opts[] = {
	{ 'o', "--output", "FILE", "keep the plan, for leap deploy FILE" },
	FLEET_OPT_REV, FLEET_OPT_THOROUGH, FLEET_OPT_PURGE, FLEET_OPT_PARALLEL, { 0 },
};

static struct err *
plan_run(struct context *context)
{
	struct fleet_how how = { .certs = PREPARE_CERTS_LOOK, .rev = opt_get(context, "--rev") };
	const char	*file = opt_get(context, "--output");
	struct fleet	 fleet = { 0 };
	struct err	*e = seal_warn(context->repo), *kept = NULL;

	if (e == NULL)
		e = fleet_init(&fleet, context, &how);
	fleet.thorough = opt_get(context, "--thorough") != NULL;
	fleet.purge_packages = opt_get(context, "--purge-packages") != NULL;
	if (e == NULL)
		e = fleet_plan(&fleet);
	if (e == NULL && file != NULL)
		kept = plan_write(file, &fleet);
	if (e == NULL)
		e = err_join(fleet_report(&fleet, "plan"), kept);
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
	.needs = CMD_INSTANCE,
	.max_args = SIZE_MAX,
	.run = plan_run,
};
