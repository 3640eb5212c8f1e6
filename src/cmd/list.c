/* cmd: leap list. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/select.h"
#include "cmd/sheet.h"
#include "config/config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct opt list_opts[] = {
	{ 0, "--print", "PROPERTIES", "the values of these properties, \"ip_address,dns.aliases\"" },
	{ 0, "--sort", "PROPERTY", "by the value of this property instead of the nodes' names" },
	{ 0, "--csv", NULL, "as comma-separated values" },
	{ 0, "--disabled", NULL, "disabled nodes too" },
	{ 0 },
};

static void
heading(struct table *table, const char *text)
{
	table_add(table, "%s", text);
	table_color(table, TERM_BOLD);
}

/* The services or tags that nodes have, and which nodes. */
static void
print_kind(const char *title, const struct strs *kinds, const struct node_list *nodes, bool services)
{
	struct table	*table = table_new(2);
	struct strs	 names = { 0 };
	struct buf	 text = { 0 };
	size_t		 rows = 0;

	heading(table, title);
	heading(table, "NODES");
	for (size_t i = 0; i < kinds->count; i++) {
		for (size_t j = 0; j < nodes->count; j++) {
			struct node *node = nodes->items[j];

			if (strs_has(services ? &node->services : &node->tags, kinds->items[i]))
				strs_add(&names, node->name);
		}
		if (names.count > 0) {
			buf_clear(&text);
			strs_join(&names, ", ", &text);
			table_add(table, "%s", kinds->items[i]);
			table_add(table, "%s", buf_text(&text));
			rows++;
		}
		strs_fini(&names);
	}
	if (rows > 0) {
		table_print(table, stdout);
		out("\n");
	}
	table_free(table);
	buf_fini(&text);
}

/* The properties that --print names, or else those that a list has anyhow. */
NODISCARD
static struct err *
columns(struct strs *properties, const struct context *context)
{
	const char	*print = opt_get(context, "--print");
	bool		 more = context->json || opt_get(context, "--csv") != NULL;

	if (print != NULL)
		strs_split(properties, print, ',');
	else
		strs_split(properties, more ? "ip_address,environment,enabled,services,tags" :
		    "ip_address,environment,services,tags", ',');
	if (properties->count > 0 && !strs_has(properties, ""))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "--print: a property without a name"), "leap list --print ip_address,dns.aliases");
}

NODISCARD
static struct err *
print_nodes(const struct context *context, const struct node_list *nodes)
{
	static const char *const titles[] = { "ADDRESS", "ENVIRONMENT", "SERVICES", "TAGS" };
	struct strs	 properties = { 0 };
	struct sheet	 sheet = { 0 };
	bool		 usual = opt_get(context, "--print") == NULL;
	struct err	*e;

	if ((e = columns(&properties, context)) != NULL || (e = sheet_fill(&sheet, nodes, &properties)) != NULL)
		goto out;
	if (context->json) {
		sheet_json(&sheet);
	} else if (opt_get(context, "--csv") != NULL) {
		sheet_csv(&sheet);
	} else {
		if (usual && context->arg_count == 0) {
			print_kind("SERVICE", config_services(context->config), nodes, true);
			print_kind("TAG", config_tags(context->config), nodes, false);
		}
		sheet_table(&sheet, usual ? titles : NULL);
	}
out:
	sheet_fini(&sheet);
	strs_fini(&properties);
	return e;
}

NODISCARD
static struct err *
list_run(struct context *context)
{
	unsigned		 flags = opt_get(context, "--disabled") != NULL ? FILTER_DISABLED : 0;
	const char		*sort = opt_get(context, "--sort");
	struct node_list	 nodes = { 0 };
	struct node		**all;
	struct err		*e;

	if (context->json && opt_get(context, "--csv") != NULL)
		return err_new(ERR_USAGE, "--json and --csv exclude each other");
	if (context->json && sort != NULL)
		return err_hint(err_new(ERR_USAGE, "--json makes an object by the nodes' names, which --sort cannot sort"),
		    "--csv keeps the order");
	if (config_nodes(context->config, &all) == 0 && context->arg_count == 0) {
		if (context->json)
			out("{}\n");
		note("no nodes yet; add one with \"leap node add NAME ip_address:ADDRESS services:SERVICE\"\n");
		return NULL;
	}
	if ((e = select_nodes(&nodes, context, 0, flags)) == NULL && (e = sheet_sort(&nodes, sort)) == NULL)
		e = print_nodes(context, &nodes);
	node_list_fini(&nodes);
	return e;
}

const struct cmd cmd_list = {
	.name = "list",
	.args = "[FILTER...]",
	.summary = "show nodes, and the services and tags they have",
	.opts = list_opts,
	.needs = CMD_CONFIG | CMD_READ_ONLY,
	.max_args = SIZE_MAX,
	.run = list_run,
};
