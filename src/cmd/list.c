/* cmd: leap list. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "base/mask.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "config/filter.h"

#include <stdlib.h>
#include <string.h>

static const struct opt list_opts[] = {
	{ 0, "--print", "PROPERTIES", "the values of these properties, \"ip_address,dns.aliases\"" },
	{ 0, "--disabled", NULL, "disabled nodes too" },
	{ 0 },
};

static void
heading(struct table *table, const char *text)
{
	table_add(table, "%s", text);
	table_color(table, TERM_BOLD);
}

static void
cell_strs(struct table *table, const struct strs *list)
{
	struct buf text = { 0 };

	strs_join(list, ", ", &text);
	table_add(table, "%s", buf_text(&text));
	buf_fini(&text);
}

/* The services or tags that nodes have, and which nodes. */
static void
print_kind(const char *title, const struct strs *kinds, const struct node_list *nodes, bool services)
{
	struct table	*table = table_new(2);
	struct strs	 names = { 0 };
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
			table_add(table, "%s", kinds->items[i]);
			cell_strs(table, &names);
			rows++;
		}
		strs_fini(&names);
	}
	if (rows > 0) {
		table_print(table, stdout);
		out("\n");
	}
	table_free(table);
}

NODISCARD
static struct err *
print_nodes(const struct node_list *nodes)
{
	static const char *const titles[] = { "NODE", "ADDRESS", "ENVIRONMENT", "SERVICES", "TAGS" };
	struct table	*table = table_new(ARRAY_LEN(titles));
	struct err	*e = NULL;
	const char	*address;

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		heading(table, titles[i]);
	for (size_t i = 0; e == NULL && i < nodes->count; i++) {
		struct node *node = nodes->items[i];

		if ((e = node_text(node, "ip_address", &address)) != NULL)
			break;
		table_add(table, "%s%s", node->name, node->enabled ? "" : " (disabled)");
		if (!node->enabled)
			table_color(table, TERM_DIM);
		table_add(table, "%s", address != NULL ? address : "-");
		table_add(table, "%s", node->environment != NULL ? node->environment : "-");
		cell_strs(table, &node->services);
		cell_strs(table, &node->tags);
	}
	if (e == NULL)
		table_print(table, stdout);
	table_free(table);
	return e;
}

/* What a person reads: strings plain, all else as JSON in one line. */
static void
cell_value(struct table *table, const json_t *value)
{
	struct buf text = { 0 };

	if (json_is_string(value))
		buf_adds(&text, json_string_value(value));
	else if (value == NULL)
		buf_adds(&text, "null");
	else
		json_canonical(value, &text);
	mask_apply(&text);	/* now: a column as wide as a secret would tell how long that is */
	table_add(table, "%s", buf_text(&text));
	buf_fini(&text);
}

/*
 * The values of one property, a new reference or NULL for each node, of which *known says whether it has the
 * property.  One that no node has is an error, and so is one that is there and cannot be evaluated.
 */
NODISCARD
static struct err *
property_values(const struct node_list *nodes, const char *property, json_t **values, bool *known)
{
	struct err	*e, *missing = NULL;
	struct place	 place;
	size_t		 found = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		e = node_get(nodes->items[i], property, &values[i]);
		known[i] = e == NULL;
		values[i] = known[i] ? node_shown(nodes->items[i], values[i]) : NULL;
		found += known[i];
		if (e != NULL && node_place(nodes->items[i], property, &place)) {
			err_free(missing);
			return e;
		}
		if (missing == NULL)
			missing = e;
		else
			err_free(e);
	}
	if (found == 0)
		return missing;
	err_free(missing);
	return NULL;
}

/* All columns of --print: cells[column * nodes->count + node]. */
struct sheet {
	struct strs	  properties;
	json_t		**values;
	bool		 *known;
};

NODISCARD
static struct err *
sheet_fill(struct sheet *sheet, const struct node_list *nodes, const char *properties)
{
	struct err *e = NULL;

	strs_split(&sheet->properties, properties, ',');
	if (sheet->properties.count == 0 || strs_has(&sheet->properties, ""))
		return err_hint(err_new(ERR_USAGE, "--print: a property without a name"),
		    "leap list --print ip_address,dns.aliases");
	sheet->values = xcalloc(sheet->properties.count * nodes->count, sizeof(*sheet->values));
	sheet->known = xcalloc(sheet->properties.count * nodes->count, sizeof(*sheet->known));
	for (size_t i = 0; e == NULL && i < sheet->properties.count; i++)
		e = property_values(nodes, sheet->properties.items[i], sheet->values + i * nodes->count,
		    sheet->known + i * nodes->count);
	return e;
}

static void
sheet_fini(struct sheet *sheet, const struct node_list *nodes)
{
	for (size_t i = 0; sheet->values != NULL && i < sheet->properties.count * nodes->count; i++)
		json_decref(sheet->values[i]);
	free(sheet->values);
	free(sheet->known);
	strs_fini(&sheet->properties);
}

static void
sheet_print(const struct sheet *sheet, const struct node_list *nodes)
{
	struct table *table = table_new(1 + sheet->properties.count);

	heading(table, "NODE");
	for (size_t column = 0; column < sheet->properties.count; column++)
		heading(table, sheet->properties.items[column]);
	for (size_t i = 0; i < nodes->count; i++) {
		table_add(table, "%s", nodes->items[i]->name);
		for (size_t column = 0; column < sheet->properties.count; column++) {
			size_t cell = column * nodes->count + i;

			if (sheet->known[cell])
				cell_value(table, sheet->values[cell]);
			else
				table_add(table, "-");
		}
	}
	table_print(table, stdout);
	table_free(table);
}

static void
print_json(json_t *take_root)
{
	struct buf text = { 0 };

	json_pretty(take_root, &text);
	out("%s", buf_text(&text));
	buf_fini(&text);
	json_decref(take_root);
}

static json_t *
sheet_json(const struct sheet *sheet, const struct node_list *nodes)
{
	json_t *root = json_object(), *object;

	for (size_t i = 0; i < nodes->count; i++) {
		json_object_set_new(root, nodes->items[i]->name, object = json_object());
		for (size_t column = 0; column < sheet->properties.count; column++) {
			size_t cell = column * nodes->count + i;

			if (sheet->known[cell])
				json_object_set_new(object, sheet->properties.items[column],
				    sheet->values[cell] != NULL ? json_incref(sheet->values[cell]) : json_null());
		}
	}
	return root;
}

NODISCARD
static struct err *
nodes_json(const struct node_list *nodes)
{
	json_t		*root = json_object(), *object;
	struct err	*e = NULL;
	const char	*address;

	for (size_t i = 0; e == NULL && i < nodes->count; i++) {
		struct node *node = nodes->items[i];

		if ((e = node_text(node, "ip_address", &address)) != NULL)
			break;
		object = json_pack("{s:s?, s:s?, s:b}", "ip_address", address, "environment", node->environment,
		    "enabled", node->enabled);
		json_object_set_new(object, "services", json_strs(&node->services));
		json_object_set_new(object, "tags", json_strs(&node->tags));
		json_object_set_new(root, node->name, object);
	}
	if (e == NULL)
		print_json(root);
	else
		json_decref(root);
	return e;
}

NODISCARD
static struct err *
print_properties(const struct context *context, const struct node_list *nodes, const char *properties)
{
	struct sheet	 sheet = { 0 };
	struct err	*e;

	if ((e = sheet_fill(&sheet, nodes, properties)) == NULL) {
		if (context->json)
			print_json(sheet_json(&sheet, nodes));
		else
			sheet_print(&sheet, nodes);
	}
	sheet_fini(&sheet, nodes);
	return e;
}

NODISCARD
static struct err *
list_run(struct context *context)
{
	const char		*properties = opt_get(context, "--print");
	unsigned		 flags = opt_get(context, "--disabled") != NULL ? FILTER_DISABLED : 0;
	struct node_list	 nodes = { 0 };
	struct node		**all;
	struct err		*e;

	if (config_nodes(context->config, &all) == 0) {
		if (context->json)
			out("{}\n");
		note("no nodes yet; add one with \"leap node add NAME ip_address:ADDRESS services:SERVICE\"\n");
		return NULL;
	}
	if ((e = filter_select(&nodes, context->config, context->args, context->arg_count, flags)) != NULL)
		goto out;
	if (properties != NULL)
		e = print_properties(context, &nodes, properties);
	else if (context->json)
		e = nodes_json(&nodes);
	else {
		if (context->arg_count == 0) {
			print_kind("SERVICE", config_services(context->config), &nodes, true);
			print_kind("TAG", config_tags(context->config), &nodes, false);
		}
		e = print_nodes(&nodes);
	}
out:
	node_list_fini(&nodes);
	return e;
}

const struct cmd cmd_list = {
	.name = "list",
	.args = "[FILTER...]",
	.summary = "show nodes, and the services and tags they have",
	.opts = list_opts,
	.needs = CMD_CONFIG,
	.max_args = 1000,
	.run = list_run,
};
