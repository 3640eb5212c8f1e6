/* config: the macros about encrypted connections between nodes. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/builtin.h"

#include "base/json.h"
#include "base/strs.h"
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/*
 * A client's properties are { "stunnel": { "clients": { NAME: "= stunnel_client(nodes, port)" } } }, a server's
 * { "stunnel": { "servers": { NAME: "= stunnel_server(port)" } } }.  Local ports of clients are numbered through by NAME,
 * then by the other node's name: so a client evaluates those of its own node that come before it, and nothing depends
 * on who was asked first.  For the firewall of a node the clients of all nodes of its environment are evaluated.
 */
#define CLIENTS		"stunnel.clients"
#define SERVERS		"stunnel.servers"
#define LOCAL_FIRST	4000
#define LOCAL_LAST	9999		/* below all that remote_port() gives */
#define PORT_LAST	65535

/* The port at which the other end of a tunnel to `port` listens. */
static json_int_t
remote_port(json_int_t port)
{
	return port < 50000 ? port + 10000 : port - 10000;
}

static json_int_t
check_port(lua_State *L, int index)
{
	lua_Integer port = luaL_checkinteger(L, index);

	luaL_argcheck(L, port >= 1 && port <= PORT_LAST, index, "ports are numbered from 1 to 65535");
	return port;
}

/* An own stunnel_client() or stunnel_server(), and the names of all of its kind on this node. */
struct end {
	struct asker	 asker;
	const char	*kind;		/* CLIENTS or SERVERS */
	const char	*name;
	json_t		*all;		/* the object that it is in */
};

/* Find out which one calls.  Raises where it stands in a wrong place. */
static void
find_end(lua_State *L, const char *function, const char *kind, struct end *end)
{
	size_t n = strlen(kind);

	builtin_asker(L, function, &end->asker);
	end->kind = kind;
	end->name = end->asker.property + n + 1;
	if (str_starts(end->asker.property, kind) && end->asker.property[n] == '.') {
		end->all = builtin_raw(end->asker.scope->root, kind);
		if (json_object_get(end->all, end->name) != NULL)
			return;
	}
	sandbox_raise(L, err_hint(err_new(ERR_CONFIG, "%s() cannot be the value of \"%s\"", function,
	    end->asker.property), "make it the value of \"%s.NAME\"", kind));
}

/* A port that is in use on this node. */
struct used {
	json_int_t	 port;
	char		*by;		/* the property */
};

struct ports {
	struct used	*items;
	size_t		 count;
};

static void
ports_add(struct ports *ports, const char *kind, const char *name, const json_t *entry, const char *key)
{
	const json_t *port = json_object_get(entry, key);

	if (!json_is_integer(port))
		return;
	ports->items = xrealloc(ports->items, ports->count + 1, sizeof(*ports->items));
	ports->items[ports->count++] = (struct used){
		.port = json_integer_value(port),
		.by = xasprintf("%s.%s", kind, name),
	};
}

static void
ports_fini(struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		free(ports->items[i].by);
	free(ports->items);
	*ports = (struct ports){ 0 };
}

/*
 * Evaluate what stands in the object `kind` of this node before `name` (NULL: all of it), and add its ports.  A client
 * is an object of connections, a server one itself.
 */
NODISCARD
static struct err *
ports_collect(struct ports *ports, struct scope *scope, const char *kind, const char *name)
{
	json_t		*all, *value, *entry;
	struct err	*e = scope_find(scope, scope_root(scope), kind, &all);
	const char	*key, *connection;

	if (e != NULL)
		return e;
	json_object_foreach(all, key, value) {
		if (name != NULL && strcmp(key, name) >= 0)
			continue;
		if ((e = scope_deep(scope, value, &value)) != NULL)
			return e;
		if (strcmp(kind, SERVERS) == 0) {
			ports_add(ports, kind, key, value, "accept_port");
			ports_add(ports, kind, key, value, "connect_port");
		} else {
			json_object_foreach(value, connection, entry)
				ports_add(ports, kind, key, entry, "accept_port");
		}
	}
	return NULL;
}

NODISCARD
static struct err *
check_free(const struct ports *ports, const struct end *end, json_int_t port)
{
	struct place	 place;
	struct err	*e;

	for (size_t i = 0; i < ports->count; i++) {
		if (ports->items[i].port != port)
			continue;
		e = err_rule(err_new(ERR_CONFIG, "port %" JSON_INTEGER_FORMAT " of node %s is taken by %s and by %s.%s",
		    port, end->asker.scope->node->name, ports->items[i].by, end->kind, end->name), "port-collision");
		if (scope_place(end->asker.scope, ports->items[i].by, NULL, &place))
			e = err_note(e, &place, "the other one");
		return e;
	}
	return NULL;
}

/* stunnel_server(5984): where a tunnel to that port of this node ends. */
int
builtin_stunnel_server(lua_State *L)
{
	json_int_t	 port = check_port(L, 1), accept = remote_port(port);
	struct ports	 ports = { 0 };
	struct end	 end;
	struct err	*e;

	find_end(L, "stunnel_server", SERVERS, &end);
	if ((e = ports_collect(&ports, end.asker.scope, SERVERS, end.name)) == NULL &&
	    (e = check_free(&ports, &end, accept)) == NULL)
		e = check_free(&ports, &end, port);
	ports_fini(&ports);
	if (e != NULL)
		macro_raise(L, end.asker.scope->config, e);
	return builtin_give(L, json_pack("{s:I, s:I}", "accept_port", accept, "connect_port", port));
}

/* One connection of a client. */
NODISCARD
static struct err *
connection(struct node *node, json_int_t local, json_int_t port, json_t **out)
{
	const char	*name = NULL;
	struct err	*e = node_text(node, "domain.internal", &name);

	*out = NULL;
	if (e == NULL && name == NULL)
		e = err_new(ERR_CONFIG, "node %s has no \"domain.internal\" to connect to", node->name);
	if (e == NULL)
		*out = json_pack("{s:s, s:I, s:s, s:I, s:I}", "node", node->name, "accept_port", local, "connect",
		    name, "connect_port", remote_port(port), "original_port", port);
	return e;
}

/* The connections to these nodes, the node itself left out; a new reference. */
NODISCARD
static struct err *
connections(struct end *end, struct node **nodes, size_t count, json_int_t port, json_t **out)
{
	struct scope	*scope = end->asker.scope;
	struct ports	 ports = { 0 };
	json_int_t	 local;
	json_t		*entry;
	struct err	*e = ports_collect(&ports, scope, CLIENTS, end->name);

	*out = json_object();
	local = LOCAL_FIRST + (json_int_t)ports.count;
	if (e == NULL)
		e = ports_collect(&ports, scope, SERVERS, NULL);
	for (size_t i = 0; e == NULL && i < count; i++) {
		char *key = xasprintf("%s_%" JSON_INTEGER_FORMAT, nodes[i]->name, port);

		if (nodes[i] == scope->node) {
			free(key);
			continue;
		}
		if (local > LOCAL_LAST)
			e = err_new(ERR_CONFIG, "more than %d connections from node %s", LOCAL_LAST - LOCAL_FIRST + 1,
			    scope->node->name);
		else if ((e = check_free(&ports, end, local)) == NULL &&
		    (e = connection(nodes[i], local++, port, &entry)) == NULL)
			json_object_set_new(*out, key, entry);
		free(key);
	}
	ports_fini(&ports);
	return e;
}

/* A node of another environment would not let this one in. */
NODISCARD
static struct err *
check_environment(const struct scope *scope, struct node **nodes, size_t count)
{
	const char *own = scope->environment == NULL ? "" : scope->environment;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(nodes[i]->environment == NULL ? "" : nodes[i]->environment, own) != 0)
			return err_hint(err_new(ERR_CONFIG, "node %s is in another environment than node %s",
			    nodes[i]->name, scope->node->name), "nodes_like_me{...} has none of those");
	}
	return NULL;
}

/* stunnel_client(nodes_like_me{services='database'}, 5984): a tunnel to that port of each of the nodes. */
int
builtin_stunnel_client(lua_State *L)
{
	size_t		 count;
	struct node	**nodes = builtin_nodes(L, 1, &count);
	json_int_t	 port = check_port(L, 2);
	struct end	 end;
	struct err	*e;
	json_t		*result = NULL;

	find_end(L, "stunnel_client", CLIENTS, &end);
	if ((e = check_environment(end.asker.scope, nodes, count)) == NULL)
		e = connections(&end, nodes, count, port, &result);
	if (e != NULL) {
		json_decref(result);
		macro_raise(L, end.asker.scope->config, e);
	}
	return builtin_give(L, result);
}

/* Note who connects: node → port → address → true. */
static void
note_tunnel(json_t *tunnels, const json_t *connection_to, const char *address)
{
	const char	*node = json_str(connection_to, "node");
	char		*port = xasprintf("%" JSON_INTEGER_FORMAT, json_int(connection_to, "connect_port", 0));
	json_t		*ports, *addresses;

	if (node != NULL) {
		if ((ports = json_object_get(tunnels, node)) == NULL)
			json_object_set_new(tunnels, node, ports = json_object());
		if ((addresses = json_object_get(ports, port)) == NULL)
			json_object_set_new(ports, port, addresses = json_object());
		json_object_set_new(addresses, address, json_true());
	}
	free(port);
}

/* Add the connections of one node. */
NODISCARD
static struct err *
collect_tunnels(json_t *tunnels, struct node *node)
{
	struct scope	*scope = node_scope(node);
	const char	*address = NULL, *client, *name;
	json_t		*clients, *value, *entry;
	struct err	*e = scope_find(scope, scope_root(scope), CLIENTS, &clients);

	if (e != NULL || clients == NULL || (e = scope_deep(scope, clients, &clients)) != NULL ||
	    json_object_size(clients) == 0 || (e = node_text(node, "ip_address", &address)) != NULL || address == NULL)
		return e;
	json_object_foreach(clients, client, value) {
		json_object_foreach(value, name, entry) {
			note_tunnel(tunnels, entry, address);
		}
	}
	return NULL;
}

/* All connections of the environment, found once; borrowed from the config. */
NODISCARD
static struct err *
tunnels_of(struct config *config, const char *environment, json_t **out)
{
	struct err	*e = NULL;
	const char	*key = environment == NULL ? "" : environment;

	if ((*out = json_object_get(config->tunnels, key)) != NULL)
		return NULL;
	*out = json_object();
	for (size_t i = 0; e == NULL && i < config->node_count; i++) {
		struct node *node = config->nodes[i];

		if (node->enabled && strcmp(node->environment == NULL ? "" : node->environment, key) == 0)
			e = collect_tunnels(*out, node);
	}
	if (e != NULL)
		json_decref(*out);
	else
		json_object_set_new(config->tunnels, key, *out);
	return e;
}

static int
compare_ports(const void *left, const void *right)
{
	long a = strtol(*(const char *const *)left, NULL, 10), b = strtol(*(const char *const *)right, NULL, 10);

	return (a > b) - (a < b);
}

/* The rule that lets in who connects to these ports of the node; `only` is one of them, or 0. */
static json_t *
firewall_rule(const json_t *ports, json_int_t only)
{
	struct strs	 numbers = { 0 };
	const char	*number, *address;
	json_t		*addresses, *ignored, *open = json_array(), *from = json_array(), *seen = json_object();

	json_object_foreach((json_t *)(uintptr_t)ports, number, addresses) {
		if (only == 0 || strtol(number, NULL, 10) == only)
			strs_add(&numbers, number);
	}
	if (numbers.count > 0)
		qsort(numbers.items, numbers.count, sizeof(*numbers.items), compare_ports);
	for (size_t i = 0; i < numbers.count; i++) {
		json_array_append_new(open, json_integer(strtol(numbers.items[i], NULL, 10)));
		json_object_update(seen, json_object_get(ports, numbers.items[i]));
	}
	json_object_foreach(seen, address, ignored) {
		json_array_append_new(from, json_string(address));
	}
	json_decref(seen);
	strs_fini(&numbers);
	return json_pack("{s:o, s:s, s:o}", "ports", open, "protocol", "tcp", "from", from);
}

/* stunnel_firewall(), or of one server's port: a firewall rule that lets in the nodes that have a tunnel to this one. */
int
builtin_stunnel_firewall(lua_State *L)
{
	json_int_t	 only = lua_isnoneornil(L, 1) ? 0 : remote_port(check_port(L, 1));
	struct scope	*scope = builtin_scope(L);
	json_t		*tunnels;
	struct err	*e;

	if (scope->node == NULL)
		sandbox_raise(L, err_new(ERR_CONFIG, "stunnel_firewall() is for nodes, and %s is none", scope->title));
	if ((e = tunnels_of(scope->config, scope->environment, &tunnels)) != NULL)
		macro_raise(L, scope->config, e);
	return builtin_give(L, firewall_rule(json_object_get(tunnels, scope->node->name), only));
}
