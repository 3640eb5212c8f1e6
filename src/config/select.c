/* config: the macros `nodes`, `nodes_like_me` and `nodes_near_me`: choosing among the nodes of the instance. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/json.h"
#include "base/strs.h"
#include "config/trace.h"
#include "lua/list.h"
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define NODES		"leap.nodes"		/* a metatable */
#define STEPS_NAME	16			/* what comparing a name with another one costs */

static const char selections_key;	/* its address is a key in the registry */

enum reach { REACH_ALL, REACH_ENVIRONMENT, REACH_NEAR };

static const char *const reach_names[] = { "nodes", "nodes_like_me", "nodes_near_me" };

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
reaches(lua_State *L, const struct nodes *nodes, enum reach reach, struct node *node)
{
	if (!node->enabled)
		return false;
	if (reach != REACH_ALL && !equal_or_null(node->environment, nodes->scope->environment))
		return false;
	return reach != REACH_NEAR || equal_or_null(location(L, node_scope(node)), nodes->near);
}

/*
 * What was selected once is kept, under names: the lists of `nodes` and its sisters without a filter (the base of all
 * else), those by a filter, and for a base and a property the lists of those that have a value, by the value.  What a
 * node has does not change.
 */

/* Replace the name on top by what is kept under it.  False: nothing is. */
static bool
recall(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &selections_key);
	lua_pushvalue(L, -2);
	lua_rawget(L, -2);
	lua_remove(L, -2);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		return false;
	}
	lua_remove(L, -2);
	return true;
}

/* Keep the value on top under the name below it, which goes.  What depends on secrets would not with others. */
static void
keep(lua_State *L, const struct config *config)
{
	if (!config->touched && !config->disguised) {
		lua_rawgetp(L, LUA_REGISTRYINDEX, &selections_key);
		lua_pushvalue(L, -3);
		lua_pushvalue(L, -3);
		lua_rawset(L, -3);
		lua_pop(L, 1);
	}
	lua_remove(L, -2);
}

static void
push_base_name(lua_State *L, const struct nodes *nodes, enum reach reach)
{
	const char *environment = nodes->scope->environment;

	if (reach == REACH_ALL || environment == NULL)
		environment = "";
	if (reach == REACH_NEAR && nodes->near != NULL)
		lua_pushfstring(L, "%d\n%s\n%s\n", (int)reach, environment, nodes->near);
	else
		lua_pushfstring(L, "%d\n%s\n", (int)reach, environment);
}

/* Push the lists of those that have each value of a property, of the base on top, whose name is below it. */
static void
push_index(lua_State *L, const struct config *config, const char *property)
{
	lua_pushvalue(L, -2);
	lua_pushliteral(L, "@");
	lua_pushstring(L, property);
	lua_concat(L, 3);
	if (recall(L))
		return;
	lua_pushvalue(L, -2);
	list_group(L, property);
	lua_remove(L, -2);
	keep(L, config);
}

/* Replace the lists by value on top by the list for the value at `value`. */
static void
take_group(lua_State *L, int value)
{
	lua_pushvalue(L, value);
	if (lua_rawget(L, -2) == LUA_TNIL) {
		lua_pop(L, 1);
		list_new(L, 0);
	}
	lua_remove(L, -2);
}

/* Push the list of all that `reach` allows, and its name below it; not to be changed. */
static void
push_base(lua_State *L, const struct nodes *nodes, enum reach reach)
{
	struct config	*config = nodes->scope->config;
	lua_Integer	 next = 1;

	push_base_name(L, nodes, reach);
	lua_pushvalue(L, -1);
	if (recall(L))
		return;
	if (reach == REACH_NEAR && nodes->near != NULL) {
		push_base(L, nodes, REACH_ENVIRONMENT);
		push_index(L, config, "location.name");
		lua_pushstring(L, nodes->near);
		lua_insert(L, -2);
		take_group(L, lua_gettop(L) - 1);
		lua_replace(L, -4);
		lua_pop(L, 2);
	} else {
		list_new(L, 0);
		sandbox_spend(L, config->node_count);
		for (size_t i = 0; i < config->node_count; i++) {
			if (!reaches(L, nodes, reach, config->nodes[i]))
				continue;
			macro_push_node(L, config->nodes[i]);
			lua_rawseti(L, -2, next++);
		}
	}
	keep(L, config);
}

/* Whether a filter's value, on top, is one that an element has or has not: neither "!x" nor a list of values. */
static bool
is_plain(lua_State *L)
{
	if (lua_type(L, -1) == LUA_TSTRING)
		return *lua_tostring(L, -1) != '!';
	return lua_isnumber(L, -1) || lua_isboolean(L, -1);
}

/*
 * Replace the base on top and the name below it by those that match the filter at `filter`.  The first of its pairs is
 * looked up.
 */
static void
apply_filter(lua_State *L, const struct config *config, int filter)
{
	int base = lua_gettop(L);

	list_keys(L, filter);
	if (lua_rawgeti(L, -1, 1) == LUA_TSTRING) {
		lua_pushvalue(L, -1);
		lua_rawget(L, filter);
		if (is_plain(L)) {
			lua_pushvalue(L, base - 1);
			lua_pushvalue(L, base);
			push_index(L, config, lua_tostring(L, base + 2));
			take_group(L, base + 3);
			lua_replace(L, base);
		}
	}
	lua_settop(L, base);
	list_filter(L, filter);
	lua_remove(L, -2);
}

/* The same as push_selection_name() for { name = "text" }, as most filters are; false: it is another. */
static bool
push_simple_name(lua_State *L, int filter)
{
	int top = lua_gettop(L);

	lua_pushnil(L);
	if (lua_next(L, filter) != 0 && lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING) {
		lua_pushvalue(L, -2);
		if (lua_next(L, filter) == 0) {
			lua_pushfstring(L, "%d=", (int)lua_rawlen(L, top + 1));
			lua_insert(L, top + 1);
			lua_concat(L, 4);
			return true;
		}
	}
	lua_settop(L, top);
	return false;
}

/* Push the name of what the filter at `filter` selects from the base whose name is on top, in its place. */
static void
push_selection_name(lua_State *L, struct config *config, int filter)
{
	struct buf	 text = { 0 };
	json_t		*value;
	struct err	*e;

	if (push_simple_name(L, filter))
		return;
	if ((e = lua_to_json(L, filter, &value)) != NULL)
		macro_raise(L, config, e);
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

/* Push the list of these nodes that match the filter at `filter` (0: all); it is kept, and not for macros to change. */
static void
push_selection(lua_State *L, const struct nodes *nodes, int filter)
{
	struct config	*config = nodes->scope->config;

	luaL_checkstack(L, LUA_MINSTACK, "nodes");
	if (filter != 0)
		select_check(L, config, filter);
	trace_selecting(config);
	push_base_name(L, nodes, nodes->reach);
	if (filter != 0)
		push_selection_name(L, config, filter);
	if (!recall(L)) {
		push_base(L, nodes, nodes->reach);
		if (filter != 0)
			apply_filter(L, config, filter);
		else
			lua_remove(L, -2);
		keep(L, config);
	}
	sandbox_spend(L, lua_rawlen(L, -1));
	trace_selection(L, config, reach_names[nodes->reach], filter);
}

static struct err *
nodes_json(void *userdata, json_t **out)
{
	(void)userdata;
	(void)out;
	return macro_no_value("a list of nodes");
}

static const struct lua_json nodes_class = { nodes_json };

static struct err *
no_such(const struct nodes *nodes, const char *name)
{
	const struct config	*config = nodes->scope->config;
	const struct node	*node = config_node(config, name);
	struct strs		 methods = { 0 };
	struct err		*e;
	const char		*near;

	if (node != NULL && !node->enabled)
		return err_rule(err_new(ERR_CONFIG, "node %s is disabled", name), "unknown-node");
	if (node != NULL)
		return err_rule(err_hint(err_new(ERR_CONFIG, "node %s is not among these nodes", name),
		    "\"nodes\" has all of them"), "unknown-node");
	e = no_node(config, name);
	list_method_names(&methods);
	if (err_hint_text(e) == NULL && (near = strs_nearest(&methods, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	strs_fini(&methods);
	return e;
}

/* A method of lists, called on all nodes: the upvalue is the method, which finds itself called by its name. */
static int
nodes_method(lua_State *L)
{
	struct nodes *nodes = luaL_checkudata(L, 1, NODES);

	push_selection(L, nodes, 0);
	lua_replace(L, 1);
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* list:values() for all of the nodes, from the index. */
static int
nodes_values(lua_State *L)
{
	struct nodes	*nodes = luaL_checkudata(L, 1, NODES);
	const char	*property = luaL_checkstring(L, 2);

	luaL_checkstack(L, LUA_MINSTACK, "nodes");
	select_check_property(nodes->scope->config, property);
	trace_selecting(nodes->scope->config);
	push_base(L, nodes, nodes->reach);
	trace_selection(L, nodes->scope->config, reach_names[nodes->reach], 0);
	push_index(L, nodes->scope->config, property);
	list_keys(L, -1);
	return 1;
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
	if (strcmp(name, "values") == 0) {
		lua_pushcfunction(L, nodes_values);
		return 1;
	}
	list_method(L, 2);
	if (!lua_isnil(L, -1)) {
		lua_pushcclosure(L, nodes_method, 1);
		return 1;
	}
	node = config_node(nodes->scope->config, name);
	if (node != NULL && reaches(L, nodes, nodes->reach, node)) {
		macro_push_node(L, node);
		return 1;
	}
	sandbox_spend(L, nodes->scope->config->node_count * STEPS_NAME);
	sandbox_raise(L, no_such(nodes, name));
}

static int
nodes_call(lua_State *L)
{
	struct nodes *nodes = luaL_checkudata(L, 1, NODES);

	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TTABLE);
	push_selection(L, nodes, lua_isnoneornil(L, 2) ? 0 : 2);
	copy_list(L);
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
		if (reaches(L, nodes, nodes->reach, config->nodes[i])) {
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
	lua_pushlightuserdata(L, (void *)(uintptr_t)&nodes_class);
	lua_setfield(L, -2, LUA_JSON);
	lua_pop(L, 1);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &selections_key);
}
