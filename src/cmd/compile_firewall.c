/* cmd: leap compile firewall: who may reach which ports, for people. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cmd/compile.h"
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list, or a single value, in one line; `names` (or NULL) has what to say instead of a text. */
static void
add_list(struct buf *out, const json_t *value, const json_t *names)
{
	const char	*text = json_string_value(value), *name;
	json_t		*element;
	size_t		 i;

	json_array_foreach(value, i, element) {
		if (i > 0)
			buf_adds(out, ", ");
		add_list(out, element, names);
	}
	if (text != NULL && (name = json_str(names, text)) != NULL)
		buf_adds(out, name);
	else if (text != NULL)
		buf_adds(out, text);
	else if (value != NULL && !json_is_array(value))
		json_canonical(value, out);
}

/* What a person calls the sources in "from": address → "address (node)". */
static json_t *
source_names(const struct config *config)
{
	json_t		 *names = json_object();
	struct node	**all;
	size_t		  count = config_nodes(config, &all);
	const char	 *address;
	char		 *name;

	json_object_set_new(names, "*", json_string("anybody"));
	for (size_t i = 0; i < count; i++) {
		err_free(node_text(all[i], "ip_address", &address));	/* not of a node that was asked for, those are checked */
		if (address == NULL)
			continue;
		name = xasprintf("%s (%s)", address, all[i]->name);
		json_object_set_new(names, address, json_string(name));
		free(name);
	}
	return names;
}

static void
add_row(struct table *table, const struct node *node, const char *why, const json_t *rule, const json_t *names)
{
	const char	*protocol = json_str(rule, "protocol");
	struct buf	 ports = { 0 }, from = { 0 };

	add_list(&ports, json_object_get(rule, "ports"), NULL);
	add_list(&from, json_object_get(rule, "from"), names);
	table_add(table, "%s", node->name);
	table_add(table, "%s", why);
	table_add(table, "%s", protocol != NULL ? protocol : "");
	table_add(table, "%s", buf_text(&ports));
	table_add(table, "%s", buf_text(&from));
	buf_fini(&ports);
	buf_fini(&from);
}

/* The openings of a node, a new reference: an object of rules in the order of their names. */
NODISCARD
static struct err *
rules_of(json_t **out, struct node *node)
{
	json_t		*value;
	struct err	*e = node_find(node, "firewall", &value);

	if (e != NULL)
		return e;
	*out = value == NULL ? json_object() : node_shown(node, value);
	return NULL;
}

NODISCARD
static struct err *
add_rows(struct table *table, struct node *node, const json_t *names)
{
	struct strs	 order = { 0 };
	json_t		*rules;
	struct err	*e = rules_of(&rules, node);

	if (e != NULL)
		return e;
	json_keys(rules, &order);
	for (size_t i = 0; i < order.count; i++)
		add_row(table, node, order.items[i], json_object_get(rules, order.items[i]), names);
	strs_fini(&order);
	json_decref(rules);
	return NULL;
}

struct err *
output_firewall(struct buf *out, struct context *context, const struct node_list *nodes)
{
	static const char *const titles[] = { "TO", "FOR", "PROTOCOL", "PORTS", "FROM" };
	struct table	*table = table_new(ARRAY_LEN(titles));
	json_t		*names = source_names(context->config);
	struct err	*e = NULL;
	char		*text = NULL;
	size_t		 len = 0;
	FILE		*stream = open_memstream(&text, &len);

	if (stream == NULL)
		abort();	/* out of memory */
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		table_add(table, "%s", titles[i]);
	for (size_t i = 0; e == NULL && i < nodes->count; i++)
		e = add_rows(table, nodes->items[i], names);
	if (e == NULL)
		table_print(table, stream);
	fclose(stream);
	buf_add(out, text, len);
	free(text);
	table_free(table);
	json_decref(names);
	return e;
}

struct err *
output_firewall_json(struct buf *out, struct context *context, const struct node_list *nodes)
{
	json_t		*root = json_object(), *rules;
	struct err	*e = NULL;

	(void)context;
	for (size_t i = 0; e == NULL && i < nodes->count; i++) {
		if ((e = rules_of(&rules, nodes->items[i])) == NULL)
			json_object_set_new(root, nodes->items[i]->name, rules);
	}
	if (e == NULL)
		json_pretty(root, out);
	json_decref(root);
	return e;
}
