/* config: a node's environment for programs that run outside its configuration: recipes and templates. */
/* May know lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_LUA_ENV_H
#define CONFIG_LUA_ENV_H

struct lua_State;
struct node;

/*
 * Push a new table on the stack of the configuration's own interpreter
 * (`lua` must be sandbox_state(config_sandbox(config))): all that a
 * macro of `node` sees.  Reading a bare name gives the node's property of that
 * name, evaluated as node_get() does, then `node`, then a macro or function
 * (nodes, nodes_like_me, provider, services, file, secret, string, table, …),
 * else nil: the caller says what an unknown name means.
 * What a macro's evaluation fails with is raised as sandbox_raise() does.
 * The caller may set keys of its own (rawset), which hide those of the node;
 * nothing of it is shared with the environment of another call.
 */
void	 config_push_env(struct node *node, struct lua_State *lua);

#endif
