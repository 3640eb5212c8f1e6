/* vault: encrypted files: reading, writing, removing one. */
/* May know age, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/vault.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "vault/batch.h"
#include "vault/keyring.h"
#include "vault/private_key.h"
#include "vault/signed.h"

#include <stdlib.h>
#include <string.h>

#define SUFFIX		".age"
#define NO_ENVIRONMENT	"default"
#define REVEALED_MIN	8

static char *
file_path(const char *path)
{
	return xasprintf("%s" SUFFIX, path);
}

bool
vault_has(const struct repo *repo, const char *path)
{
	char	*file = file_path(path);
	bool	 has = repo_has(repo, file) || (repo->to_make != NULL && strs_has(repo->to_make, path));

	free(file);
	return has;
}

/* Of a private key's text the lines with the public half stand in certificates and elsewhere, too. */
static void
hide(const char *text, size_t len)
{
	if (!private_key_hide(text, len))
		mask_register(text, len);
}

/* Who only looks need not open anything: equal files have equal texts. */
static void
stand_in(const struct buf *file, struct buf *out)
{
	char hash[SHA256_HEX_SIZE];

	sha256_hex(buf_text(file), file->len, hash);
	buf_addf(out, "stand-in for %s\n", hash);
}

/* Try the environment's own key, then those of the others: a node may have changed its environment. */
NODISCARD
static struct err *
decrypt(const struct repo *repo, const char *env, const char *path, const struct buf *file, struct buf *out)
{
	struct env_key	*key = NULL;
	struct strs	 others = { 0 };
	struct err	*e = NULL, *first;

	first = keyring_open(repo, env, &key);
	if (first == NULL && (first = age_decrypt(out, &key->identity, 1, NULL, buf_text(file), file->len)) == NULL)
		return NULL;
	if ((e = keyring_envs(repo, &others)) != NULL)
		goto out;
	for (size_t i = 0; i < others.count; i++) {
		struct err *other = strcmp(others.items[i], env) == 0 ? err_new(ERR_TRUST, "tried") :
		    keyring_open(repo, others.items[i], &key);

		if (other == NULL)
			other = age_decrypt(out, &key->identity, 1, NULL, buf_text(file), file->len);
		if (other == NULL) {
			err_free(first);
			strs_fini(&others);
			return NULL;
		}
		err_free(other);
	}
	/* Of a vault that is broken the error says the place itself. */
	e = err_place(first) != NULL ? first : err_moved(first, &(struct place){ .path = path }, "%s", err_message(first));
	first = NULL;
out:
	err_free(first);
	strs_fini(&others);
	return e;
}

struct err *
vault_read(const struct repo *repo, const char *env, const char *path, struct buf *out)
{
	size_t		 start = out->len;
	char		*name = file_path(path);
	struct buf	 file = { 0 };
	struct err	*e = NULL;

	if (env == NULL)
		env = NO_ENVIRONMENT;
	if (repo->to_make != NULL && strs_has(repo->to_make, path)) {
		buf_addf(out, "stand-in for %s\n", path);
		goto out;
	}
	/* Where nothing is opened the vault need not be set up either. */
	if ((repo->keyring != NULL && (e = keyring_recover(repo)) != NULL) || (e = repo_read(repo, name, &file)) != NULL)
		goto out;
	if (repo->read_only && repo->keys == NULL && repo->to_make == NULL)
		stand_in(&file, out);
	else
		e = decrypt(repo, env, name, &file, out);
	if (e == NULL && out->len > start)
		hide(out->data + start, out->len - start);
out:
	buf_fini(&file);
	free(name);
	return e;
}

/* Short ones, such as numbers, stand in innocent files, too. */
static bool
reveal(const struct repo *repo, const struct env_key *key, const char *name)
{
	struct buf	 file = { 0 }, text = { .secret = true };
	struct err	*e = repo_read(repo, name, &file);
	bool		 told = false;

	if (e == NULL && (e = age_decrypt(&text, &key->identity, 1, NULL, buf_text(&file), file.len)) == NULL &&
	    text.len >= REVEALED_MIN) {
		hide(text.data, text.len);
		told = true;
	}
	err_free(e);
	buf_fini(&file);
	buf_fini(&text);
	return told;
}

size_t
vault_reveal(const struct repo *repo)
{
	struct strs	 envs = { 0 }, files = { 0 };
	struct env_key	*key = NULL;
	size_t		 count = 0;
	struct err	*e = keyring_envs(repo, &envs);

	if (e == NULL)
		e = vault_files(repo, &files);
	for (size_t i = 0; e == NULL && i < envs.count; i++) {
		char		*home = xasprintf("secrets/%s/", envs.items[i]);
		struct err	*no = keyring_open(repo, envs.items[i], &key);

		for (size_t j = 0; no == NULL && j < files.count; j++)
			count += str_starts(files.items[j], home) && reveal(repo, key, files.items[j]);
		err_free(no);
		free(home);
	}
	err_free(e);
	strs_fini(&envs);
	strs_fini(&files);
	return count;
}

/* Whether the file has this content, for this environment, already. */
static bool
is_written(const struct repo *repo, const struct env_key *key, const char *name, const void *data, size_t len)
{
	struct buf	 file = { 0 }, text = { .secret = true };
	struct err	*e = NULL;
	bool		 same = false;

	if (key->identity != NULL && repo_has(repo, name) && (e = repo_read(repo, name, &file)) == NULL &&
	    (e = age_decrypt(&text, &key->identity, 1, NULL, buf_text(&file), file.len)) == NULL)
		same = text.len == len && memcmp(buf_text(&text), data, len) == 0;
	err_free(e);
	buf_fini(&file);
	buf_fini(&text);
	return same;
}

/* The place of a text in a list of texts; its size when it is not there. */
static size_t
position(const json_t *list, const char *text)
{
	const char	*item;
	size_t		 i;

	for (i = 0; i < json_array_size(list); i++) {
		item = json_string_value(json_array_get(list, i));
		if (item != NULL && strcmp(item, text) == 0)
			break;
	}
	return i;
}

/* What is new, or gone, has been seen by nobody who left; true when that was on record otherwise. */
static bool
forget_exposed(struct env_key *key, const char *name)
{
	const char	*user;
	json_t		*paths;
	void		*next;
	bool		 changed = false;

	json_object_foreach_safe(json_object_get(key->meta, "exposed"), next, user, paths) {
		changed = json_array_remove(paths, position(paths, name)) == 0 || changed;
		if (json_array_size(paths) == 0)
			changed = json_object_del(json_object_get(key->meta, "exposed"), user) == 0 || changed;
	}
	return changed;
}

static bool
is_exposed(const struct env_key *key, const char *name)
{
	const char	*user;
	json_t		*paths;

	json_object_foreach(json_object_get(key->meta, "exposed"), user, paths) {
		if (position(paths, name) < json_array_size(paths))
			return true;
	}
	return false;
}

/* Note whether a person gave it; true when that was on record otherwise. */
static bool
note_given(struct env_key *key, const char *name, bool given)
{
	json_t	*list = json_object_get(key->meta, "given");
	size_t	 at = position(list, name);

	if (given == (at < json_array_size(list)))
		return false;
	if (!given)
		return json_array_remove(list, at) == 0;
	if (list == NULL) {
		list = json_array();
		json_object_set_new(key->meta, "given", list);
	}
	return json_array_append_new(list, json_string(name)) == 0;
}

bool
vault_given(const struct repo *repo, const char *env, const char *path)
{
	struct env_key	*key = NULL;
	char		*name = file_path(path);
	struct err	*e = keyring_env(repo, env == NULL ? NO_ENVIRONMENT : env, &key);
	const json_t	*list = e != NULL || key == NULL ? NULL : json_object_get(key->meta, "given");
	bool		 given = position(list, name) < json_array_size(list);

	err_free(e);
	free(name);
	return given;
}

bool
vault_has_this(const struct repo *repo, const char *env, const char *path, const void *data, size_t len)
{
	struct env_key	*key = NULL;
	char		*name = file_path(path);
	struct err	*e = keyring_env(repo, env == NULL ? NO_ENVIRONMENT : env, &key);
	bool		 same = false;

	if (e == NULL && key != NULL) {
		keyring_try(repo, key);
		same = is_written(repo, key, name, data, len);
	}
	err_free(e);
	free(name);
	return same;
}

/* Whoever can push could put a key of their own into vault/ENV.json: nothing is encrypted to what nobody signed. */
NODISCARD
static struct err *
check_recipient(const struct repo *repo, struct env_key *key)
{
	char		*path;
	struct err	*e;

	if (key->vouched)
		return NULL;
	path = xasprintf("vault/%s.json", key->env);
	e = vault_unchanged(repo, path);
	key->vouched = e == NULL;
	free(path);
	return e;
}

/* Put one item into the batch, unless the vault has it already. */
NODISCARD
static struct err *
write_item(const struct repo *repo, const struct vault_item *item, struct batch *batch)
{
	const char	*env = item->env == NULL ? NO_ENVIRONMENT : item->env;
	char		*name = file_path(item->path);
	struct buf	 file = { 0 }, armor = { 0 };
	struct env_key	*key;
	bool		 noted, written;
	struct err	*e;

	hide(item->data, item->len);
	if ((e = keyring_env(repo, env, &key)) != NULL)
		goto out;
	if (key == NULL && (e = keyring_create(repo, env, batch, &key)) != NULL)
		goto out;
	/* Whether it really is another one than was seen can be told only by who can open it: that is worth a question. */
	if (is_exposed(key, name))
		err_free(keyring_open(repo, env, &key));
	else if (repo_has(repo, name))
		keyring_try(repo, key);
	written = is_written(repo, key, name, item->data, item->len);
	noted = note_given(key, name, item->given);
	if (!written && key->identity != NULL)
		noted = forget_exposed(key, name) || noted;
	keyring_expect(key, batch);
	if (noted)
		keyring_record(key, batch);
	if (written)
		goto out;
	if ((e = check_recipient(repo, key)) != NULL || (e = age_encrypt(&file, &key->recipient, 1, item->data, item->len)) != NULL)
		goto out;
	age_armor(&armor, file.data, file.len);
	batch_add(batch, name, armor.data, armor.len);
out:
	buf_fini(&file);
	buf_fini(&armor);
	free(name);
	return e;
}

struct err *
vault_write_all(const struct repo *repo, const struct vault_item *items, size_t count)
{
	struct batch	 batch = { .repo = repo };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < count; i++) {
		if (items[i].plain)
			batch_add(&batch, items[i].path, items[i].data, items[i].len);
		else
			e = write_item(repo, &items[i], &batch);
	}
	if (e == NULL)
		e = batch_commit(&batch);
	batch_fini(&batch);
	return e;
}

struct err *
vault_write(const struct repo *repo, const char *env, const char *path, const void *data, size_t len)
{
	return vault_write_all(repo, &(struct vault_item){ .env = env, .path = path, .data = data, .len = len }, 1);
}

/* Take what is on record about the file out of all environments' records. */
NODISCARD
static struct err *
forget(const struct repo *repo, const char *name, struct batch *batch)
{
	struct strs	 envs = { 0 };
	struct env_key	*key;
	struct err	*e = keyring_envs(repo, &envs);

	for (size_t i = 0; e == NULL && i < envs.count; i++) {
		if ((e = keyring_env(repo, envs.items[i], &key)) != NULL || key == NULL)
			continue;
		if (note_given(key, name, false) + forget_exposed(key, name) > 0)
			keyring_record(key, batch);
	}
	strs_fini(&envs);
	return e;
}

struct err *
vault_remove(const struct repo *repo, const char *path)
{
	struct batch	 batch = { .repo = repo };
	char		*name = file_path(path);
	struct err	*e = forget(repo, name, &batch);

	if (e == NULL && repo_has(repo, name))
		batch_remove(&batch, name);
	if (e == NULL)
		e = batch_commit(&batch);
	batch_fini(&batch);
	free(name);
	return e;
}
