/* cmd: leap deploy. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "cmd/plan_file.h"
#include "cmd/retry.h"
#include "cmd/rollout.h"
#include "cmd/rollover.h"
#include "cmd/seal.h"
#include "base/json.h"
#include "repo/repo.h"
#include "ssh/ssh.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define LOCK_WAIT_MAX	3600u	/* seconds; nodes refuse more */
#define RATE_MAX	(1u << 24)	/* KiB a second */

static const struct opt deploy_opts[] = {
	FLEET_OPT_REV,
	{ 0, "--unsigned", NULL, "deploy although the vault is not as a sysadmin signed it" },
	{ 0, "--batch", "N|P%", "at most so many nodes, or such a part of them, at once" },
	{ 0, "--canary", "N", "so many nodes first, and all of them must work before others follow" },
	{ 0, "--max-fail", "N", "go on with the next batch though up to N nodes failed, instead of none" },
	{ 0, "--retry-failed", NULL, "only the nodes on which the last deploy failed" },
	{ 0, "--limit-rate", "KIB", "send at most so many KiB a second to all nodes together" },
	{ 0, "--timing", NULL, "show what each node spent its time on" },
	FLEET_OPT_THOROUGH, FLEET_OPT_PURGE,
	{ 0, "--lock-wait", "SECONDS", "wait for somebody else's deploy for so long, 3600 at most" },
	FLEET_OPT_CONFIRM, FLEET_OPT_KEEP, FLEET_OPT_PARALLEL, { 0 },
};

/* What the command line says. */
struct order {
	struct rollout	 rollout;
	unsigned	 lock_wait, limit_rate;
	json_t		*plan;		/* a saved one that is executed, or NULL */
	struct strs	 names;		/* its nodes, or those that failed */
	bool		 retry, keep;
	unsigned	 confirm;
	struct fleet_how how;
};

/* A saved plan brings its own nodes, revision and options. */
NODISCARD
static struct err *
use_plan(struct order *order, const struct context *context, const char *path)
{
	static const char *const	 options[] = { "--rev", "--retry-failed", "--thorough", "--purge-packages" };
	struct err			*e;

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (opt_get(context, options[i]) != NULL)
			return err_new(ERR_USAGE, "%s is no option for a saved plan, which is executed as it is", options[i]);
	if ((e = plan_read(&order->plan, path, context->repo)) != NULL)
		return e;
	json_keys(json_object_get(order->plan, "nodes"), &order->names);
	order->how.rev = json_str(order->plan, "rev");
	order->how.certs = PREPARE_CERTS_LOOK;
	order->how.planned = &order->names;
	return NULL;
}

NODISCARD
static struct err *
read_order(struct order *order, const struct context *context)
{
	const char	*path = NULL;
	struct err	*e = rollout_read(&order->rollout, context);

	order->how = (struct fleet_how){ .certs = PREPARE_CERTS_UPDATE, .rev = opt_get(context, "--rev") };
	if (order->how.rev != NULL)
		order->how.certs = PREPARE_CERTS_LOOK;	/* that state is as it was */
	if (e == NULL)
		e = fleet_number(context, "--lock-wait", 0, LOCK_WAIT_MAX, &order->lock_wait);
	if (e == NULL)
		e = fleet_number(context, "--limit-rate", 0, RATE_MAX, &order->limit_rate);
	order->confirm = FLEET_CONFIRM_SECONDS;
	if (e == NULL)
		e = fleet_number(context, "--confirm", 0, CONFIRM_MAX, &order->confirm);
	order->keep = opt_get(context, "--keep") != NULL;
	if (e == NULL)
		e = plan_find(&path, context);
	if (e == NULL && path != NULL)
		return use_plan(order, context, path);
	order->retry = opt_get(context, "--retry-failed") != NULL;
	if (e == NULL && order->retry)
		e = retry_read(&order->names, context->repo);
	if (order->retry)
		order->how.names = &order->names;
	return e;
}

static void
order_fini(struct order *order)
{
	json_decref(order->plan);
	strs_fini(&order->names);
}

/* Show what would change and ask.  *go is false when the answer is no or there is nothing to do. */
NODISCARD
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
	if ((e = fleet_plan(fleet)) != NULL)
		return e;
	if (ssh_stopped())
		return err_new(ERR_FAILED, "interrupted: nothing was changed");
	fleet_print_plan(fleet);
	fleet_drop_failed(fleet);
	for (size_t i = 0; i < fleet->pushable; i++) {
		changes += fleet->jobs[i].changed + fleet->jobs[i].restarted;
		fleet_expect(fleet, &fleet->jobs[i]);
	}
	if (changes == 0)
		return err_join(fleet_errors(fleet), retry_write(fleet));
	fleet->planned = true;
	question = xasprintf("deploy to %zu of %zu nodes?", fleet->pushable, fleet->nodes.count);
	e = ask_yes(go, "say --yes to deploy without a question", question);
	free(question);
	return e;
}

NODISCARD
static struct err *
deploy(struct fleet *fleet, const struct order *order)
{
	struct context	*context = fleet->context;
	bool		 go = true;
	struct err	*e = NULL;

	fleet->lock_wait = order->lock_wait;
	fleet->confirm = order->confirm;
	fleet->keep = order->keep;
	fleet->limit_rate = order->limit_rate;
	fleet->thorough = opt_get(context, "--thorough") != NULL;
	fleet->purge_packages = opt_get(context, "--purge-packages") != NULL;
	if (order->plan != NULL) {
		fleet->thorough = json_bool(order->plan, "thorough");
		fleet->purge_packages = json_bool(order->plan, "purge_packages");
		plan_expect(fleet, order->plan);
	} else if (!context->yes) {
		e = plan_and_ask(fleet, &go);
	}
	if (e != NULL || !go)
		return e != NULL ? e : fleet_errors(fleet);
	if ((e = rollout_run(fleet, &order->rollout)) == NULL)
		e = err_join(retry_write(fleet), rollover_note(fleet, false));
	return err_join(fleet_report(fleet, opt_get(context, "--timing") != NULL ? "timing" : "apply"), e);
}

static struct err *
deploy_run(struct context *context)
{
	struct order	 order = { 0 };
	struct fleet	 fleet = { 0 };
	struct err	*e = read_order(&order, context);

	if (e == NULL)
		e = retry_check();
	if (e == NULL && order.retry && order.names.count == 0) {
		note("no deploy of yours failed on any node\n");
		goto out;
	}
	if (e != NULL)
		goto out;
	if ((e = seal_check(context->repo, opt_get(context, "--unsigned") != NULL)) == NULL)
		e = fleet_init(&fleet, context, &order.how);
	if (e == NULL && fleet.nodes.count == 0)
		note("no deploy of yours failed on any of these nodes\n");
	else if (e == NULL)
		e = deploy(&fleet, &order);
	fleet_fini(&fleet);
out:
	order_fini(&order);
	return e;
}

const struct cmd cmd_deploy = {
	.name = "deploy",
	.args = "[FILTER...] | FILE",
	.summary = "bring nodes to their declared state",
	.details = "Checks the configuration, renews certificates that need it, shows what would change on each node,\n"
	    "asks, and applies it, many nodes at once, but never on all nodes of a service together.\n"
	    "A node that fails does not stop the others of its batch.  FILE is a plan that leap plan -o wrote:\n"
	    "just that is done, without a question, and a node that is not as it was then is refused.",
	.opts = deploy_opts,
	.needs = CMD_INSTANCE,
	.max_args = SIZE_MAX,
	.run = deploy_run,
};
