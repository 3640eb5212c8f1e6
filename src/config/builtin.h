/* config: what the files share that have the macros that come with the program. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_BUILTIN_H
#define CONFIG_BUILTIN_H

#include "config/state.h"

/* The functions: each has the scope that it was looked up in as its upvalue. */
int		 builtin_authorized_keys(lua_State *L);
int		 builtin_base32_secret(lua_State *L);
int		 builtin_dkim_record(lua_State *L);
int		 builtin_file(lua_State *L);
int		 builtin_fingerprint(lua_State *L);
int		 builtin_hex_secret(lua_State *L);
int		 builtin_host_pins(lua_State *L);
int		 builtin_known_hosts(lua_State *L);
int		 builtin_local_file_path(lua_State *L);
int		 builtin_onion_address(lua_State *L);
int		 builtin_pgp_fingerprint(lua_State *L);
int		 builtin_pick_node(lua_State *L);
int		 builtin_rand_range(lua_State *L);
int		 builtin_remote_file_path(lua_State *L);
int		 builtin_remote_files(lua_State *L);
int		 builtin_secret(lua_State *L);
int		 builtin_stunnel_client(lua_State *L);
int		 builtin_stunnel_firewall(lua_State *L);
int		 builtin_stunnel_server(lua_State *L);
int		 builtin_try_file(lua_State *L);
int		 builtin_wireguard_public(lua_State *L);

/* That scope. */
struct scope	*builtin_scope(lua_State *L);

/* Push the value as one of Lua's; returns 1. */
int		 builtin_give(lua_State *L, json_t *take_value);

/* The macro of a node that calls a function now. */
struct asker {
	struct scope		*scope;		/* the node's */
	const struct item	*item;
	const char		*property;	/* "a.b.1"; Lua's */
};

/* Find it for `function`.  Raises where no macro of a node runs: in a recipe, in the provider's properties. */
void		 builtin_asker(lua_State *L, const char *function, struct asker *out);

/*
 * The nodes that the argument is, sorted by name, each once; the memory is Lua's.  It may be a node, a list of nodes,
 * or `nodes` and its kin.  Raises.
 */
struct node	**builtin_nodes(lua_State *L, int index, size_t *count);

/*
 * The value that stands at a property's path ("a.b.1") in a tree that is not evaluated, or NULL.  Keys may have dots
 * of their own.
 */
json_t		*builtin_raw(json_t *from, const char *path);

#endif
