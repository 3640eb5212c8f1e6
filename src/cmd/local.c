/* cmd: leap local: nodes on this machine, to try changes on. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/local.h"

#include "base/json.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "config/filter.h"
#include "repo/repo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
say(void *context, const char *text)
{
	(void)context;
	note("%s\n", text);
}

struct local_net
local_net_of(const struct repo *repo)
{
	return (struct local_net){
		.instance = repo->root,
		.network = repo->leapfile.local_network,
		.release = repo->leapfile.local_release,
		.mirror = repo->leapfile.local_mirror,
	};
}

/* The keys of all sysadmins: on a node that was never deployed to, each of them may log in as root. */
NODISCARD
static struct err *
read_authorized_keys(const struct repo *repo, struct buf *out)
{
	struct strs	 users = { 0 };
	struct err	*e;

	e = repo_list(repo, "users", "", &users);
	for (size_t i = 0; e == NULL && i < users.count; i++) {
		char *path = xasprintf("users/%1$s/%1$s_ssh.pub", users.items[i]);

		if (repo_has(repo, path)) {
			e = repo_read(repo, path, out);
			if (out->len > 0 && out->data[out->len - 1] != '\n')
				buf_addc(out, '\n');
		}
		free(path);
	}
	strs_fini(&users);
	if (e == NULL && out->len == 0)
		e = err_hint(err_new(ERR_CONFIG, "no sysadmin has a key, so nobody could log in to the nodes"),
		    "leap user add --self");
	return e;
}

/* The nodes among those that the words select which are to run on this machine. */
NODISCARD
static struct err *
select_local(struct node_list *out, struct config *config, char *const *words, size_t count)
{
	struct err	*e;
	size_t		 kept = 0;

	if ((e = filter_select(out, config, words, count, 0)) != NULL)
		return e;
	for (size_t i = 0; i < out->count; i++) {
		if (strs_has(&out->items[i]->tags, LOCAL_TAG))
			out->items[kept++] = out->items[i];
	}
	out->count = kept;
	if (kept > 0)
		return NULL;
	e = err_new(ERR_USAGE, "no node %s the tag \"" LOCAL_TAG "\"", count > 0 ? "of this selection has" : "has");
	if (out->pinned != NULL)
		return err_hint(e, "environment %s is pinned: \"leap env ls\" shows by whom", out->pinned);
	return err_hint(e, "leap node add NAME --local");
}

NODISCARD
static struct err *
describe_nodes(struct local_node *out, const struct node_list *nodes, const char *keys)
{
	struct err	*e = NULL, *one;

	for (size_t i = 0; i < nodes->count; i++) {
		struct node *node = nodes->items[i];

		out[i] = (struct local_node){ .name = node->name, .authorized_keys = keys };
		one = node_text(node, "ip_address", &out[i].address);
		if (one == NULL && out[i].address == NULL)
			one = err_hint(err_new(ERR_CONFIG, "node %s has no ip_address", node->name),
			    "give it one in nodes/%s.json, in the Leapfile's local.network", node->name);
		e = err_join(e, one);
	}
	return e;
}

static struct err *
local_start_run(struct context *context)
{
	struct local_net	 net = local_net_of(context->repo);
	struct node_list	 nodes = { 0 };
	struct local_node	*local = NULL;
	struct buf		 keys = { 0 };
	struct err		*e;

	if ((e = select_local(&nodes, context->config, context->args, context->arg_count)) != NULL ||
	    (e = read_authorized_keys(context->repo, &keys)) != NULL)
		goto out;
	local = xcalloc(nodes.count, sizeof(*local));
	if ((e = describe_nodes(local, &nodes, buf_text(&keys))) == NULL)
		e = local_start(&net, local, nodes.count, say, NULL);
out:
	free(local);
	node_list_fini(&nodes);
	buf_fini(&keys);
	return e;
}

/* Whether each word is the name of a node that has a disk here. */
static bool
all_are_names(char *const *words, size_t count, const struct strs *here)
{
	for (size_t i = 0; i < count; i++) {
		if (!strs_has(here, words[i]))
			return false;
	}
	return true;
}

NODISCARD
static struct err *
list_names(const struct local_net *net, struct strs *out)
{
	struct local_status	*list;
	size_t			 count;
	struct err		*e;

	if ((e = local_list(net, &list, &count)) != NULL)
		return e;
	for (size_t i = 0; i < count; i++)
		strs_add(out, list[i].name);
	local_list_free(list, count);
	return NULL;
}

/*
 * The nodes to stop or remove.  Their own names need no configuration: nodes that it has no more, or that a mistake
 * in it hides, must be got rid of all the same.
 */
NODISCARD
static struct err *
choose_names(struct context *context, const struct local_net *net, struct strs *out)
{
	struct node_list	 nodes = { 0 };
	struct config		*config = NULL;
	struct strs		 here = { 0 };
	struct err		*e;

	if ((e = list_names(net, &here)) != NULL)
		goto out;
	if (all_are_names(context->args, context->arg_count, &here)) {
		for (size_t i = 0; i < here.count && context->arg_count == 0; i++)
			strs_add(out, here.items[i]);
		for (size_t i = 0; i < context->arg_count; i++)
			strs_add(out, context->args[i]);
		goto out;
	}
	if ((e = config_load(&config, context->repo)) != NULL ||
	    (e = select_local(&nodes, config, context->args, context->arg_count)) != NULL)
		goto out;
	for (size_t i = 0; i < nodes.count; i++) {
		if (strs_has(&here, nodes.items[i]->name))
			strs_add(out, nodes.items[i]->name);
	}
out:
	strs_fini(&here);
	node_list_fini(&nodes);
	config_free(config);
	return e;
}

static struct err *
local_stop_run(struct context *context)
{
	struct local_net	 net = local_net_of(context->repo);
	struct strs		 names = { 0 };
	struct err		*e;

	e = choose_names(context, &net, &names);
	if (e == NULL && names.count == 0)
		note("no local nodes to stop\n");
	else if (e == NULL)
		e = local_stop(&net, &names, say, NULL);
	strs_fini(&names);
	return e;
}

NODISCARD
static struct err *
ask_removal(bool *yes, const struct strs *names)
{
	struct buf	 question = { 0 };
	struct err	*e;

	buf_adds(&question, "remove the disks of ");
	strs_join(names, ", ", &question);
	buf_addc(&question, '?');
	e = ask_yes(yes, "say --yes to remove them without a question", buf_text(&question));
	buf_fini(&question);
	return e;
}

static struct err *
local_rm_run(struct context *context)
{
	struct local_net	 net = local_net_of(context->repo);
	struct strs		 names = { 0 };
	bool			 yes = context->yes;
	struct err		*e;

	if ((e = choose_names(context, &net, &names)) != NULL)
		goto out;
	if (names.count == 0) {
		note("no local nodes to remove\n");
		goto out;
	}
	if (!yes && (e = ask_removal(&yes, &names)) != NULL)
		goto out;
	if (yes)
		e = local_remove(&net, &names, say, NULL);
	else
		note("nothing was removed\n");
out:
	strs_fini(&names);
	return e;
}

/* A row: in the table, and in the JSON. */
static void
add_row(struct table *table, json_t *array, const char *name, const char *address, const char *state)
{
	table_add(table, "%s", name);
	table_add(table, "%s", address != NULL ? address : "-");
	table_add(table, "%s", state);
	table_color(table, strcmp(state, "running") == 0 ? TERM_GREEN : TERM_PLAIN);
	json_array_append_new(array, json_pack("{s:s, s:s?, s:s}", "node", name, "address", address, "state", state));
}

/* The nodes that are here, and those that the configuration would have here; sorted. */
static void
collect_names(struct config *config, const struct local_status *list, size_t count, struct strs *out)
{
	struct node	**nodes;
	size_t		  node_count = config_nodes(config, &nodes);

	for (size_t i = 0; i < count; i++)
		strs_add(out, list[i].name);
	for (size_t i = 0; i < node_count; i++) {
		if (nodes[i]->enabled && strs_has(&nodes[i]->tags, LOCAL_TAG) && !strs_has(out, nodes[i]->name))
			strs_add(out, nodes[i]->name);
	}
	strs_sort(out);
}

static const char *
state_of(const char *name, const struct local_status *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) == 0)
			return list[i].running ? "running" : "stopped";
	}
	return "new";
}

static struct err *
local_ls_run(struct context *context)
{
	struct local_net	 net = local_net_of(context->repo);
	struct local_status	*list = NULL;
	struct strs		 names = { 0 };
	struct table		*table = table_new(3);
	json_t			*array = json_array();
	struct buf		 text = { 0 };
	struct err		*e;
	size_t			 count = 0;

	if ((e = local_list(&net, &list, &count)) != NULL)
		goto out;
	collect_names(context->config, list, count, &names);
	table_add(table, "NODE");
	table_add(table, "ADDRESS");
	table_add(table, "STATE");
	for (size_t i = 0; i < names.count; i++) {
		struct node	*node = config_node(context->config, names.items[i]);
		const char	*address = NULL;

		if (node != NULL && (e = node_text(node, "ip_address", &address)) != NULL)
			goto out;
		add_row(table, array, names.items[i], address, state_of(names.items[i], list, count));
	}
	if (context->json) {
		json_pretty(array, &text);
		out("%s", buf_text(&text));
	} else if (names.count > 0) {
		table_print(table, stdout);
	} else {
		note("no local nodes yet: leap node add NAME --local\n");
	}
out:
	local_list_free(list, count);
	strs_fini(&names);
	buf_fini(&text);
	json_decref(array);
	table_free(table);
	return e;
}

const struct cmd cmd_local_start = {
	.name = "local start",
	.args = "[FILTER...]",
	.summary = "boot nodes on this machine",
	.details = "Boots the nodes that have the tag \"" LOCAL_TAG "\" as real Debian systems, at their ip_address\n"
	    "in the Leapfile's local.network, and waits until they answer.  Each sysadmin's key may log in as root.\n"
	    "The first start makes a Debian root in /var/cache/leap.  Needs root.",
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = local_start_run,
};

const struct cmd cmd_local_stop = {
	.name = "local stop",
	.args = "[FILTER...]",
	.summary = "power off nodes on this machine",
	.details = "Their disks stay, for the next start.  With the last node its network goes too.  Needs root.",
	.needs = CMD_INSTANCE,
	.max_args = SIZE_MAX,
	.run = local_stop_run,
};

const struct cmd cmd_local_ls = {
	.name = "local ls",
	.summary = "list the nodes on this machine",
	.details = "A node is running, stopped, or new: it has no disk yet.",
	.needs = CMD_CONFIG,
	.run = local_ls_run,
};

const struct cmd cmd_local_rm = {
	.name = "local rm",
	.args = "[FILTER...]",
	.summary = "power off nodes on this machine and remove their disks",
	.details = "The configuration stays, and so does the Debian root in /var/cache/leap.  Needs root.",
	.needs = CMD_INSTANCE,
	.max_args = SIZE_MAX,
	.run = local_rm_run,
};
