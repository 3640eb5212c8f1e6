/* cmd: outputs of leap compile about names and addresses: hosts, the zone, targets of Prometheus, the provider. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "base/strs.h"
#include "cmd/compile.h"
#include "config/config.h"
#include "recipe/recipe.h"

#include <stdlib.h>
#include <string.h>

#define DNS		"dns"
#define STATIC		"static"
#define EXPORTER_PORT	9100		/* of Prometheus' own node exporter */

/* "ADDRESS<tab>NAMES", the form of hosts(5); each name once, though an alias may be the node's own name. */
NODISCARD
static struct err *
hosts_line(struct buf *out, struct node *node)
{
	static const char *const paths[] = { "domain.full", "domain.internal" };
	struct strs	 names = { 0 };
	const char	*value;
	json_t		*aliases, *alias;
	struct err	*e;
	size_t		 i;

	if ((e = node_text(node, "ip_address", &value)) != NULL)
		return e;
	buf_addf(out, "%s\t", value);
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		if ((e = node_text(node, paths[i], &value)) != NULL)
			goto out;
		if (value != NULL && !strs_has(&names, value))
			strs_add(&names, value);
	}
	if (!strs_has(&names, node->name))
		strs_add(&names, node->name);
	if ((e = node_find(node, "dns.aliases", &aliases)) != NULL)
		goto out;
	json_array_foreach(aliases, i, alias) {
		if (!strs_has(&names, json_string_value(alias)))
			strs_add(&names, json_string_value(alias));
	}
	strs_join(&names, " ", out);
	buf_addc(out, '\n');
out:
	strs_fini(&names);
	return e;
}

struct err *
output_hosts(struct buf *out, struct context *context, const struct node_list *nodes)
{
	struct err *e = NULL;

	(void)context;
	for (size_t i = 0; e == NULL && i < nodes->count; i++)
		e = hosts_line(out, nodes->items[i]);
	return e;
}

/* A service's template as the first node with the service has it; where there is none, as any node would. */
NODISCARD
static struct err *
render(struct buf *out, const struct node_list *nodes, const char *service, const char *template)
{
	struct node	*node = nodes->items[0];
	char		*dir = xasprintf("services/%s", service);
	struct err	*e;

	for (size_t i = nodes->count; i-- > 0;) {
		if (strs_has(&nodes->items[i]->services, service))
			node = nodes->items[i];
	}
	e = recipe_render(out, node, dir, template);
	free(dir);
	return e;
}

struct err *
output_zone(struct buf *out, struct context *context, const struct node_list *nodes)
{
	(void)context;
	return render(out, nodes, DNS, "zone");
}

/* What the service static publishes. */
struct err *
output_provider(struct buf *out, struct context *context, const struct node_list *nodes)
{
	(void)context;
	return render(out, nodes, STATIC, "provider.json");
}

/* ",a,b,": with one at both ends, an expression finds a whole name: ".*,web,.*". */
static json_t *
list_label(const struct strs *list)
{
	struct buf	 text = { 0 };
	json_t		*label;

	for (size_t i = 0; i < list->count; i++)
		buf_addf(&text, "%s%s,", i == 0 ? "," : "", list->items[i]);
	label = json_string(buf_text(&text));
	buf_fini(&text);
	return label;
}

/* A group of file_sd_configs: one target, with what is known of the node as labels. */
NODISCARD
static struct err *
add_target(json_t *groups, struct node *node)
{
	const char	*address, *name, *location;
	long		 port;
	json_t		*labels;
	char		*target;
	struct err	*e;

	if ((e = node_text(node, "ip_address", &address)) != NULL || (e = node_text(node, "domain.name", &name)) != NULL ||
	    (e = node_text(node, "location.name", &location)) != NULL ||
	    (e = node_number(node, "prometheus.port", EXPORTER_PORT, &port)) != NULL)
		return e;
	labels = json_pack("{s:s, s:s}", "node", node->name, "environment", filter_environment(node));
	if (name != NULL)
		json_object_set_new(labels, "domain", json_string(name));
	if (location != NULL)
		json_object_set_new(labels, "location", json_string(location));
	json_object_set_new(labels, "services", list_label(&node->services));
	json_object_set_new(labels, "tags", list_label(&node->tags));
	target = xasprintf(strchr(address, ':') != NULL ? "[%s]:%ld" : "%s:%ld", address, port);
	json_array_append_new(groups, json_pack("{s:[s], s:o}", "targets", target, "labels", labels));
	free(target);
	return NULL;
}

struct err *
output_prometheus(struct buf *out, struct context *context, const struct node_list *nodes)
{
	json_t		*groups = json_array();
	struct err	*e = NULL;

	(void)context;
	for (size_t i = 0; e == NULL && i < nodes->count; i++)
		e = add_target(groups, nodes->items[i]);
	if (e == NULL)
		json_pretty(groups, out);
	json_decref(groups);
	return e;
}
