/* cmd: leap compile. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/json.h"
#include "cmd/prepare.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "config/filter.h"
#include "recipe/recipe.h"
#include "repo/repo.h"
#include "wire/manifest.h"

#include <stdlib.h>
#include <string.h>

#define OUTPUT_DIR	"compiled"
#define DNS_DIR		"services/dns"

/* What compiling changed: paths in the instance. */
struct outcome {
	struct strs	created, changed, removed;
	size_t		count;
};

/* Run every node's recipes, for their errors. */
NODISCARD
static struct err *
check_recipes(const struct node_list *nodes)
{
	struct strs	 seen = { 0 };
	struct manifest	 manifest;
	struct err	*all = NULL, *e;

	for (size_t i = 0; i < nodes->count; i++) {
		if ((e = recipe_run(&manifest, nodes->items[i])) != NULL)
			all = prepare_join(all, e, &seen);
		else
			manifest_fini(&manifest);
	}
	strs_fini(&seen);
	return all;
}

NODISCARD
static struct err *
write_node(const struct repo *repo, struct node *node, const struct buf *text, struct outcome *outcome)
{
	char		*path = xasprintf(OUTPUT_DIR "/%s.yaml", node->name);
	bool		 there = repo_has(repo, path), changed = false;
	struct err	*e = repo_write(repo, path, buf_text(text), text->len, 0644, &changed);

	if (e == NULL && changed)
		strs_add(there ? &outcome->changed : &outcome->created, path);
	free(path);
	return e;
}

/* Nothing is written unless everything can be. */
NODISCARD
static struct err *
write_nodes(const struct repo *repo, const struct node_list *nodes, struct outcome *outcome)
{
	struct buf	*texts = xcalloc(nodes->count, sizeof(*texts));
	struct err	*e = NULL;
	size_t		 i;

	for (i = 0; e == NULL && i < nodes->count; i++)
		e = node_yaml(nodes->items[i], &texts[i]);
	for (i = 0; e == NULL && i < nodes->count; i++)
		e = write_node(repo, nodes->items[i], &texts[i], outcome);
	for (i = 0; i < nodes->count; i++)
		buf_fini(&texts[i]);
	free(texts);
	return e;
}

/* The output of nodes that are no more goes; that of disabled ones stays as it was. */
NODISCARD
static struct err *
remove_stale(struct context *context, struct outcome *outcome)
{
	struct strs	 names = { 0 };
	struct err	*e = repo_list(context->repo, OUTPUT_DIR, ".yaml", &names);

	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *path, *full;

		if (config_node(context->config, names.items[i]) != NULL)
			continue;
		path = xasprintf(OUTPUT_DIR "/%s.yaml", names.items[i]);
		full = path_join(context->repo->root, path);
		if ((e = dir_remove(full)) == NULL)
			strs_add(&outcome->removed, path);
		free(path);
		free(full);
	}
	strs_fini(&names);
	return e;
}

static void
report_json(const struct outcome *outcome)
{
	json_t		*root = json_object();
	struct buf	 text = { 0 };

	json_object_set_new(root, "nodes", json_integer((json_int_t)outcome->count));
	json_object_set_new(root, "created", json_strs(&outcome->created));
	json_object_set_new(root, "changed", json_strs(&outcome->changed));
	json_object_set_new(root, "removed", json_strs(&outcome->removed));
	json_pretty(root, &text);
	out("%s", buf_text(&text));
	buf_fini(&text);
	json_decref(root);
}

static void
report(const struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->created.count; i++)
		out("created  %s\n", outcome->created.items[i]);
	for (size_t i = 0; i < outcome->changed.count; i++)
		out("changed  %s\n", outcome->changed.items[i]);
	for (size_t i = 0; i < outcome->removed.count; i++)
		out("removed  %s\n", outcome->removed.items[i]);
	if (outcome->created.count + outcome->changed.count + outcome->removed.count == 0)
		out("%zu node%s compiled, nothing changed\n", outcome->count, outcome->count == 1 ? "" : "s");
	else
		out("%zu node%s compiled: %zu created, %zu changed, %zu removed\n", outcome->count,
		    outcome->count == 1 ? "" : "s", outcome->created.count, outcome->changed.count,
		    outcome->removed.count);
}

/* All enabled nodes, of every environment, whatever is pinned: what is compiled is whole. */
static void
enabled_nodes(struct node_list *list, struct config *config)
{
	struct node	**all;
	size_t		  count = config_nodes(config, &all);

	list->items = xcalloc(count, sizeof(*list->items));
	list->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (all[i]->enabled)
			list->items[list->count++] = all[i];
	}
}

NODISCARD
static struct err *
compile_all(struct context *context, struct node_list *nodes)
{
	struct outcome	 outcome = { .count = nodes->count };
	struct err	*e;

	if ((e = prepare_nodes(context, nodes, PREPARE_CERTS_UPDATE)) == NULL && (e = check_recipes(nodes)) == NULL &&
	    (e = write_nodes(context->repo, nodes, &outcome)) == NULL)
		e = remove_stale(context, &outcome);
	if (e == NULL && context->json)
		report_json(&outcome);
	else if (e == NULL)
		report(&outcome);
	strs_fini(&outcome.created);
	strs_fini(&outcome.changed);
	strs_fini(&outcome.removed);
	return e;
}

/* "ADDRESS<tab>NAMES", the form of hosts(5). */
NODISCARD
static struct err *
hosts_line(struct node *node, struct buf *text)
{
	static const char *const names[] = { "domain.full", "domain.internal" };
	const char	*value;
	json_t		*aliases, *alias;
	struct err	*e;
	size_t		 i;

	if ((e = node_text(node, "ip_address", &value)) != NULL)
		return e;
	buf_adds(text, value != NULL ? value : "");
	for (i = 0; i < ARRAY_LEN(names); i++) {
		if ((e = node_text(node, names[i], &value)) != NULL)
			return e;
		if (value != NULL)
			buf_addf(text, "%c%s", i == 0 ? '\t' : ' ', value);
	}
	buf_addf(text, " %s", node->name);
	if ((e = node_get(node, "dns.aliases", &aliases)) != NULL)
		return e;
	json_array_foreach(aliases, i, alias)
		buf_addf(text, " %s", json_string_value(alias));
	buf_addc(text, '\n');
	return NULL;
}

NODISCARD
static struct err *
compile_hosts(const struct node_list *nodes)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < nodes->count; i++)
		e = hosts_line(nodes->items[i], &text);
	if (e == NULL)
		out("%s", buf_text(&text));
	buf_fini(&text);
	return e;
}

/* The zone as a name server has it; where there is none yet, as any node would have it. */
NODISCARD
static struct err *
compile_zone(const struct node_list *nodes)
{
	struct node	*node = nodes->count > 0 ? nodes->items[0] : NULL;
	struct buf	 text = { 0 };
	struct err	*e;

	if (node == NULL)
		return err_hint(err_new(ERR_CONFIG, "a zone of no nodes"), "add one with \"leap node add\"");
	for (size_t i = nodes->count; i-- > 0;) {
		if (strs_has(&nodes->items[i]->services, "dns"))
			node = nodes->items[i];
	}
	if ((e = recipe_render(&text, node, DNS_DIR, "zone")) == NULL)
		out("%s", buf_text(&text));
	buf_fini(&text);
	return e;
}

NODISCARD
static struct err *
compile_run(struct context *context)
{
	const char		*what = context->arg_count > 0 ? context->args[0] : "all";
	struct node_list	 nodes;
	struct err		*e;

	enabled_nodes(&nodes, context->config);
	if (strcmp(what, "all") == 0)
		e = compile_all(context, &nodes);
	else if (strcmp(what, "hosts") == 0)
		e = compile_hosts(&nodes);
	else if (strcmp(what, "zone") == 0)
		e = compile_zone(&nodes);
	else
		e = err_hint(err_new(ERR_USAGE, "cannot compile \"%s\"", what), "it is \"all\", \"hosts\" or \"zone\"");
	node_list_fini(&nodes);
	return e;
}

const struct cmd cmd_compile = {
	.name = "compile",
	.args = "[all|hosts|zone]",
	.summary = "evaluate the configuration of all nodes",
	.details = "all    renew certificates that need it, check everything, write compiled/NODE.yaml\n"
	    "hosts  print the lines of hosts(5) for all nodes\n"
	    "zone   print the DNS zone of the provider's domain",
	.needs = CMD_CONFIG,
	.max_args = 1,
	.run = compile_run,
};
