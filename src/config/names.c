/* config: checks the names and ports by which nodes are reached. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LONGEST	253
#define LABEL_LONGEST	63
#define PORT_LAST	65535

/* RFC 1035, 2.3.1, with digits at the start of a label (RFC 1123, 2.1). */
static bool
host_name_good(const char *name)
{
	size_t n;

	if (strlen(name) > NAME_LONGEST)
		return false;
	for (;; name += n + 1) {
		for (n = 0; isalnum((unsigned char)name[n]) || name[n] == '-'; n++)
			;
		if (n == 0 || n > LABEL_LONGEST || name[0] == '-' || name[n - 1] == '-')
			return false;
		if (name[n] != '.')
			return name[n] == '\0';
	}
}

static void
place_of(struct node *node, const char *property, const char *text, struct place *place)
{
	if (!scope_place(node_scope(node), property, text, place))
		*place = (struct place){ .path = node_scope(node)->own->path };
}

struct check {
	struct config	*config;
	const bool	*asked;
	struct problems	*problems;
	json_t		*full;		/* names in lower case → [number of the node, property, as written] */
};

static void
collision(const struct check *check, size_t node, const char *property, const char *text, const json_t *owner)
{
	struct node	*one = check->config->nodes[node], *other;
	size_t		 index = (size_t)json_integer_value(json_array_get(owner, 0));
	const char	*where = json_string_value(json_array_get(owner, 1));
	struct place	 place;
	struct err	*e;

	if (index == node || (!check->asked[node] && !check->asked[index]))
		return;
	other = check->config->nodes[index];
	place_of(one, property, text, &place);
	e = err_at(ERR_CONFIG, &place, "\"%s\" is a name of two nodes, %s and %s", text, other->name, one->name);
	place_of(other, where, json_string_value(json_array_get(owner, 2)), &place);
	problems_add(check->problems, err_rule(err_note(e, &place, "that of node %s", other->name), "duplicate-name"));
}

/* A full name is one node's; an alias may be of several, but not also a full name: those are all known by then. */
static void
claim(struct check *check, size_t node, const char *property, const char *text, bool full)
{
	char	*key = xstrdup(text);
	json_t	*owner;

	for (char *at = key; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	if ((owner = json_object_get(check->full, key)) != NULL)
		collision(check, node, property, text, owner);
	else if (full)
		json_object_set_new(check->full, key, json_pack("[I, s, s]", (json_int_t)node, property, text));
	free(key);
}

/* One name of a node. */
static void
check_name(struct check *check, size_t i, const char *property, const char *text, bool owned, bool full)
{
	struct node	*node = check->config->nodes[i];
	struct place	 place;
	json_t		*value;
	char		*quoted;

	if (!host_name_good(text)) {
		if (!check->asked[i])
			return;
		node_scope(node)->wrong = true;
		place_of(node, property, text, &place);
		value = json_string(text);
		quoted = json_dumps(value, JSON_ENCODE_ANY);	/* it may have newlines */
		problems_add(check->problems, err_rule(err_hint(err_at(ERR_CONFIG, &place, "%s is no name of a host",
		    quoted), "names are made of letters, digits and -, with dots between them"), "bad-host-name"));
		json_decref(value);
		free(quoted);
	} else if (owned && node->enabled)
		claim(check, i, property, text, full);
}

/* Evaluate the property; what is wrong with it is said for nodes that are asked about.  NULL: it is not there. */
static json_t *
value_of(const struct check *check, size_t i, const char *property)
{
	struct scope	*scope = node_scope(check->config->nodes[i]);
	json_t		*value;
	struct err	*e = scope_find(scope, scope_root(scope), property, &value);

	if (e == NULL && value != NULL)
		e = scope_deep(scope, value, &value);
	if (e != NULL)
		value = NULL;
	if (check->asked[i])
		problems_add(check->problems, e);
	else
		err_free(e);
	return json_is_null(value) || is_required(value) ? NULL : value;
}

static void
wrong(const struct check *check, size_t i, const char *property, const json_t *value, const char *wanted)
{
	struct place place;

	if (!check->asked[i])
		return;
	node_scope(check->config->nodes[i])->wrong = true;
	place_of(check->config->nodes[i], property, NULL, &place);
	problems_add(check->problems, err_rule(err_at(ERR_CONFIG, &place, "\"%s\" of node %s must be %s, not %s",
	    property, check->config->nodes[i]->name, wanted, type_name(value)), "wrong-type"));
}

static void
check_text(struct check *check, size_t i, const char *property, bool owned)
{
	json_t *value = value_of(check, i, property);

	if (json_is_string(value))
		check_name(check, i, property, json_string_value(value), owned, true);
	else if (value != NULL)
		wrong(check, i, property, value, "a text");
}

static void
check_aliases(struct check *check, size_t i)
{
	json_t	*value = value_of(check, i, "dns.aliases"), *alias;
	char	*property;
	size_t	 number;

	if (value != NULL && !json_is_array(value))
		wrong(check, i, "dns.aliases", value, "a list of names");
	if (!json_is_array(value))
		return;
	json_array_foreach(value, number, alias) {
		property = xasprintf("dns.aliases.%zu", number + 1);
		if (json_is_string(alias))
			check_name(check, i, property, json_string_value(alias), true, false);
		else
			wrong(check, i, property, alias, "a text");
		free(property);
	}
}

static void
check_port(struct check *check, size_t i)
{
	json_t		*value = value_of(check, i, "ssh.port");
	struct place	 place;

	if (value == NULL || !check->asked[i])
		return;
	place_of(check->config->nodes[i], "ssh.port", NULL, &place);
	if (!json_is_integer(value))
		wrong(check, i, "ssh.port", value, "a whole number");
	else if (json_integer_value(value) < 1 || json_integer_value(value) > PORT_LAST) {
		node_scope(check->config->nodes[i])->wrong = true;
		problems_add(check->problems, err_rule(err_at(ERR_CONFIG, &place, "%" JSON_INTEGER_FORMAT " is no port: "
		    "they are numbered from 1 to %d", json_integer_value(value), PORT_LAST), "bad-port"));
	}
}

void
check_names(struct config *config, const bool *asked, struct problems *problems)
{
	struct check	 check = { config, asked, problems, json_object() };

	for (size_t i = 0; i < config->node_count; i++) {
		if (!config->nodes[i]->enabled && !asked[i])
			continue;
		check_port(&check, i);
		check_text(&check, i, "domain.full", true);
		check_text(&check, i, "domain.internal", false);
	}
	for (size_t i = 0; i < config->node_count; i++) {
		if (config->nodes[i]->enabled || asked[i])
			check_aliases(&check, i);
	}
	json_decref(check.full);
}
