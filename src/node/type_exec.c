/* node: exec resources, guarded commands. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/err.h"
#include "base/file.h"
#include "node/run.h"
#include "node/tool.h"

/* All guards that are there must let it pass. */
static struct err *
inspect(struct run *run, struct item *item)
{
	const char	*creates = item_str(item, "creates"), *unless = item_str(item, "unless");
	struct err	*e = NULL;
	bool		 done = false;

	if (json_array_size(json_object_get(item->want, "on")) > 0 && run_owed(run, item) == NULL)
		return NULL;
	if (creates != NULL && file_exists(creates))
		return NULL;
	if (unless != NULL)
		e = tool_test(unless, SCRIPT_SECONDS, &done, NULL);
	if (e == NULL && !done)
		item_step(item, "run", NULL);
	return e;
}

static struct err *
apply(struct run *run, struct item *item)
{
	const char	*argv[] = { "/bin/sh", "-eu", "-c", item_str(item, "command"), NULL };
	const char	*creates = item_str(item, "creates");
	struct err	*e;

	e = tool_run(argv, NULL, SCRIPT_SECONDS, NULL);
	/* A command may do anything. */
	dpkg_forget(&run->dpkg);
	accounts_forget(&run->accounts);
	systemd_forget(&run->systemd);
	if (e == NULL && creates != NULL && !file_exists(creates))
		e = err_hint(err_new(ERR_FAILED, "the command was successful, but %s is not there", creates),
		    "it would run at every deploy");
	return e;
}

/* What a command did cannot be known, so nothing is undone. */
static struct err *
inspect_gone(struct run *run, struct item *item)
{
	(void)run;
	(void)item;
	return NULL;
}

const struct type type_exec = {
	.name = "exec",
	.inspect = inspect,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = inspect_gone,
};
