/* cmd: leap deploy. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "ssh/ssh.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define LOCK_WAIT_MAX	3600u	/* seconds; nodes refuse more */

static const struct opt deploy_opts[] = {
	FLEET_OPT_THOROUGH, FLEET_OPT_PURGE,
	{ 0, "--lock-wait", "SECONDS", "wait for somebody else's deploy for so long, 3600 at most" },
	FLEET_OPT_PARALLEL, { 0 },
};

/* Show what would change and ask.  *go is false when the answer is no or there is nothing to do. */
static struct err *
plan_and_ask(struct fleet *fleet, bool *go)
{
	size_t		 changes = 0;
	struct err	*e;
	char		*question;

	*go = false;
	if (fleet->context->json)
		return err_new(ERR_USAGE, "--json wants --yes, too: a question is no JSON");
	if (!isatty(STDIN_FILENO))
		return err_hint(err_new(ERR_USAGE, "no terminal to ask on whether to deploy"),
		    "say --yes to deploy without a question, or see what would change with: leap plan");
	if ((e = fleet_push(fleet, "plan")) != NULL)
		return e;
	if (ssh_stopped())
		return err_new(ERR_FAILED, "interrupted: nothing was changed");
	fleet_print_plan(fleet);
	fleet_drop_failed(fleet);
	for (size_t i = 0; i < fleet->pushable; i++)
		changes += fleet->jobs[i].changed + fleet->jobs[i].restarted;
	if (changes == 0)
		return NULL;
	question = xasprintf("deploy to %zu of %zu nodes?", fleet->pushable, fleet->nodes.count);
	e = ask_yes(go, "say --yes to deploy without a question", question);
	free(question);
	return e;
}

static struct err *
deploy_run(struct context *context)
{
	struct fleet	 fleet;
	bool		 go = true;
	unsigned	 lock_wait = 0;
	struct err	*e = fleet_number(context, "--lock-wait", LOCK_WAIT_MAX, &lock_wait);

	if (e != NULL)
		return e;
	e = fleet_init(&fleet, context, PREPARE_CERTS_UPDATE);
	fleet.lock_wait = lock_wait;
	if (e == NULL && !context->yes)
		e = plan_and_ask(&fleet, &go);
	if (e == NULL && go)
		e = fleet_push(&fleet, "apply");
	if (e == NULL && go)
		e = fleet_report(&fleet, "apply");
	else if (e == NULL)
		e = fleet_errors(&fleet);
	fleet_fini(&fleet);
	return e;
}

const struct cmd cmd_deploy = {
	.name = "deploy",
	.args = "[FILTER...]",
	.summary = "bring nodes to their declared state",
	.details = "Checks the configuration, renews certificates that need it, shows what would change on each node,\n"
	    "asks, and applies it, many nodes at once.  A node that fails does not stop the others.",
	.opts = deploy_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = deploy_run,
};
