/* cmd: a graph in Graphviz' language. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "base/strs.h"
#include "base/term.h"
#include "cmd/graph.h"

#include <string.h>

/* A quoted text in which nothing is an escape of Graphviz' (escString), and no control character is left. */
static void
add_label(struct buf *out, const char *text)
{
	struct buf	 visible = { 0 };
	const char	*at;

	term_visible(&visible, text);
	buf_addc(out, '"');
	for (at = buf_text(&visible); *at != '\0'; at++) {
		if (*at == '\n') {
			buf_adds(out, "\\n");
			continue;
		}
		if (*at == '"' || *at == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *at);
	}
	buf_addc(out, '"');
	buf_fini(&visible);
}

static void
add_indent(struct buf *out, unsigned depth)
{
	while (depth-- > 0)
		buf_addc(out, '\t');
}

/* A name, its address, its services. */
static void
add_node(struct buf *out, unsigned depth, const char *name, const json_t *node)
{
	const char	*address = json_str(node, "address");
	json_t		*services = json_object_get(node, "services"), *service;
	struct buf	 label = { 0 };
	size_t		 i;

	buf_adds(&label, name);
	if (address != NULL)
		buf_addf(&label, "\n%s", address);
	json_array_foreach(services, i, service)
		buf_addf(&label, "%s%s", i == 0 ? "\n" : ", ", json_string_value(service));
	add_indent(out, depth);
	buf_addf(out, "\"%s\" [label=", name);
	add_label(out, buf_text(&label));
	buf_adds(out, "];\n");
	buf_fini(&label);
}

static bool
member_is(const json_t *node, const char *key, const char *value)
{
	const char *its = json_str(node, key);

	return value == NULL ? its == NULL : its != NULL && strcmp(its, value) == 0;
}

/* All different values of a member, sorted. */
static void
values_of(struct strs *values, json_t *nodes, const char *key)
{
	const char	*name, *value;
	json_t		*node;

	json_object_foreach(nodes, name, node) {
		if ((value = json_str(node, key)) != NULL && !strs_has(values, value))
			strs_add(values, value);
	}
	strs_sort(values);
}

/* The nodes that have this value of the member, as an object again, a new reference. */
static json_t *
part_of(json_t *nodes, const char *key, const char *value)
{
	json_t		*part = json_object(), *node;
	const char	*name;

	json_object_foreach(nodes, name, node) {
		if (member_is(node, key, value))
			json_object_set(part, name, node);
	}
	return part;
}

static void
add_nodes(struct buf *out, unsigned depth, json_t *nodes)
{
	struct strs names = { 0 };

	json_keys(nodes, &names);
	for (size_t i = 0; i < names.count; i++)
		add_node(out, depth, names.items[i], json_object_get(nodes, names.items[i]));
	strs_fini(&names);
}

/* A box for each value of keys[0], in each of which are boxes for the values of keys[1]; `number` names boxes. */
static void
add_boxes(struct buf *out, unsigned depth, json_t *nodes, const char *const *keys, unsigned *number)
{
	struct strs	 values = { 0 };
	json_t		*part;

	if (*keys == NULL) {
		add_nodes(out, depth, nodes);
		return;
	}
	values_of(&values, nodes, *keys);
	for (size_t i = 0; i < values.count; i++) {
		part = part_of(nodes, *keys, values.items[i]);
		add_indent(out, depth);
		buf_addf(out, "subgraph cluster_%u {\n", (*number)++);
		add_indent(out, depth + 1);
		buf_adds(out, "label=");
		add_label(out, values.items[i]);
		buf_adds(out, ";\n");
		add_boxes(out, depth + 1, part, keys + 1, number);
		add_indent(out, depth);
		buf_adds(out, "}\n");
		json_decref(part);
	}
	part = part_of(nodes, *keys, NULL);
	add_boxes(out, depth, part, keys + 1, number);
	json_decref(part);
	strs_fini(&values);
}

static void
add_edges(struct buf *out, const char *from, json_t *targets)
{
	struct strs	 names = { 0 }, reasons = { 0 };
	struct buf	 label = { 0 };

	json_keys(targets, &names);
	for (size_t i = 0; i < names.count; i++) {
		json_keys(json_object_get(targets, names.items[i]), &reasons);
		buf_clear(&label);
		strs_join(&reasons, "\n", &label);
		buf_addf(out, "\t\"%s\" -> \"%s\" [label=", from, names.items[i]);
		add_label(out, buf_text(&label));
		buf_adds(out, "];\n");
		strs_fini(&reasons);
	}
	strs_fini(&names);
	buf_fini(&label);
}

void
graph_dot(const struct graph *graph, struct buf *out)
{
	static const char *const keys[] = { "environment", "location", NULL };
	struct strs	 names = { 0 };
	unsigned	 number = 0;

	/* Names of nodes are letters, digits and "-", so that they stand in quotes as they are. */
	buf_adds(out, "digraph leap {\n"
	    "\tgraph [rankdir=LR, ranksep=1, fontname=\"Helvetica\", fontsize=12, color=\"#808080\", style=rounded];\n"
	    "\tnode [shape=box, style=\"rounded,filled\", fillcolor=\"#eef3f8\", color=\"#406080\", "
	    "fontname=\"Helvetica\", fontsize=12];\n"
	    "\tedge [fontname=\"Helvetica\", fontsize=10, color=\"#606060\"];\n");
	add_boxes(out, 1, graph->nodes, keys, &number);
	json_keys(graph->edges, &names);
	for (size_t i = 0; i < names.count; i++)
		add_edges(out, names.items[i], json_object_get(graph->edges, names.items[i]));
	buf_adds(out, "}\n");
	strs_fini(&names);
}
