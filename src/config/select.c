/* config: the macros `nodes`, `nodes_like_me` and `nodes_near_me`: choosing among the nodes of the instance. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/json.h"
#include "base/strs.h"
#include "lua/list.h"
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define NODES		"leap.nodes"		/* a metatable */

static const char selections_key;	/* its address is a key in the registry */

enum reach { REACH_ALL, REACH_ENVIRONMENT, REACH_NEAR };

/* `nodes` and its sisters: a list when it is called or has a method called, and its nodes by name. */
struct nodes {
	struct scope	*scope;		/* who asks */
	enum reach	 reach;
	const char	*near;		/* the name of the asker's location; NULL: none */
};

/* Where the scope is: the name of its node's location, or NULL. */
static const char *
location(lua_State *L, struct scope *scope)
{
	json_t		*value;
	struct err	*e = scope_find(scope, scope_root(scope), "location.name", &value);

	if (e != NULL)
		macro_raise(L, scope->config, e);
	return json_string_value(value);
}

static void
push_nodes(lua_State *L, struct scope *scope, enum reach reach)
{
	const char	*near = reach == REACH_NEAR ? location(L, scope) : NULL;
	struct nodes	*nodes = lua_newuserdatauv(L, sizeof(*nodes), 0);

	*nodes = (struct nodes){ scope, reach, near };
	luaL_setmetatable(L, NODES);
}

static bool
equal_or_null(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
reaches(lua_State *L, const struct nodes *nodes, struct node *node)
{
	if (!node->enabled)
		return false;
	if (nodes->reach != REACH_ALL && !equal_or_null(node->environment, nodes->scope->environment))
		return false;
	return nodes->reach != REACH_NEAR || equal_or_null(location(L, node_scope(node)), nodes->near);
}

/* Push a name for what these nodes and the filter at `filter` (0: none) select. */
static void
push_selection_name(lua_State *L, const struct nodes *nodes, int filter)
{
	const char	*environment = nodes->scope->environment;
	struct buf	 text = { 0 };
	json_t		*value;
	struct err	*e;

	lua_pushfstring(L, "%d\n%s\n", (int)nodes->reach,
	    nodes->reach == REACH_ALL || environment == NULL ? "" : environment);
	if (nodes->reach == REACH_NEAR) {
		lua_pushfstring(L, "%s\n", nodes->near == NULL ? "" : nodes->near);
		lua_concat(L, 2);
	}
	if (filter == 0)
		return;
	if ((e = lua_to_json(L, filter, &value)) != NULL)
		macro_raise(L, nodes->scope->config, e);
	json_canonical(value, &text);
	json_decref(value);
	lua_pushlstring(L, buf_text(&text), text.len);
	buf_fini(&text);
	lua_concat(L, 2);
}

/* Push a new list with the elements of the one on top in its place. */
static void
copy_list(lua_State *L)
{
	lua_Integer count = (lua_Integer)lua_rawlen(L, -1);

	list_new(L, (int)count);
	for (lua_Integer i = 1; i <= count; i++) {
		lua_rawgeti(L, -2, i);
		lua_rawseti(L, -2, i);
	}
	lua_remove(L, -2);
}

/*
 * Push the list of these nodes that match the filter at `filter` (0: all).  Equal ones are found once: what a node
 * has does not change.
 */
static void
push_selection(lua_State *L, const struct nodes *nodes, int filter)
{
	struct config	*config = nodes->scope->config;
	lua_Integer	 next = 1;

	luaL_checkstack(L, LUA_MINSTACK, "nodes");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &selections_key);
	push_selection_name(L, nodes, filter);
	lua_pushvalue(L, -1);
	if (lua_rawget(L, -3) == LUA_TNIL) {
		lua_pop(L, 1);
		list_new(L, 0);
		sandbox_spend(L, config->node_count);
		for (size_t i = 0; i < config->node_count; i++) {
			if (!reaches(L, nodes, config->nodes[i]))
				continue;
			macro_push_node(L, config->nodes[i]);
			lua_rawseti(L, -2, next++);
		}
		if (filter != 0)
			list_filter(L, filter);
		if (!config->disguised) {	/* other secrets may select others */
			lua_pushvalue(L, -2);
			lua_pushvalue(L, -2);
			lua_rawset(L, -5);
		}
	}
	sandbox_spend(L, lua_rawlen(L, -1));
	copy_list(L);
	lua_replace(L, -3);
	lua_pop(L, 1);
}

static struct err *
no_node(const struct nodes *nodes, const char *name)
{
	const struct config	*config = nodes->scope->config;
	const struct node	*node = config_node(config, name);
	struct strs		 names = { 0 };
	struct err		*e;
	const char		*near;

	if (node != NULL && !node->enabled)
		return err_new(ERR_CONFIG, "node %s is disabled", name);
	if (node != NULL)
		return err_hint(err_new(ERR_CONFIG, "node %s is not among these nodes", name), "\"nodes\" has all of them");
	e = err_new(ERR_CONFIG, "there is no node \"%s\"", name);
	for (size_t i = 0; i < config->node_count; i++)
		strs_add(&names, config->nodes[i]->name);
	if ((near = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	strs_fini(&names);
	return e;
}

/* A method of lists, called on all nodes: the upvalue is the method. */
static int
nodes_method(lua_State *L)
{
	struct nodes *nodes = luaL_checkudata(L, 1, NODES);

	push_selection(L, nodes, 0);
	lua_replace(L, 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

static int
nodes_index(lua_State *L)
{
	struct nodes	*nodes = luaL_checkudata(L, 1, NODES);
	struct node	*node;
	const char	*name;

	if (lua_isinteger(L, 2)) {
		push_selection(L, nodes, 0);
		lua_rawgeti(L, -1, lua_tointeger(L, 2));
		return 1;
	}
	name = luaL_checkstring(L, 2);
	list_method(L, 2);
	if (!lua_isnil(L, -1)) {
		lua_pushcclosure(L, nodes_method, 1);
		return 1;
	}
	node = config_node(nodes->scope->config, name);
	if (node != NULL && reaches(L, nodes, node)) {
		macro_push_node(L, node);
		return 1;
	}
	sandbox_raise(L, no_node(nodes, name));
}

static int
nodes_call(lua_State *L)
{
	struct nodes *nodes = luaL_checkudata(L, 1, NODES);

	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TTABLE);
	push_selection(L, nodes, lua_isnoneornil(L, 2) ? 0 : 2);
	return 1;
}

static int
nodes_length(lua_State *L)
{
	push_selection(L, luaL_checkudata(L, 1, NODES), 0);
	lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
	return 1;
}

/* The names, for pairs(). */
static int
nodes_keys(lua_State *L)
{
	struct nodes	*nodes = luaL_checkudata(L, 1, NODES);
	struct config	*config = nodes->scope->config;
	lua_Integer	 next = 1;

	list_new(L, 0);
	for (size_t i = 0; i < config->node_count; i++) {
		if (reaches(L, nodes, config->nodes[i])) {
			lua_pushstring(L, config->nodes[i]->name);
			lua_rawseti(L, -2, next++);
		}
	}
	return 1;
}

void
select_push_all(lua_State *L, struct scope *scope)
{
	push_nodes(L, scope, REACH_ALL);
}

void
select_push_like_me(lua_State *L, struct scope *scope)
{
	push_nodes(L, scope, REACH_ENVIRONMENT);
}

void
select_push_near_me(lua_State *L, struct scope *scope)
{
	push_nodes(L, scope, REACH_NEAR);
}

void
select_setup(struct config *config)
{
	static const luaL_Reg nodes[] = {
		{ "__index", nodes_index },
		{ "__call", nodes_call },
		{ "__len", nodes_length },
		{ "__keys", nodes_keys },
		{ "__newindex", macro_refuse_change },
		{ NULL, NULL },
	};
	lua_State *L = sandbox_state(config->sandbox);

	luaL_newmetatable(L, NODES);
	luaL_setfuncs(L, nodes, 0);
	lua_pushliteral(L, "table");
	lua_setfield(L, -2, "__type");
	lua_pushliteral(L, "table");
	lua_setfield(L, -2, "__name");
	lua_pop(L, 1);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &selections_key);
}
