/* config: the sysadmins of the instance and their keys. */
/* May know lua, pki, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/builtin.h"

#include "base/strs.h"
#include "config/trace.h"
#include "lua/sandbox.h"
#include "pki/openpgp.h"
#include "repo/repo.h"
#include "ssh/user_key.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* Add the keys of one file, each as "TYPE BASE64", for `user`. */
NODISCARD
static struct err *
read_keys(const struct repo *repo, const char *user, const char *path, json_t *users)
{
	struct buf	 text = { 0 }, lines = { 0 };
	struct err	*e;
	json_t		*keys;

	if ((e = repo_read(repo, path, &text)) != NULL) {
		e = read_error(path, e);
	} else if ((e = user_keys_read(&lines, buf_text(&text), path, ERR_CONFIG)) == NULL) {
		keys = json_array();
		for (const char *line = buf_text(&lines); *line != '\0'; line += strcspn(line, "\n") + 1) {
			size_t len = strcspn(line, " ") + 1;

			len += strcspn(line + len, " \n");
			json_array_append_new(keys, json_stringn(line, len));
		}
		json_object_set_new(users, user, keys);
	}
	buf_fini(&text);
	buf_fini(&lines);
	return e;
}

struct err *
config_sysadmins(const struct repo *repo, json_t **out)
{
	struct strs	 names = { 0 };
	json_t		*users = json_object();
	struct err	*e = repo_list(repo, "users", "", &names);

	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *path = xasprintf("users/%s/%s_ssh.pub", names.items[i], names.items[i]);

		if (repo_has(repo, path))
			e = read_keys(repo, names.items[i], path, users);
		if (e != NULL && repo->stand_ins) {	/* who only looks, looks at the rest too */
			err_free(e);
			e = NULL;
		}
		free(path);
	}
	strs_fini(&names);
	if (e == NULL && json_object_size(users) == 0 && !repo->stand_ins)
		e = err_hint(err_rule(err_new(ERR_CONFIG, "there is no sysadmin: no SSH key in users/*/*_ssh.pub"),
		    "no-sysadmin"), "run \"leap user add --self\"");
	if (e != NULL) {
		json_decref(users);
		users = NULL;
	}
	*out = users;
	return e;
}

/* authorized_keys(): who may log in, { alice = { "ssh-ed25519 AAAA…" }, ... }; read once for all nodes. */
int
builtin_authorized_keys(lua_State *L)
{
	struct config	*config = builtin_scope(L)->config;
	json_t		**users = &config->sysadmins[config->repo->stand_ins], *keys;
	const char	*user;
	struct err	*e;

	if (*users == NULL && (e = config_sysadmins(config->repo, users)) != NULL)
		macro_raise(L, config, e);
	json_object_foreach(*users, user, keys) {
		char *path = xasprintf("users/%s/%s_ssh.pub", user, user);

		trace_file(config, path);
		free(path);
	}
	return builtin_give(L, json_incref(*users));
}

/* pgp_fingerprint("alice"): of the OpenPGP key in users/alice/alice_pgp.pub, upper-case hexadecimal digits. */
int
builtin_pgp_fingerprint(lua_State *L)
{
	struct config		*config = builtin_scope(L)->config;
	const char		*user = luaL_checkstring(L, 1);
	char			*path = xasprintf("users/%s/%s_pgp.pub", user, user);
	struct place		 place = { .path = path };
	struct openpgp_key	 key = { 0 };
	struct buf		 text = { .secret = true };	/* it may be a private key, by mistake */
	struct err		*e = NULL;

	trace_file(config, path);
	if (strchr(user, '/') != NULL || !repo_has(config->repo, path))
		e = err_hint(err_rule(err_new(ERR_CONFIG, "user \"%s\" has no OpenPGP key", user), "missing-file"),
		    "gpg --armor --export NAME >users/NAME/NAME_pgp.pub");
	if (e == NULL && (e = repo_read(config->repo, path, &text)) == NULL &&
	    (e = openpgp_read(&key, buf_text(&text), text.len)) != NULL)
		e = err_rule(err_moved(e, &place, "%s", err_message(e)), "bad-openpgp-key");
	buf_fini(&text);
	free(path);
	openpgp_fini(&key);
	if (e != NULL)
		macro_raise(L, config, e);
	lua_pushstring(L, key.fingerprint);
	return 1;
}
