/* cmd: leap rollback. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/rollover.h"
#include "ssh/ssh.h"

#include <stdlib.h>

#define GENERATION_MAX	1000000000ul

static const struct opt rollback_opts[] = { FLEET_OPT_THOROUGH, FLEET_OPT_CONFIRM, FLEET_OPT_KEEP, FLEET_OPT_PARALLEL,
    { 0 } };

/* The second argument; 0 when there is none: the one before. */
static struct err *
read_generation(const struct context *context, unsigned *out)
{
	const char	*text = context->arg_count > 1 ? context->args[1] : "";
	char		*end;
	unsigned long	 number = strtoul(text, &end, 10);

	*out = 0;
	if (*text == '\0')
		return NULL;
	if (*text < '1' || *text > '9' || *end != '\0' || number > GENERATION_MAX)
		return err_hint(err_new(ERR_USAGE, "\"%s\" is no number of a generation", text), "leap history %s",
		    context->args[0]);
	*out = (unsigned)number;
	return NULL;
}

static struct err *
ask_first(const struct context *context, unsigned generation, bool *go)
{
	char		*question = generation == 0 ?
	    xasprintf("take %s back to the generation before the one it is in?", context->args[0]) :
	    xasprintf("take %s back to generation %u?", context->args[0], generation);
	struct err	*e = ask_yes(go, "say --yes to go back without a question", question);

	free(question);
	return e;
}

static struct err *
rollback_run(struct context *context)
{
	struct fleet	 fleet;
	unsigned	 generation;
	bool		 go = true;
	struct err	*e;

	if ((e = read_generation(context, &generation)) != NULL)
		return e;
	e = ask_init_one(&fleet, context);
	if (e == NULL)
		e = fleet_number(context, "--confirm", 0, CONFIRM_MAX, &fleet.confirm);
	fleet.keep = opt_get(context, "--keep") != NULL;
	fleet.thorough = opt_get(context, "--thorough") != NULL;
	if (e == NULL && !context->yes)
		e = ask_first(context, generation, &go);
	if (e == NULL && go)
		e = ask(&fleet, (struct fleet_push){ .op = "rollback", .generation = generation });
	if (e == NULL && go)
		e = err_join(fleet_report(&fleet, "rollback"), rollover_note(&fleet, true));
	fleet_fini(&fleet);
	return e;
}

const struct cmd cmd_rollback = {
	.name = "rollback",
	.args = "NODE [GENERATION]",
	.summary = "take a node back to what was deployed before",
	.details = "Without GENERATION, to the one before the one it is in; again, further back.  The node has all it needs\n"
	    "for that.  It is a deploy like any other, with checks, and a generation of its own; packages stay installed.",
	.opts = rollback_opts,
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = 2,
	.run = rollback_run,
};
