/* cmd: leap graph: what connects nodes, from their properties. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/graph.h"

#include "base/json.h"
#include "base/mask.h"
#include "cmd/cmd.h"
#include "cmd/select.h"
#include "config/config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct opt graph_opts[] = {
	{ 0, "--dot", NULL, "in Graphviz' language instead of SVG" },
	{ 0 },
};

/* A value of a property as it may be shown, a new reference; NULL: the node does not have it. */
NODISCARD
static struct err *
shown(json_t **out, struct node *node, const char *property)
{
	json_t		*value;
	struct err	*e = node_find(node, property, &value);

	*out = e != NULL || value == NULL ? NULL : node_shown(node, value);
	return e;
}

NODISCARD
static struct err *
add_node(struct graph *graph, struct node *node)
{
	const char	*address, *location;
	json_t		*object;
	struct err	*e;

	if ((e = node_text(node, "ip_address", &address)) != NULL ||
	    (e = node_text(node, "location.name", &location)) != NULL)
		return e;
	object = json_object();
	if (address != NULL)
		json_object_set_new(object, "address", json_string(address));
	if (node->environment != NULL)
		json_object_set_new(object, "environment", json_string(node->environment));
	if (location != NULL)
		json_object_set_new(object, "location", json_string(location));
	json_object_set_new(object, "services", json_strs(&node->services));
	json_object_set_new(graph->nodes, node->name, object);
	return NULL;
}

/* Between nodes that were chosen; what leads elsewhere is left out. */
static void
add_edge(struct graph *graph, const char *from, const char *to, const char *why)
{
	json_t *targets, *reasons;

	if (from == NULL || to == NULL || strcmp(from, to) == 0 || json_object_get(graph->nodes, from) == NULL ||
	    json_object_get(graph->nodes, to) == NULL)
		return;
	if ((targets = json_object_get(graph->edges, from)) == NULL)
		json_object_set_new(graph->edges, from, targets = json_object());
	if ((reasons = json_object_get(targets, to)) == NULL)
		json_object_set_new(targets, to, reasons = json_object());
	json_object_set_new(reasons, why, json_true());
}

/* "hosts": { REASON: [NODE] }: whom it finds by name. */
NODISCARD
static struct err *
add_hosts(struct graph *graph, struct node *node)
{
	json_t		*hosts, *names, *name;
	struct err	*e = shown(&hosts, node, "hosts");
	const char	*why;
	size_t		 i;

	if (e != NULL)
		return e;
	json_object_foreach(hosts, why, names) {
		json_array_foreach(names, i, name)
			add_edge(graph, node->name, json_string_value(name), why);
	}
	json_decref(hosts);
	return NULL;
}

/* "stunnel": { "clients": { WHAT: { KEY: { "node", "original_port" } } } }: its tunnels. */
NODISCARD
static struct err *
add_tunnels(struct graph *graph, struct node *node)
{
	json_t		*clients, *connections, *connection;
	struct err	*e = shown(&clients, node, "stunnel.clients");
	const char	*what, *key;
	char		*why;

	if (e != NULL)
		return e;
	json_object_foreach(clients, what, connections) {
		json_object_foreach(connections, key, connection) {
			why = xasprintf("%s, tunnel to %" JSON_INTEGER_FORMAT, what, json_int(connection, "original_port", 0));
			add_edge(graph, node->name, json_str(connection, "node"), why);
			free(why);
		}
	}
	json_decref(clients);
	return NULL;
}

/* "firewall": { NAME: { "from": [ADDRESS] } }: who of the others is let in. */
NODISCARD
static struct err *
add_openings(struct graph *graph, struct node *node, const json_t *by_address)
{
	json_t		*rules, *rule, *address;
	struct err	*e = shown(&rules, node, "firewall");
	const char	*name;
	char		*why;
	size_t		 i;

	if (e != NULL)
		return e;
	json_object_foreach(rules, name, rule) {
		json_array_foreach(json_object_get(rule, "from"), i, address) {
			if (!json_is_string(address))
				continue;
			why = xasprintf("%s, let in", name);
			add_edge(graph, json_str(by_address, json_string_value(address)), node->name, why);
			free(why);
		}
	}
	json_decref(rules);
	return NULL;
}

NODISCARD
static struct err *
graph_fill(struct graph *graph, const struct node_list *nodes)
{
	json_t		*by_address = json_object();
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < nodes->count; i++) {
		struct node	*node = nodes->items[i];
		const char	*address;

		if ((e = add_node(graph, node)) == NULL &&
		    (address = json_str(json_object_get(graph->nodes, node->name), "address")) != NULL)
			json_object_set_new(by_address, address, json_string(node->name));
	}
	for (size_t i = 0; e == NULL && i < nodes->count; i++) {
		if ((e = add_hosts(graph, nodes->items[i])) == NULL && (e = add_tunnels(graph, nodes->items[i])) == NULL)
			e = add_openings(graph, nodes->items[i], by_address);
	}
	json_decref(by_address);
	return e;
}

static void
connections_from(json_t *connections, const char *from, const json_t *targets)
{
	struct strs	 names = { 0 }, reasons = { 0 };

	json_keys(targets, &names);
	for (size_t i = 0; i < names.count; i++) {
		json_keys(json_object_get(targets, names.items[i]), &reasons);
		json_array_append_new(connections, json_pack("{s:s, s:s, s:o}", "from", from, "to", names.items[i],
		    "why", json_strs(&reasons)));
		strs_fini(&reasons);
	}
	strs_fini(&names);
}

/* { "nodes": …, "connections": [{ "from", "to", "why" }] } */
static void
graph_json(const struct graph *graph, struct buf *out)
{
	json_t		*connections = json_array(), *root;
	struct strs	 names = { 0 };

	json_keys(graph->edges, &names);
	for (size_t i = 0; i < names.count; i++)
		connections_from(connections, names.items[i], json_object_get(graph->edges, names.items[i]));
	root = json_pack("{s:O, s:o}", "nodes", graph->nodes, "connections", connections);
	json_pretty(root, out);
	json_decref(root);
	strs_fini(&names);
}

NODISCARD
static struct err *
graph_run(struct context *context)
{
	struct graph		 graph = { json_object(), json_object() };
	struct node_list	 nodes = { 0 };
	struct buf		 text = { 0 }, dot = { 0 };
	struct err		*e;

	if ((e = select_nodes(&nodes, context, 0, 0)) != NULL || (e = graph_fill(&graph, &nodes)) != NULL)
		goto out;
	if (context->json) {
		graph_json(&graph, &text);
	} else {
		graph_dot(&graph, &dot);
		mask_apply(&dot);
		if (opt_get(context, "--dot") != NULL)
			buf_adds(&text, buf_text(&dot));
		else
			e = graph_svg(buf_text(&dot), &text);
	}
	if (e == NULL)
		out("%s", buf_text(&text));
out:
	buf_fini(&text);
	buf_fini(&dot);
	node_list_fini(&nodes);
	json_decref(graph.nodes);
	json_decref(graph.edges);
	return e;
}

const struct cmd cmd_graph = {
	.name = "graph",
	.args = "[FILTER...]",
	.summary = "draw nodes and what connects them, as SVG",
	.details = "Nodes of an environment, and those of a location, are in a box.  An arrow leads from a node to one that\n"
	    "it finds by name (its property hosts), has a tunnel to (stunnel.clients), or whose firewall lets it in.",
	.opts = graph_opts,
	.needs = CMD_CONFIG | CMD_READ_ONLY,
	.max_args = SIZE_MAX,
	.run = graph_run,
};
