/* config: two services that want the same port of a node. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What listens is not a property; but who opens a port listens there, when it is a service or common.json (sshd).  A
 * tag and a node only widen or narrow what those open.
 */
struct listener {
	unsigned	 first, last;	/* ports */
	const char	*protocol;
	size_t		 owner;		/* 0 is common, then the node's services */
	const char	*entry;		/* in "firewall" */
	size_t		 number;	/* in its "ports" */
};

struct listeners {
	struct listener	*items;
	size_t		 count, cap;
};

/* Whether a layer has the entry in its "firewall". */
static bool
opens(const struct source *source, const char *entry)
{
	const char	*key, *name;
	json_t		*value, *inner;

	if (source == NULL)
		return false;
	json_object_foreach(source->root, key, value) {
		if (strcmp(key_name(key), "firewall") != 0)
			continue;
		json_object_foreach(value, name, inner) {
			if (strcmp(key_name(name), entry) == 0)
				return true;
		}
	}
	return false;
}

static bool
kind_opens(const struct kind *kind, const char *environment, const char *entry)
{
	struct layers	 layers = { 0 };
	bool		 found = false;

	kind_layers(kind, environment, &layers);
	for (size_t i = 0; !found && i < layers.count; i++)
		found = opens(layers.items[i], entry);
	free(layers.items);
	return found;
}

/* Who has the entry first; false: neither common nor a service. */
static bool
find_owner(const struct node *node, const char *entry, size_t *owner)
{
	const struct config *config = node->config;

	*owner = 0;
	if (kind_opens(&config->common, node->environment, entry))
		return true;
	for (*owner = 1; *owner <= node->services.count; ++*owner) {
		if (kind_opens(config_service(config, node->services.items[*owner - 1]), node->environment, entry))
			return true;
	}
	return false;
}

static void
add(struct listeners *all, const struct listener *one)
{
	if (all->count == all->cap) {
		all->cap = all->cap == 0 ? 16 : all->cap * 2;
		all->items = xrealloc(all->items, all->cap, sizeof(*all->items));
	}
	all->items[all->count++] = *one;
}

/* A port, or a range of them, "8000-8100"; false: neither, which the schema says. */
static bool
read_ports(const json_t *value, struct listener *one)
{
	const char	*text = json_string_value(value);
	char		 end;

	one->first = one->last = (unsigned)json_integer_value(value);
	return json_is_integer(value) ||
	    (text != NULL && sscanf(text, "%u-%u%c", &one->first, &one->last, &end) == 2);
}

static void
add_entry(struct listeners *all, const struct node *node, const char *entry, const json_t *value)
{
	const json_t	*ports = json_object_get(value, "ports"), *port;
	const char	*protocol = json_str(value, "protocol");
	struct listener	 one = { .protocol = protocol != NULL ? protocol : "tcp", .entry = entry };
	size_t		 i;

	if (!json_is_array(ports) || !find_owner(node, entry, &one.owner))
		return;
	json_array_foreach(ports, i, port) {
		one.number = i + 1;
		if (read_ports(port, &one))
			add(all, &one);
	}
}

/* "\"static\" of service static" */
static char *
title(const struct node *node, const struct listener *one)
{
	if (one->owner == 0)
		return xasprintf("\"%s\" of common.json", one->entry);
	return xasprintf("\"%s\" of service %s", one->entry, node->services.items[one->owner - 1]);
}

static struct err *
note_port(struct err *take_e, const struct node *node, const struct listener *one)
{
	char		*path = xasprintf("firewall.%s.ports.%zu", one->entry, one->number);
	char		*who = title(node, one);
	struct place	 place;

	if (scope_place(node_scope(node), path, NULL, &place))
		take_e = err_note(take_e, &place, "opened here as %s", who);
	free(path);
	free(who);
	return take_e;
}

/* The later owner is a service always: its name in the node's list is what can be taken away. */
static void
collide(struct problems *problems, const struct node *node, const struct listener *first, const struct listener *second)
{
	const char	*service = node->services.items[second->owner - 1];
	char		*path = xasprintf("services.%zu", second->owner);
	char		*a = title(node, first), *b = title(node, second);
	struct place	 place;
	struct err	*e;

	if (!scope_place(node_scope(node), path, service, &place))
		place = (struct place){ .path = node_scope(node)->own->path };
	e = err_at(ERR_CONFIG, &place, "%s port %u of node %s is wanted twice: by %s and by %s", first->protocol,
	    first->first > second->first ? first->first : second->first, node->name, a, b);
	e = note_port(note_port(e, node, first), node, second);
	problems_add(problems, err_rule(e, "colliding-ports"));
	free(path);
	free(a);
	free(b);
}

static bool
same_port(const struct listener *a, const struct listener *b)
{
	return a->owner != b->owner && a->first <= b->last && b->first <= a->last &&
	    strcmp(a->protocol, b->protocol) == 0;
}

/* One port of two services is enough to say. */
static bool
said(const struct listeners *all, size_t i, size_t j)
{
	for (size_t k = 0; k < all->count; k++) {
		for (size_t l = k + 1; l < all->count && (k < i || (k == i && l < j)); l++) {
			if (all->items[k].owner == all->items[i].owner && all->items[l].owner == all->items[j].owner &&
			    same_port(&all->items[k], &all->items[l]))
				return true;
		}
	}
	return false;
}

static int
compare(const void *a, const void *b)
{
	const struct listener *one = a, *two = b;

	return one->owner != two->owner ? (one->owner < two->owner ? -1 : 1) : one->first != two->first ?
	    (one->first < two->first ? -1 : 1) : strcmp(one->entry, two->entry);
}

void
check_ports(const struct node *node, struct problems *problems)
{
	struct listeners	 all = { 0 };
	json_t			*firewall = json_object_get(scope_root(node_scope(node)), "firewall"), *value;
	const char		*entry;

	json_object_foreach(firewall, entry, value) {
		add_entry(&all, node, entry, value);
	}
	if (all.count > 0)
		qsort(all.items, all.count, sizeof(*all.items), compare);
	for (size_t i = 0; i < all.count; i++) {
		for (size_t j = i + 1; j < all.count; j++) {
			if (same_port(&all.items[i], &all.items[j]) && !said(&all, i, j))
				collide(problems, node, &all.items[i], &all.items[j]);
		}
	}
	free(all.items);
}
