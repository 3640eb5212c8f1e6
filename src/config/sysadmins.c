/* config: the sysadmins of the instance and their SSH keys. */
/* May know lua, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/builtin.h"

#include "base/strs.h"
#include "config/trace.h"
#include "lua/sandbox.h"
#include "repo/repo.h"
#include "ssh/user_key.h"

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

/* authorized_keys(): who may log in, { alice = { "ssh-ed25519 AAAA…" }, ... }. */
int
builtin_authorized_keys(lua_State *L)
{
	struct config	*config = builtin_scope(L)->config;
	json_t		*users, *keys;
	const char	*user;
	struct err	*e = config_sysadmins(config->repo, &users);

	if (e != NULL)
		macro_raise(L, config, e);
	json_object_foreach(users, user, keys) {
		char *path = xasprintf("users/%s/%s_ssh.pub", user, user);

		trace_file(config, path);
		free(path);
	}
	return builtin_give(L, users);
}
