/* vault: who may open the environments' vaults: letting sysadmins in, and shutting them out. */
/* May know age, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/vault.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "vault/batch.h"
#include "vault/keyring.h"

#include <stdlib.h>
#include <string.h>

#define SUFFIX	".age"

static void
key_members(const struct env_key *key, struct strs *out)
{
	const char	*name;
	json_t		*keys;

	json_object_foreach(json_object_get(key->meta, "members"), name, keys)
		strs_add(out, name);
}

static bool
is_member(const struct env_key *key, const char *user)
{
	return json_object_get(json_object_get(key->meta, "members"), user) != NULL;
}

/* Encrypt the environment's key anew, for its members and `user`. */
NODISCARD
static struct err *
admit_to(const struct repo *repo, const char *env, const char *user, struct batch *batch)
{
	struct env_key	*key;
	struct strs	 members = { 0 };
	struct err	*e;

	if ((e = keyring_open(repo, env, &key)) != NULL)
		return e;
	key_members(key, &members);
	if (!strs_has(&members, user))
		strs_add(&members, user);
	json_object_del(json_object_get(key->meta, "exposed"), user);	/* who sees all of it need not be remembered */
	e = keyring_wrap(repo, key, &members, batch);
	strs_fini(&members);
	return e;
}

struct err *
vault_admit(const struct repo *repo, const char *user, const struct strs *envs)
{
	struct batch	 batch = { .repo = repo };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < envs->count; i++)
		e = admit_to(repo, envs->items[i], user, &batch);
	if (e == NULL)
		e = batch_commit(&batch);
	batch_fini(&batch);
	return e;
}

struct err *
vault_environments(const struct repo *repo, const char *user, struct strs *out)
{
	struct strs	 all = { 0 };
	struct env_key	*key = NULL;
	struct err	*e = keyring_envs(repo, &all);

	for (size_t i = 0; e == NULL && i < all.count; i++) {
		if ((e = keyring_env(repo, all.items[i], &key)) == NULL && key != NULL &&
		    (user == NULL || is_member(key, user)))
			strs_add(out, all.items[i]);
	}
	strs_fini(&all);
	return e;
}

/* All paths below `dir` that end in ".age". */
NODISCARD
static struct err *
find_files(const struct repo *repo, const char *dir, struct strs *out)
{
	struct strs	 names = { 0 };
	struct err	*e = repo_list(repo, dir, "", &names);
	char		*path;

	for (size_t i = 0; e == NULL && i < names.count; i++) {
		path = xasprintf("%s/%s", dir, names.items[i]);
		if (repo_type(repo, path) == REPO_DIRECTORY)
			e = find_files(repo, path, out);
		else if (str_ends(path, SUFFIX))
			strs_add(out, path);
		free(path);
	}
	strs_fini(&names);
	return e;
}

struct err *
vault_files(const struct repo *repo, struct strs *out)
{
	struct err *e = keyring_recover(repo);

	if (e == NULL && (e = find_files(repo, "secrets", out)) == NULL)
		e = find_files(repo, "files", out);
	strs_sort(out);
	return e;
}

/* Content that is to be encrypted to another key. */
struct clear {
	char		*path;
	struct buf	 text;
};

struct clears {
	struct clear	*items;
	size_t		 count;
};

static void
clears_fini(struct clears *clears)
{
	for (size_t i = 0; i < clears->count; i++) {
		free(clears->items[i].path);
		buf_fini(&clears->items[i].text);
	}
	free(clears->items);
}

/* Decrypt all files that are this environment's: those that its key opens. */
NODISCARD
static struct err *
open_all(const struct repo *repo, const struct env_key *key, struct clears *clears)
{
	struct strs	 files = { 0 };
	struct buf	 file = { 0 };
	struct err	*e = vault_files(repo, &files), *no;

	for (size_t i = 0; e == NULL && i < files.count; i++) {
		struct buf text = { .secret = true };

		buf_clear(&file);
		if ((e = repo_read(repo, files.items[i], &file)) != NULL)
			break;
		no = age_decrypt(&text, &key->identity, 1, NULL, buf_text(&file), file.len);
		if (no == NULL) {
			clears->items = xrealloc(clears->items, clears->count + 1, sizeof(*clears->items));
			clears->items[clears->count++] = (struct clear){ xstrdup(files.items[i]), text };
		} else
			buf_fini(&text);
		err_free(no);
	}
	strs_fini(&files);
	buf_fini(&file);
	return e;
}

/* Note in the environment's record what a former member has seen. */
static void
note_exposed(struct env_key *key, const char *user, const struct clears *clears)
{
	json_t	*exposed = json_object_get(key->meta, "exposed"), *paths = json_array();

	if (exposed == NULL) {
		exposed = json_object();
		json_object_set_new(key->meta, "exposed", exposed);
	}
	for (size_t i = 0; i < clears->count; i++)
		json_array_append_new(paths, json_string(clears->items[i].path));
	json_object_set_new(exposed, user, paths);
}

struct err *
vault_exposed(const struct repo *repo, const char *env, const char *user, struct strs *out)
{
	struct strs	 envs = { 0 };
	struct env_key	*key = NULL;
	struct err	*e = keyring_envs(repo, &envs);
	const char	*name;
	char		*path;
	json_t		*paths, *item;
	size_t		 i;

	for (size_t n = 0; e == NULL && n < envs.count; n++) {
		if (env != NULL && strcmp(envs.items[n], env) != 0)
			continue;
		e = keyring_env(repo, envs.items[n], &key);
		paths = e != NULL || key == NULL ? NULL : json_object_get(json_object_get(key->meta, "exposed"), user);
		json_array_foreach(paths, i, item) {
			if ((name = json_string_value(item)) == NULL || !str_ends(name, SUFFIX))
				continue;
			path = xstrndup(name, strlen(name) - strlen(SUFFIX));
			if (vault_has(repo, path) && !strs_has(out, path))
				strs_add(out, path);
			free(path);
		}
	}
	strs_sort(out);
	strs_fini(&envs);
	return e;
}

/* A new key for the environment, and every file of it encrypted to that. */
NODISCARD
static struct err *
expel_from(const struct repo *repo, const char *env, const struct strs *users, struct batch *batch, struct strs *seen)
{
	struct clears	 clears = { 0 };
	struct env_key	*key;
	struct err	*e;

	if ((e = keyring_open(repo, env, &key)) != NULL || (e = open_all(repo, key, &clears)) != NULL)
		goto out;
	for (size_t i = 0; i < users->count; i++) {
		if (json_object_del(json_object_get(key->meta, "members"), users->items[i]) == 0)
			note_exposed(key, users->items[i], &clears);
	}
	if ((e = keyring_create(repo, env, batch, &key)) != NULL)
		goto out;
	for (size_t i = 0; e == NULL && i < clears.count; i++) {
		struct buf file = { 0 }, armor = { 0 };

		e = age_encrypt(&file, &key->recipient, 1, clears.items[i].text.data, clears.items[i].text.len);
		age_armor(&armor, file.data, file.len);
		batch_add(batch, clears.items[i].path, armor.data, armor.len);
		strs_add(seen, clears.items[i].path);
		buf_fini(&file);
		buf_fini(&armor);
	}
out:
	clears_fini(&clears);
	return e;
}

/* The user's keys, also those that are in users/ no more, but still open a vault; and the environments they open. */
NODISCARD
static struct err *
gather(const struct repo *repo, const char *user, struct strs *keys, struct strs *envs)
{
	struct strs	 own = { 0 };
	struct env_key	*key = NULL;
	json_t		*recorded, *item;
	struct err	*e;
	size_t		 n;

	if ((e = vault_user_keys(repo, user, keys)) == NULL)
		e = vault_environments(repo, user, &own);
	for (size_t i = 0; e == NULL && i < own.count; i++) {
		if (!strs_has(envs, own.items[i]))
			strs_add(envs, own.items[i]);
		if ((e = keyring_env(repo, own.items[i], &key)) != NULL || key == NULL)
			continue;
		recorded = json_object_get(json_object_get(key->meta, "members"), user);
		json_array_foreach(recorded, n, item) {
			if (json_is_string(item))
				strs_add(keys, json_string_value(item));
		}
	}
	strs_fini(&own);
	return e;
}

/* To take a name away from a key that has another one shuts nobody out. */
NODISCARD
static struct err *
check_holders(const struct repo *repo, const struct strs *users, const struct strs *keys)
{
	struct strs	 holders = { 0 };
	struct buf	 leaving = { 0 }, all = { 0 }, others = { 0 };
	struct err	*e = vault_key_holders(repo, keys, users, &holders);

	if (e == NULL && holders.count > 0) {
		strs_join(users, ", ", &leaving);
		strs_join(&holders, ", ", &others);
		strs_join(users, " ", &all);
		buf_addc(&all, ' ');
		strs_join(&holders, " ", &all);
		e = err_hint(err_new(ERR_USAGE, "%s %s the same key as %s, and would still log in and open the vault with it",
		    buf_text(&others), holders.count == 1 ? "has" : "have", buf_text(&leaving)), "\"leap user rm %s\" removes all who have it; who is to stay needs "
		    "another key in users/ first, and \"leap user add NAME\"", buf_text(&all));
	}
	strs_fini(&holders);
	buf_fini(&leaving);
	buf_fini(&all);
	buf_fini(&others);
	return e;
}

NODISCARD
static struct err *
remove_files(const struct repo *repo, const char *user, struct batch *batch)
{
	char		*dir = xasprintf("users/%s", user);
	struct strs	 names = { 0 };
	struct err	*e = repo_list(repo, dir, "", &names);

	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *path = xasprintf("%s/%s", dir, names.items[i]);

		if (repo_type(repo, path) == REPO_FILE)
			batch_remove(batch, path);
		free(path);
	}
	strs_fini(&names);
	free(dir);
	return e;
}

struct err *
vault_expel(const struct repo *repo, const struct strs *users, struct strs *seen)
{
	struct batch	 batch = { .repo = repo };
	struct strs	 envs = { 0 }, keys = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < users->count; i++)
		e = gather(repo, users->items[i], &keys, &envs);
	if (e == NULL)
		e = check_holders(repo, users, &keys);
	for (size_t i = 0; e == NULL && i < envs.count; i++)
		e = expel_from(repo, envs.items[i], users, &batch, seen);
	for (size_t i = 0; e == NULL && i < users->count; i++)
		e = remove_files(repo, users->items[i], &batch);
	if (e == NULL)
		e = batch_commit(&batch);
	batch_fini(&batch);
	strs_fini(&envs);
	strs_fini(&keys);
	return e;
}
