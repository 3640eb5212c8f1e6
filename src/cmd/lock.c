/* cmd: leap lock, leap unlock. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/ask.h"
#include "cmd/cmd.h"

#include "base/json.h"

#include <stdint.h>

static const struct opt lock_opts[] = {
	{ 0, "--why", "TEXT", "what to tell those who want to deploy" },
	FLEET_OPT_PARALLEL, { 0 },
};
static const struct opt unlock_opts[] = {
	{ 0, "--force", NULL, "end a deploy that is under way there, also one that hangs" },
	FLEET_OPT_PARALLEL, { 0 },
};

/* What the node says of somebody's work that goes on, or went on, in spite of no mark. */
static void
print_work(const struct push_job *job)
{
	const char	*running = json_str(job->data, "running"), *ended = json_str(job->data, "ended");

	if (running != NULL)
		out("%s is still worked on, which unlock --force ends: %s\n", job->target.name, running);
	if (ended != NULL)
		out("%s: ended, to be finished by the next deploy: %s\n", job->target.name, ended);
}

static struct err *
run(struct context *context, const struct fleet_push *what, const char *done)
{
	struct fleet	 fleet;
	struct err	*e = ask_init(&fleet, context, SIZE_MAX);

	if (e == NULL)
		e = ask(&fleet, *what);
	if (e == NULL && context->json)
		ask_print_json(&fleet);
	for (size_t i = 0; e == NULL && !context->json && i < fleet.nodes.count; i++)
		if (fleet.jobs[i].result == PUSH_OK) {
			out("%s %s\n", fleet.jobs[i].target.name, done);
			print_work(&fleet.jobs[i]);
		}
	if (e == NULL)
		e = fleet_errors(&fleet);
	fleet_fini(&fleet);
	return e;
}

static struct err *
lock_run(struct context *context)
{
	const char	*why = opt_get(context, "--why");

	if (why == NULL || *why == '\0')
		return err_hint(err_new(ERR_USAGE, "leap lock wants to know why"),
		    "--why \"the disk is being replaced\": others read it when they want to deploy");
	return run(context, &(struct fleet_push){ .op = "lock", .message = why }, "is locked: nobody deploys to it");
}

static struct err *
unlock_run(struct context *context)
{
	return run(context, &(struct fleet_push){ .op = "unlock", .force = opt_get(context, "--force") != NULL },
	    "may be deployed to");
}

const struct cmd cmd_lock = {
	.name = "lock",
	.args = "FILTER...",
	.summary = "let nobody deploy to nodes until they are unlocked",
	.details = "Whoever deploys to them is told who locked them, since when, and why.  Plans, tests and logins go on.",
	.opts = lock_opts,
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = lock_run,
};

const struct cmd cmd_unlock = {
	.name = "unlock",
	.args = "FILTER...",
	.summary = "allow deploys to nodes again",
	.details = "A deploy that is under way there is told, and goes on unless --force ends it.",
	.opts = unlock_opts,
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = unlock_run,
};
