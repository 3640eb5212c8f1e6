/* config: the macros that come with the program, and what they have in common. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/builtin.h"

#include "base/strs.h"
#include "config/trace.h"
#include "lua/list.h"
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

struct scope *
builtin_scope(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

int
builtin_give(lua_State *L, json_t *take_value)
{
	bool lenient = sandbox_lenient(sandbox_of(L), true);

	lua_push_json(L, take_value);
	json_decref(take_value);
	sandbox_lenient(sandbox_of(L), lenient);
	return 1;
}

void
builtin_asker(lua_State *L, const char *function, struct asker *out)
{
	struct config		*config = builtin_scope(L)->config;
	const struct frame	*frame;
	bool			 lenient;
	char			*path;

	if (config->running.count == 0)
		sandbox_raise(L, err_hint(err_new(ERR_CONFIG, "%s() is for properties, not for recipes", function),
		    "make it the value of a property, and use that"));
	frame = &config->running.items[config->running.count - 1];
	out->scope = frame->scope;
	out->item = &frame->scope->items[frame->index];
	if (out->scope->node == NULL)
		sandbox_raise(L, err_new(ERR_CONFIG, "%s() is for nodes, and %s is none", function, out->scope->title));
	path = item_path(out->scope, out->item);
	lenient = sandbox_lenient(sandbox_of(L), true);
	out->property = lua_pushstring(L, path);
	sandbox_lenient(sandbox_of(L), lenient);
	free(path);
}

json_t *
builtin_raw(json_t *from, const char *path)
{
	json_t	*child;
	char	*key;
	size_t	 n = 0, number;

	if (*path == '\0')
		return from;
	for (;;) {
		n += strcspn(path + n, ".");
		key = xstrndup(path, n);
		number = strtoul(key, NULL, 10);
		child = json_is_array(from) && number > 0 ? json_array_get(from, number - 1) :
		    json_object_get(from, key);
		free(key);
		if (child != NULL && (child = builtin_raw(child, path[n] == '.' ? path + n + 1 : path + n)) != NULL)
			return child;
		if (path[n] == '\0')
			return NULL;
		n++;
	}
}

static int
compare_nodes(const void *left, const void *right)
{
	return strcmp((*(struct node *const *)left)->name, (*(struct node *const *)right)->name);
}

/* Sort them and take out doubles; how many are left. */
static size_t
tidy_nodes(struct node **nodes, size_t count)
{
	size_t kept = 0;

	qsort(nodes, count, sizeof(struct node *), compare_nodes);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || nodes[kept - 1] != nodes[i])
			nodes[kept++] = nodes[i];
	}
	return kept;
}

struct node **
builtin_nodes(lua_State *L, int index, size_t *count)
{
	struct node	**nodes, *single = macro_to_node(L, index);

	luaL_checkany(L, index);
	if (single == NULL && lua_isuserdata(L, index) && luaL_getmetafield(L, index, "__call") != LUA_TNIL) {
		lua_pushvalue(L, index);
		lua_call(L, 1, 1);
		lua_replace(L, index);
	}
	if (single == NULL)
		luaL_argcheck(L, lua_istable(L, index), index, "nodes expected");
	*count = single != NULL ? 1 : lua_rawlen(L, index);
	sandbox_spend(L, *count);
	nodes = lua_newuserdatauv(L, (*count + 1) * sizeof(struct node *), 0);
	for (size_t i = 0; i < *count; i++) {
		if ((nodes[i] = single) != NULL)
			continue;
		lua_rawgeti(L, index, (lua_Integer)i + 1);
		nodes[i] = macro_to_node(L, -1);
		luaL_argcheck(L, nodes[i] != NULL, index, "a list of nodes expected: this one has others too");
		lua_pop(L, 1);
	}
	*count = tidy_nodes(nodes, *count);
	return nodes;
}

static struct err *
no_service(const struct config *config, const char *name)
{
	struct err	*e = err_rule(err_new(ERR_CONFIG, "there is no service \"%s\"", name), "unknown-service");
	const char	*near = strs_nearest(&config->services, name);

	return near == NULL ? e : err_hint(e, "did you mean \"%s\"?", near);
}

/* services.NAME is what the layers of that service make, in this environment, apart from any node. */
static int
services_index(lua_State *L)
{
	struct scope	*scope, *service;
	const char	*name;

	if (lua_type(L, 2) != LUA_TSTRING) {
		lua_pushnil(L);
		return 1;
	}
	name = lua_tostring(L, 2);
	list_method(L, 2);
	if (!lua_isnil(L, -1))
		return 1;
	lua_getmetatable(L, 1);
	lua_getfield(L, -1, "scope");
	scope = lua_touserdata(L, -1);
	if (config_service(scope->config, name) == NULL)
		sandbox_raise(L, no_service(scope->config, name));
	service = config_scope(scope->config, name, scope->environment);
	trace_unread(scope, "services");
	macro_push_object(L, service, scope_root(service), "");
	return 1;
}

/* The list of the node's services (of none, for others), which also has the definitions of all services. */
static void
push_services(lua_State *L, struct scope *scope)
{
	json_t *list = scope->node == NULL ? NULL : json_object_get(scope_root(scope), "services");

	if (list != NULL) {
		trace_property(scope, "services");
		lua_push_json(L, list);
	} else
		list_new(L, 0);
	lua_newtable(L);
	list_metatable(L, services_index);
	lua_pushlightuserdata(L, scope);
	lua_setfield(L, -2, "scope");
	lua_setmetatable(L, -2);
}

static void
push_node(lua_State *L, struct scope *scope)
{
	if (scope->node == NULL)
		sandbox_raise(L, err_new(ERR_CONFIG, "there is no \"node\" here: %s is not a node", scope->title));
	macro_push_node(L, scope->node);
}

static void
push_provider(lua_State *L, struct scope *scope)
{
	struct scope *provider = config_scope(scope->config, NULL, scope->environment);

	macro_push_object(L, provider, scope_root(provider), "");
}

/* A value is pushed by `push`; what has a function instead is called. */
static const struct builtin {
	const char	*name;
	void		(*push)(lua_State *, struct scope *);
	lua_CFunction	 function;
} builtins[] = {
	{ "authorized_keys", NULL, builtin_authorized_keys },
	{ "base32_secret", NULL, builtin_base32_secret },
	{ "dkim_record", NULL, builtin_dkim_record },
	{ "file", NULL, builtin_file },
	{ "fingerprint", NULL, builtin_fingerprint },
	{ "hex_secret", NULL, builtin_hex_secret },
	{ "host_pins", NULL, builtin_host_pins },
	{ "known_hosts", NULL, builtin_known_hosts },
	{ "local_file_path", NULL, builtin_local_file_path },
	{ "node", push_node, NULL },
	{ "nodes", select_push_all, NULL },
	{ "nodes_like_me", select_push_like_me, NULL },
	{ "nodes_near_me", select_push_near_me, NULL },
	{ "onion_address", NULL, builtin_onion_address },
	{ "pgp_fingerprint", NULL, builtin_pgp_fingerprint },
	{ "pick_node", NULL, builtin_pick_node },
	{ "provider", push_provider, NULL },
	{ "rand_range", NULL, builtin_rand_range },
	{ "remote_file_path", NULL, builtin_remote_file_path },
	{ "remote_files", NULL, builtin_remote_files },
	{ "secret", NULL, builtin_secret },
	{ "services", push_services, NULL },
	{ "stunnel_client", NULL, builtin_stunnel_client },
	{ "stunnel_firewall", NULL, builtin_stunnel_firewall },
	{ "stunnel_server", NULL, builtin_stunnel_server },
	{ "try_file", NULL, builtin_try_file },
	{ "wireguard_public", NULL, builtin_wireguard_public },
};

static int
compare_names(const void *name, const void *builtin)
{
	return strcmp(name, ((const struct builtin *)builtin)->name);
}

static const struct builtin *
find_builtin(const char *name)
{
	return bsearch(name, builtins, ARRAY_LEN(builtins), sizeof(*builtins), compare_names);
}

bool
builtin_has(const char *name)
{
	return find_builtin(name) != NULL;
}

bool
builtin_push(lua_State *L, struct scope *scope, const char *name)
{
	const struct builtin *builtin = find_builtin(name);

	if (builtin == NULL)
		return false;
	luaL_checkstack(L, 6, "macro");
	if (builtin->push != NULL) {
		builtin->push(L, scope);
	} else {
		lua_pushlightuserdata(L, scope);
		lua_pushcclosure(L, builtin->function, 1);
	}
	return true;
}

void
builtin_names(struct strs *names)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		strs_add(names, builtins[i].name);
}
