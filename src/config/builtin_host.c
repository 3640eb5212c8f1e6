/* config: the macros about SSH host keys: a node's own, and those by which it knows others. */
/* May know lua, pki, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/builtin.h"

#include "base/strs.h"
#include "config/trace.h"
#include "lua/sandbox.h"
#include "pki/ssh_ca.h"
#include "repo/repo.h"
#include "ssh/pins.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

struct err *
node_host_names(struct node *node, struct strs *out)
{
	static const char *const properties[] = { "domain.full", "domain.internal", "ip_address" };
	const char	*text;
	struct err	*e = NULL;

	strs_add(out, node->name);
	for (size_t i = 0; e == NULL && i < ARRAY_LEN(properties); i++) {
		if ((e = node_text(node, properties[i], &text)) == NULL && text != NULL && !strs_has(out, text))
			strs_add(out, text);
	}
	return e;
}

/*
 * The keys that a node is pinned to; none without the file, or with a broken one: that is a mistake by itself, which
 * keeps leap from that node only.
 */
NODISCARD
static struct err *
read_pins(struct config *config, const char *path, struct pins *pins)
{
	struct buf	 text = { 0 };
	struct err	*e, *broken;

	*pins = (struct pins){ 0 };
	trace_file(config, path);
	if (!repo_has(config->repo, path))
		return NULL;
	if ((e = repo_read(config->repo, path, &text)) == NULL && (broken = pins_parse(pins, buf_text(&text))) != NULL) {
		err_free(broken);
		pins_fini(pins);
	}
	buf_fini(&text);
	return e;
}

static char *
pins_path(const struct node *node)
{
	return xasprintf("files/nodes/%s/%s_ssh.pub", node->name, node->name);
}

/* The lines of a file; none when there is no file. */
NODISCARD
static struct err *
read_lines(struct config *config, const char *path, struct strs *lines)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	trace_file(config, path);
	if (repo_has(config->repo, path))
		e = repo_read(config->repo, path, &text);
	strs_split(lines, buf_text(&text), '\n');
	buf_fini(&text);
	return e;
}

/* The certificate of a pinned key, a line of NAME_ssh-cert.pub; the caller's, NULL when there is none. */
NODISCARD
static struct err *
find_cert(struct config *config, const struct node *node, const char *key, char **out)
{
	char		*path = xasprintf("files/nodes/%s/%s_ssh-cert.pub", node->name, node->name);
	struct strs	 lines = { 0 };
	struct err	*e = read_lines(config, path, &lines);

	*out = NULL;
	for (size_t i = 0; e == NULL && *out == NULL && i < lines.count; i++) {
		struct ssh_cert	 cert;
		struct err	*bad = ssh_cert_read(&cert, lines.items[i]);

		if (bad == NULL && strcmp(cert.key, key) == 0)
			*out = xstrdup(lines.items[i]);
		err_free(bad);				/* a deploy makes it anew */
		ssh_cert_fini(&cert);
	}
	strs_fini(&lines);
	free(path);
	return e;
}

/* host_pins(): { { key = "ssh-ed25519 AAAA…", path = "/etc/ssh/…" or nil, cert = LINE or nil }, ... }, in the file's order. */
int
builtin_host_pins(lua_State *L)
{
	struct scope	*scope = builtin_scope(L);
	struct pins	 pins;
	struct err	*e;
	json_t		*list;
	char		*path;

	if (scope->node == NULL)
		sandbox_raise(L, err_new(ERR_CONFIG, "host_pins: %s is not a node, and has no keys", scope->title));
	path = pins_path(scope->node);
	e = read_pins(scope->config, path, &pins);
	free(path);
	list = json_array();
	for (size_t i = 0; e == NULL && i < pins.count; i++) {
		char *cert = NULL;

		e = find_cert(scope->config, scope->node, pins.items[i].key, &cert);
		json_array_append_new(list, json_pack("{s:s, s:s*, s:s*}", "key", pins.items[i].key, "path",
		    pins.items[i].path, "cert", cert));
		free(cert);
	}
	pins_fini(&pins);
	if (e != NULL) {
		json_decref(list);
		macro_raise(L, scope->config, e);
	}
	return builtin_give(L, list);
}

/* "web1,192.0.2.1", with another port than 22 "[web1]:2222,[192.0.2.1]:2222" (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
NODISCARD
static struct err *
add_host_names(struct buf *out, struct node *node)
{
	struct strs	 names = { 0 };
	long		 port = 22;
	struct err	*e;

	if ((e = node_host_names(node, &names)) == NULL)
		e = node_number(node, "ssh.port", 22, &port);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		if (i > 0)
			buf_addc(out, ',');
		if (port == 22)
			buf_adds(out, names.items[i]);
		else
			buf_addf(out, "[%s]:%ld", names.items[i], port);
	}
	strs_fini(&names);
	return e;
}

/* A node whose own properties are wrong is left out: that is told of itself, and keeps nobody from the others. */
NODISCARD
static struct err *
add_node(struct buf *out, struct config *config, struct node *node)
{
	char		*path = pins_path(node);
	struct pins	 pins;
	struct buf	 names = { 0 };
	struct err	*e = read_pins(config, path, &pins), *wrong;

	if (e == NULL && pins.count > 0 && (wrong = add_host_names(&names, node)) != NULL) {
		err_free(wrong);
		pins_fini(&pins);
	}
	for (size_t i = 0; e == NULL && i < pins.count; i++)
		buf_addf(out, "%s %s\n", buf_text(&names), pins.items[i].key);
	pins_fini(&pins);
	buf_fini(&names);
	free(path);
	return e;
}

/* A line for each key of a file that counts for all hosts, if there is one. */
NODISCARD
static struct err *
add_marked(struct buf *out, struct config *config, const char *marker, const char *path)
{
	struct strs	 lines = { 0 };
	struct err	*e = read_lines(config, path, &lines);

	for (size_t i = 0; e == NULL && i < lines.count; i++) {
		size_t type = strcspn(lines.items[i], " ");

		if (str_starts(lines.items[i], "ssh-") || str_starts(lines.items[i], "ecdsa-"))
			buf_addf(out, "%s * %.*s\n", marker,
			    (int)(type + 1 + strcspn(lines.items[i] + type + 1, " ")), lines.items[i]);
	}
	strs_fini(&lines);
	return e;
}

static bool
same_environment(const struct node *a, const struct node *b)
{
	return a->environment == b->environment ||
	    (a->environment != NULL && b->environment != NULL && strcmp(a->environment, b->environment) == 0);
}

NODISCARD
static struct err *
make_known_hosts(struct buf *out, struct config *config, const struct node *asker)
{
	struct node	**nodes;
	size_t		  count = config_nodes(config, &nodes);
	struct err	 *e = add_marked(out, config, "@cert-authority", "files/ca/ssh_ca.pub");

	if (e == NULL)
		e = add_marked(out, config, "@revoked", "files/ca/ssh_revoked.pub");
	for (size_t i = 0; e == NULL && i < count; i++) {
		if (nodes[i]->enabled && same_environment(nodes[i], asker))
			e = add_node(out, config, nodes[i]);
	}
	return e;
}

/* Its key in the interpreter's registry: environment → what known_hosts() gave, one string of Lua's for all nodes. */
static const char known_hosts_key;

/* Push the text, which is in config->known_hosts; the same string each time but while somebody wants to know why. */
static void
push_known_hosts(lua_State *L, struct config *config, const char *environment, const json_t *text)
{
	if (config->trace != NULL) {
		lua_pushlstring(L, json_string_value(text), json_string_length(text));
		return;
	}
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &known_hosts_key) != LUA_TTABLE) {
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &known_hosts_key);
	}
	lua_pushstring(L, environment);
	if (lua_rawget(L, -2) == LUA_TSTRING)
		return;
	lua_pushlstring(L, json_string_value(text), json_string_length(text));
	lua_pushstring(L, environment);
	lua_pushvalue(L, -2);
	lua_rawset(L, -5);
}

/*
 * known_hosts(): the lines by which ssh on a node knows all nodes of its environment; "" when none is pinned.  They
 * are the same for each of them, and kept.
 */
int
builtin_known_hosts(lua_State *L)
{
	struct scope	*scope = builtin_scope(L);
	struct config	*config = scope->config;
	const char	*environment;
	struct buf	 text = { 0 };
	struct err	*e = NULL;
	json_t		*kept;

	if (scope->node == NULL)
		sandbox_raise(L, err_new(ERR_CONFIG, "known_hosts: %s is not a node", scope->title));
	environment = scope->node->environment == NULL ? "" : scope->node->environment;
	if (config->trace != NULL || (kept = json_object_get(config->known_hosts, environment)) == NULL) {
		e = make_known_hosts(&text, config, scope->node);
		kept = json_string(buf_text(&text));
		json_object_set_new(config->known_hosts, environment, kept);
	}
	buf_fini(&text);
	if (e != NULL) {
		json_object_del(config->known_hosts, environment);
		macro_raise(L, config, e);
	}
	push_known_hosts(L, config, environment, kept);
	return 1;
}
