/* cmd: leap test. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/fleet.h"

#include <stdint.h>

static const struct opt test_opts[] = { FLEET_OPT_PARALLEL, { 0 } };

static struct err *
test_run(struct context *context)
{
	struct fleet	 fleet;
	struct err	*e = fleet_init(&fleet, context, &(struct fleet_how){ .certs = PREPARE_CERTS_IGNORE });

	if (e == NULL)
		e = fleet_push(&fleet, &(struct fleet_push){ .op = "check", .count = fleet.pushable });
	if (e == NULL)
		e = fleet_report(&fleet, "check");
	fleet_fini(&fleet);
	return e;
}

const struct cmd cmd_test = {
	.name = "test",
	.args = "[FILTER...]",
	.summary = "run the checks of the nodes' services on the nodes",
	.details = "The checks are those that the services' recipes declare: ports that are open, pages that are served,\n"
	    "units that run.  Nothing is changed.",
	.opts = test_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = test_run,
};
