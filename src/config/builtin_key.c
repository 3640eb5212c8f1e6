/* config: the macros that make keys of a node's services, and give their public halves. */
/* May know lua, pki, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/builtin.h"

#include "config/trace.h"
#include "lua/sandbox.h"
#include "pki/service_key.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* files/nodes/NAME/NAME_STEM.key is in the vault; what the world may know is beside it, in git. */
struct service_key {
	const char	*macro;
	const char	*stem, *suffix;
	struct err	*(*create)(struct buf *key, struct buf *known);
};

static char *
key_path_of(const struct node *node, const struct service_key *kind)
{
	return xasprintf("files/nodes/%s/%s_%s.key", node->name, node->name, kind->stem);
}

/* The private half first: without a public one nothing refers to it, and both are made anew. */
NODISCARD
static struct err *
make(struct buf *known, const struct config *config, const struct node *node, const struct service_key *kind,
    const char *path)
{
	char		*key_path = key_path_of(node, kind);
	struct buf	 key = { .secret = true };
	struct err	*e;

	if ((e = kind->create(&key, known)) == NULL &&
	    (e = vault_write(config->repo, node->environment, key_path, key.data, key.len)) == NULL) {
		buf_addc(known, '\n');
		e = repo_write(config->repo, path, known->data, known->len, 0644, NULL);
	}
	buf_fini(&key);
	free(key_path);
	return e;
}

/* The private half will be new, too. */
static void
stand_in(struct buf *known, const struct config *config, const struct node *node, const struct service_key *kind,
    const char *path)
{
	struct strs	*to_make = config->repo->to_make;
	char		*key_path = key_path_of(node, kind);

	buf_addf(known, "%s, which the next deploy makes", path);
	if (to_make != NULL && !strs_has(to_make, key_path))
		strs_add(to_make, key_path);
	free(key_path);
}

/* Give the public half; where nothing may be written, one that is missing has a text in its place. */
static int
give(lua_State *L, const struct service_key *kind)
{
	struct scope	*scope = builtin_scope(L);
	struct config	*config = scope->config;
	struct buf	 known = { 0 };
	struct err	*e = NULL;
	char		*path;

	if (scope->node == NULL)
		sandbox_raise(L, err_new(ERR_CONFIG, "%s: %s is not a node, and has no keys", kind->macro, scope->title));
	path = xasprintf("files/nodes/%s/%s_%s%s", scope->node->name, scope->node->name, kind->stem, kind->suffix);
	trace_file(config, path);
	if (repo_has(config->repo, path))
		e = repo_read(config->repo, path, &known);
	else if (config->repo->read_only)
		stand_in(&known, config, scope->node, kind, path);
	else
		e = make(&known, config, scope->node, kind, path);
	free(path);
	if (e == NULL)
		lua_pushlstring(L, buf_text(&known), strcspn(buf_text(&known), "\n"));
	buf_fini(&known);
	if (e != NULL)
		sandbox_raise(L, e);
	return 1;
}

/* dkim_record("rsa"), dkim_record("ed25519"): the data of the TXT record in the zone. */
int
builtin_dkim_record(lua_State *L)
{
	static const char *const	types[] = { "rsa", "ed25519", NULL };
	static const struct service_key	kinds[] = {
		{ "dkim_record", "dkim", ".txt", dkim_rsa_create },
		{ "dkim_record", "dkim_ed25519", ".txt", dkim_ed25519_create },
	};

	return give(L, &kinds[luaL_checkoption(L, 1, "rsa", types)]);
}

/* onion_address(): "….onion". */
int
builtin_onion_address(lua_State *L)
{
	return give(L, &(struct service_key){ "onion_address", "onion", ".txt", onion_create });
}

/* wireguard_public(): the public key. */
int
builtin_wireguard_public(lua_State *L)
{
	return give(L, &(struct service_key){ "wireguard_public", "wireguard", ".pub", wireguard_create });
}
