/* cmd: leap ssh. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "config/config.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct err *
find_node(struct node **out, struct context *context)
{
	struct node_list	 list = { 0 };
	struct err		*e = filter_select(&list, context->config, context->args, 1, FILTER_DISABLED);

	if (e == NULL && list.count != 1)
		e = err_hint(err_new(ERR_USAGE, "\"%s\" is %zu nodes", context->args[0], list.count),
		    "ssh wants one node; for many there is: leap run COMMAND FILTER");
	if (e == NULL)
		*out = list.items[0];
	node_list_fini(&list);
	return e;
}

static struct err *
ssh_run_command(struct context *context)
{
	struct fleet_target	 target = { 0 };
	struct strs		 words = { 0 };
	struct node		*node = NULL;
	char			**argv;
	struct err		*e = find_node(&node, context);

	if (e == NULL)
		e = fleet_target(&target, context, node);
	if (e != NULL)
		goto out;
	ssh_arguments(&words, &target.ssh, true);
	for (size_t i = 1; i < context->arg_count; i++)
		strs_add(&words, context->args[i]);
	argv = xcalloc(words.count + 1, sizeof(*argv));
	for (size_t i = 0; i < words.count; i++)
		argv[i] = words.items[i];
	fflush(NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	free(argv);
	e = err_hint(err_errno(ERR_FAILED, "cannot start ssh"), "apt-get install openssh-client");
out:
	strs_fini(&words);
	fleet_target_fini(&target);
	return e;
}

const struct cmd cmd_ssh = {
	.name = "ssh",
	.args = "NODE [COMMAND...]",
	.summary = "log in to a node, or run a command there",
	.details = "Runs the system's ssh, which trusts no other host key than the pinned one and writes no known_hosts.\n"
	    "What follows NODE is the command, its options too.",
	.needs = CMD_CONFIG | CMD_TAIL,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = ssh_run_command,
};
