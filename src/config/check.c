/* config: everything that can be known to be wrong before a node is touched. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An address in a form that is the same however it was written. */
struct address {
	char	 key[2 * sizeof(struct in6_addr) + 1];
};

static bool
address_parse(struct address *address, const char *text)
{
	unsigned char	 bytes[sizeof(struct in6_addr)];
	size_t		 len;

	if (inet_pton(AF_INET, text, bytes) == 1)
		len = sizeof(struct in_addr);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		len = sizeof(struct in6_addr);
	else
		return false;
	for (size_t i = 0; i < len; i++)
		snprintf(address->key + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static void
address_place(struct node *node, struct place *place)
{
	if (!node_place(node, "ip_address", place))
		*place = (struct place){ .path = node_scope(node)->own->path };
}

/* The address as text, if it is one.  What is wrong with it goes to `problems`, unless that is NULL. */
static const char *
node_address(struct node *node, struct address *address, struct problems *problems)
{
	const char	*text = NULL;
	struct place	 place;
	struct err	*e = node_text(node, "ip_address", &text);

	address_place(node, &place);
	if (e == NULL && text == NULL) {
		place = (struct place){ .path = node_scope(node)->own->path };
		e = err_rule(err_hint(err_at(ERR_CONFIG, &place, "node %s has no address", node->name),
		    "add \"ip_address\": \"...\""), "required");
	} else if (e == NULL && !address_parse(address, text)) {
		e = err_rule(err_at(ERR_CONFIG, &place, "\"%s\" is no IPv4 or IPv6 address", text), "bad-address");
		text = NULL;
	}
	if (problems != NULL)
		problems_add(problems, e);
	else
		err_free(e);
	return text;
}

static void
same_address(struct problems *problems, struct node *first, struct node *second, const char *text)
{
	struct place	 place, other;
	struct err	*e;

	address_place(second, &place);
	e = err_at(ERR_CONFIG, &place, "nodes %s and %s have the same address, %s", first->name, second->name, text);
	address_place(first, &other);
	problems_add(problems, err_rule(err_note(e, &other, "that of node %s", first->name), "duplicate-address"));
}

/* No address may be used twice, be it by one of the nodes that are asked about and one that is not. */
static void
check_addresses(struct config *config, const bool *asked, struct problems *problems)
{
	json_t		*seen = json_object(), *other;
	struct address	 address;
	const char	*text;
	size_t		 first;

	for (size_t i = 0; i < config->node_count; i++) {
		struct node *node = config->nodes[i];

		if (!node->enabled && !asked[i])
			continue;
		text = node_address(node, &address, asked[i] ? problems : NULL);
		if (text == NULL || !node->enabled)
			continue;
		if ((other = json_object_get(seen, address.key)) == NULL) {
			json_object_set_new(seen, address.key, json_integer((json_int_t)i));
			continue;
		}
		first = (size_t)json_integer_value(other);
		if (asked[i] || asked[first])
			same_address(problems, config->nodes[first], node, text);
	}
	json_decref(seen);
}

static void
check_provider(struct config *config, const struct node *node, struct problems *problems)
{
	struct scope *provider = config_scope(config, NULL, node->environment);

	scope_all(provider, problems);
	problems_add(problems, scope_required(provider));
}

struct err *
config_check(struct config *config, struct node **nodes, size_t count)
{
	struct problems	 problems = { 0 };
	bool		*asked = xcalloc(config->node_count + 1, sizeof(*asked));
	size_t		 offered;

	for (size_t i = 0; i < count; i++) {
		offered = problems.offered;
		check_provider(config, nodes[i], &problems);
		scope_all(node_scope(nodes[i]), &problems);
		problems_add(&problems, scope_required(node_scope(nodes[i])));
		node_scope(nodes[i])->wrong = problems.offered != offered;
		check_ports(nodes[i], &problems);
		asked[config_index(config, nodes[i])] = true;
	}
	check_addresses(config, asked, &problems);
	check_names(config, asked, &problems);
	check_schemas(config, nodes, count, &problems);
	free(asked);
	return problems_take(&problems);
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

bool
mentions(const char *text, const char *name)
{
	const char	*at = text;
	size_t		 len = strlen(name);

	for (; len > 0 && (at = strstr(at, name)) != NULL; at += len) {
		if ((at == text || !is_word(at[-1])) && !is_word(at[len]))
			return true;
	}
	return false;
}

bool
config_lost(const struct config *config, const char *name)
{
	return mentions(buf_text(&config->lost), name);
}

static bool
any_broken(const struct layers *layers)
{
	for (size_t i = 0; i < layers->count; i++) {
		if (layers->items[i]->broken)
			return true;
	}
	return false;
}

bool
scope_broken(const struct scope *scope)
{
	return scope->partial || any_broken(&scope->base->layers) || (scope->own != NULL && scope->own->broken);
}

bool
node_wrong(const struct node *node)
{
	return node_scope(node)->wrong;
}

bool
node_broken(const struct node *node)
{
	const struct scope *scope = node_scope(node);

	return any_broken(&scope->base->layers) || scope->own->broken;
}
