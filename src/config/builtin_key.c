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

/* Both halves, or neither. */
NODISCARD
static struct err *
make(struct buf *known, const struct repo *repo, const struct node *node, const struct service_key *kind,
    const char *path, const char *key_path)
{
	struct buf	 key = { .secret = true };
	struct err	*e = kind->create(&key, known);

	buf_addc(known, '\n');
	if (e == NULL)
		e = vault_write_all(repo, (struct vault_item[]){
		    { .env = node->environment, .path = key_path, .data = key.data, .len = key.len },
		    { .path = path, .data = known->data, .len = known->len, .plain = true } }, 2);
	buf_fini(&key);
	/* cppcheck-suppress returnDanglingLifetime ; the error keeps nothing of it */
	return e;
}

/*
 * A new pair would destroy the half that is there, and be another address or identity.  A state of then has its own public
 * halves, but the private ones of now.
 */
NODISCARD
static struct err *
check_halves(const struct repo *repo, const char *path, const char *key_path)
{
	char		*file = xasprintf("%s.age", key_path);
	bool		 known = repo_has(repo, path), keyed = repo_has(repo, file) && !repo_is_stand_in(repo, file);
	struct err	*e = NULL;

	if (known && !keyed)
		e = err_new(ERR_CONFIG, "the private key of %s is gone: there is no %s", path, file);
	else if (keyed && !known)
		e = err_new(ERR_CONFIG, "%s is gone, but its private key is there: %s", path, file);
	free(file);
	return err_hint(e, "git has what is missing; to have another key, remove both");
}

/* The private half will be new, too. */
static void
stand_in(struct buf *known, struct strs *to_make, const char *path, const char *key_path)
{
	buf_addf(known, "%s, which the next deploy makes", path);
	if (to_make != NULL && !strs_has(to_make, key_path))
		strs_add(to_make, key_path);
}

/* The public half of a node's key. */
NODISCARD
static struct err *
get(struct buf *known, struct config *config, const struct node *node, const struct service_key *kind)
{
	const struct repo *repo = config->repo;
	char		*key_path = xasprintf("files/nodes/%s/%s_%s.key", node->name, node->name, kind->stem);
	char		*path = xasprintf("files/nodes/%s/%s_%s%s", node->name, node->name, kind->stem, kind->suffix);
	struct err	*e = repo->keys == NULL ? check_halves(repo, path, key_path) : NULL;

	trace_file(config, path);
	if (e == NULL && repo_has(repo, path))
		e = repo_read(repo, path, known);
	else if (e == NULL && repo->read_only)
		stand_in(known, repo->to_make, path, key_path);
	else if (e == NULL)
		e = make(known, repo, node, kind, path, key_path);
	free(key_path);
	free(path);
	return e;
}

/* Give the public half; where nothing may be written, one that is missing has a text in its place. */
static int
give(lua_State *L, const struct service_key *kind)
{
	struct scope	*scope = builtin_scope(L);
	struct buf	 known = { 0 };
	struct err	*e;

	if (scope->node == NULL)
		sandbox_raise(L, err_new(ERR_CONFIG, "%s: %s is not a node, and has no keys", kind->macro, scope->title));
	e = get(&known, scope->config, scope->node, kind);
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
