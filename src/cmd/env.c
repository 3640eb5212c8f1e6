/* cmd: leap env: environments, and the one that the user works in. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "config/filter.h"
#include "repo/pin.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

/* All that words can say, those without nodes too; "default" when nodes are in none. */
static void
list_environments(struct strs *names, const struct config *config)
{
	const struct strs	 *known = config_environments(config);
	struct node		**nodes;
	size_t			  count = config_nodes(config, &nodes);

	for (size_t i = 0; i < known->count; i++)
		strs_add(names, known->items[i]);
	for (size_t i = 0; i < count; i++) {
		if (nodes[i]->environment == NULL && !strs_has(names, NO_ENVIRONMENT))
			strs_add(names, NO_ENVIRONMENT);
	}
	strs_sort(names);
}

static size_t
count_nodes(const struct config *config, const char *environment, bool enabled)
{
	struct node	**nodes;
	size_t		  count = config_nodes(config, &nodes), found = 0;

	for (size_t i = 0; i < count; i++)
		found += nodes[i]->enabled == enabled && strcmp(filter_environment(nodes[i]), environment) == 0;
	return found;
}

/* Who pins this environment, in words, or "". */
static const char *
pinned_by(const struct repo *repo, const char *environment)
{
	const char *leapfile = repo->leapfile.environment;

	if (repo->pin != NULL && strcmp(repo->pin, environment) == 0)
		return "by you";
	if (leapfile == NULL || strcmp(leapfile, environment) != 0)
		return "";
	return repo->pin != NULL ? "by the Leapfile, but you pinned another" : "by the Leapfile";
}

static void
ls_table(const struct context *context, const struct strs *names)
{
	static const char *const titles[] = { "ENVIRONMENT", "NODES", "DISABLED", "PINNED" };
	struct table *table = table_new(ARRAY_LEN(titles));

	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		table_add(table, "%s", titles[i]);
		table_color(table, TERM_BOLD);
	}
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		table_add(table, "%s", name);
		table_add(table, "%zu", count_nodes(context->config, name, true));
		table_add(table, "%zu", count_nodes(context->config, name, false));
		table_add(table, "%s", pinned_by(context->repo, name));
	}
	table_print(table, stdout);
	table_free(table);
}

static void
ls_json(const struct context *context, const struct strs *names)
{
	const struct repo	*repo = context->repo;
	json_t			*environments = json_object(), *root;
	struct buf		 text = { 0 };

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		json_object_set_new(environments, name, json_pack("{s:I, s:I}",
		    "nodes", (json_int_t)count_nodes(context->config, name, true),
		    "disabled", (json_int_t)count_nodes(context->config, name, false)));
	}
	root = json_pack("{s:o, s:s?, s:s?}", "environments", environments, "pinned", repo_environment(repo),
	    "by", repo->pin != NULL ? "user" : repo->leapfile.environment != NULL ? "Leapfile" : NULL);
	json_pretty(root, &text);
	out("%s", buf_text(&text));
	buf_fini(&text);
	json_decref(root);
}

NODISCARD
static struct err *
env_ls_run(struct context *context)
{
	struct strs	 names = { 0 };
	const char	*pin = context->repo->pin;

	list_environments(&names, context->config);
	if (context->json)
		ls_json(context, &names);
	else
		ls_table(context, &names);
	if (pin != NULL && !strs_has(&names, pin))
		note("you pinned \"%s\", which is no environment any more: leap env unpin\n", pin);
	strs_fini(&names);
	return NULL;
}

NODISCARD
static struct err *
unknown_environment(const struct strs *names, const char *name)
{
	const char	*near = strs_nearest(names, name);
	struct buf	 list = { 0 };
	struct err	*e = err_new(ERR_USAGE, "unknown environment \"%s\"", name);

	strs_join(names, ", ", &list);
	if (near != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	else
		e = err_hint(e, "there are %s", buf_text(&list));
	buf_fini(&list);
	return e;
}

NODISCARD
static struct err *
env_pin_run(struct context *context)
{
	const char	*name = context->args[0], *leapfile = context->repo->leapfile.environment;
	struct strs	 names = { 0 };
	struct err	*e;

	list_environments(&names, context->config);
	e = strs_has(&names, name) ? pin_write(context->repo, name) : unknown_environment(&names, name);
	strs_fini(&names);
	if (e != NULL)
		return e;
	note("from now on you work on %zu node%s in environment %s\n", count_nodes(context->config, name, true),
	    count_nodes(context->config, name, true) == 1 ? "" : "s", name);
	if (leapfile != NULL && strcmp(leapfile, name) != 0)
		note("the Leapfile pins %s for everybody else\n", leapfile);
	return NULL;
}

NODISCARD
static struct err *
env_unpin_run(struct context *context)
{
	const char	*leapfile = context->repo->leapfile.environment;
	struct err	*e = pin_write(context->repo, NULL);

	if (e != NULL)
		return e;
	if (leapfile != NULL)
		note("the Leapfile still pins environment %s\n", leapfile);
	else
		note("no environment is pinned\n");
	return NULL;
}

const struct cmd cmd_env_ls = {
	.name = "env ls",
	.summary = "list the environments and their nodes, and which is pinned",
	.needs = CMD_CONFIG | CMD_READ_ONLY,
	.run = env_ls_run,
};

const struct cmd cmd_env_pin = {
	.name = "env pin",
	.args = "ENVIRONMENT",
	.summary = "work on the nodes of one environment, until unpinned",
	.details = "Commands that take a FILTER choose among its nodes, unless words name another environment, or a node.\n"
	    "It is your choice on this machine, kept outside of the instance, and goes before the Leapfile's.\n"
	    "Nothing about any node's configuration changes.",
	.needs = CMD_CONFIG | CMD_READ_ONLY,
	.min_args = 1,
	.max_args = 1,
	.run = env_pin_run,
};

const struct cmd cmd_env_unpin = {
	.name = "env unpin",
	.summary = "work on the nodes of all environments again",
	.needs = CMD_INSTANCE,
	.run = env_unpin_run,
};
