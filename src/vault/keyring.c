/* vault: the keys of environments, and those of the sysadmin who runs the program. */
/* May know age, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/keyring.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "ssh/ssh.h"
#include "vault/batch.h"
#include "vault/signed.h"
#include "vault/sums.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX	(256u << 10)
#define IDENTITY_FILE	"leap/identity"	/* below the user's directory for configuration: a native key of age */

struct keyring {
	struct age_ask		  ask;
	struct env_key		**envs;
	size_t			  env_count;
	struct age_identity	**identities;
	size_t			  identity_count;
	struct strs		  files;	/* where the identities are, */
	struct strs		  unfit;	/* and what is wrong with others */
	bool			  looked, recovered;
	bool			  due;		/* this run has changed what is to be signed */
};

void
vault_setup(struct repo *repo, struct err *(*ask)(void *context, const char *name, struct buf *passphrase), void *context)
{
	repo->keyring = xcalloc(1, sizeof(*repo->keyring));
	repo->keyring->ask = (struct age_ask){ ask, context };
}

static void
env_key_free(struct env_key *key)
{
	if (key == NULL)
		return;
	free(key->env);
	json_decref(key->meta);
	buf_fini(&key->record);
	age_recipient_free(key->recipient);
	age_identity_free(key->identity);
	buf_fini(&key->text);
	free(key);
}

void
vault_fini(struct repo *repo)
{
	struct keyring *keyring = repo == NULL ? NULL : repo->keyring;

	if (keyring == NULL)
		return;
	for (size_t i = 0; i < keyring->env_count; i++)
		env_key_free(keyring->envs[i]);
	for (size_t i = 0; i < keyring->identity_count; i++)
		age_identity_free(keyring->identities[i]);
	free(keyring->envs);
	free(keyring->identities);
	strs_fini(&keyring->files);
	strs_fini(&keyring->unfit);
	free(keyring);
	repo->keyring = NULL;
}

/* As ssh(1) does with keys: what others can read is none. */
NODISCARD
static struct err *
read_identity(const char *path, struct buf *out)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) != 0)
		return err_new(ERR_TRUST, "%s can be read by others and is not used: chmod 600 %s", path, path);
	return file_read(path, KEY_FILE_MAX, out);
}

/* A key that cannot decrypt (an ECDSA key, say) is passed over: another may. */
static void
add_identity(struct keyring *keyring, const char *path)
{
	struct age_identity	*identity;
	struct buf		 text = { .secret = true };
	struct err		*e;

	if (path == NULL || strs_has(&keyring->files, path) || !file_exists(path))
		return;
	if ((e = read_identity(path, &text)) == NULL &&
	    (e = age_identity_new(&identity, path, buf_text(&text), text.len)) == NULL) {
		keyring->identities = xrealloc(keyring->identities, keyring->identity_count + 1,
		    sizeof(struct age_identity *));
		keyring->identities[keyring->identity_count++] = identity;
		strs_add(&keyring->files, path);
	} else {
		strs_addf(&keyring->unfit, "%s%s%s", strstr(err_message(e), path) == NULL ? path : "",
		    strstr(err_message(e), path) == NULL ? ": " : "", err_message(e));
	}
	err_free(e);
	buf_fini(&text);
}

char *
vault_identity_path(void)
{
	const char	*config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config != NULL && *config == '/')
		return path_join(config, IDENTITY_FILE);
	return home == NULL ? NULL : xasprintf("%s/.config/" IDENTITY_FILE, home);
}

/* The Leapfile's key, the user's own of age, and the usual ones of SSH. */
static void
look_for_identities(const struct repo *repo)
{
	struct keyring	*keyring = repo->keyring;
	struct strs	 usual = { 0 };
	char		*own = vault_identity_path();

	if (!keyring->looked) {
		add_identity(keyring, repo->leapfile.ssh_key);
		add_identity(keyring, own);
		ssh_key_files(&usual);
		for (size_t i = 0; i < usual.count; i++)
			add_identity(keyring, usual.items[i]);
		keyring->looked = true;
	}
	strs_fini(&usual);
	free(own);
}

size_t
keyring_identities(const struct repo *repo, struct age_identity ***out, const struct age_ask **ask)
{
	*out = NULL;
	*ask = NULL;
	if (repo->keyring == NULL)
		return 0;
	look_for_identities(repo);
	*out = repo->keyring->identities;
	*ask = repo->keyring->ask.ask == NULL ? NULL : &repo->keyring->ask;
	return repo->keyring->identity_count;
}

void
keyring_set_due(const struct repo *repo, bool due)
{
	if (repo->keyring != NULL)
		repo->keyring->due = due;
}

bool
vault_sign_due(const struct repo *repo)
{
	return repo->keyring != NULL && repo->keyring->due && !repo->read_only;
}

static char *
env_path(const char *env, const char *suffix)
{
	return xasprintf("vault/%s%s", env, suffix);
}

static struct env_key *
env_key_add(struct keyring *keyring, const char *env)
{
	struct env_key *key = xcalloc(1, sizeof(*key));

	key->env = xstrdup(env);
	key->text.secret = true;
	keyring->envs = xrealloc(keyring->envs, keyring->env_count + 1, sizeof(struct env_key *));
	return keyring->envs[keyring->env_count++] = key;
}

/* Read vault/ENV.json. */
NODISCARD
static struct err *
read_meta(const struct repo *repo, const char *path, struct buf *text, json_t **out, struct age_recipient **recipient)
{
	struct place	 place = { .path = path };
	json_error_t	 error;
	struct err	*e = repo_read(repo, path, text);

	*out = NULL;
	if (e != NULL)
		return e;
	if ((*out = json_loadb(buf_text(text), text->len, JSON_REJECT_DUPLICATES, &error)) == NULL) {
		place.line = error.line > 0 ? (unsigned)error.line : 0;
		e = err_at(ERR_CONFIG, &place, "%s", error.text);
	} else if (json_str(*out, "recipient") == NULL || !json_is_object(json_object_get(*out, "members"))) {
		e = err_at(ERR_CONFIG, &place, "has no \"recipient\" or no \"members\"");
	} else if ((e = age_recipient_new(recipient, json_str(*out, "recipient"))) != NULL) {
		struct err *there = err_at(ERR_CONFIG, &place, "%s", err_message(e));

		err_free(e);
		e = there;
	}
	return err_hint(e, "git knows the file as it was");
}

struct err *
keyring_recover(const struct repo *repo)
{
	struct keyring	*keyring = repo->keyring;
	struct err	*e;

	if (keyring == NULL)
		return err_new(ERR_FAILED, "the vault is not set up");
	if (keyring->recovered)
		return NULL;
	if ((e = batch_recover(repo)) == NULL)
		keyring->recovered = true;
	return e;
}

void
keyring_unfinished(const struct repo *repo)
{
	if (repo->keyring != NULL)
		repo->keyring->recovered = false;
}

/* Whether the list of the vault's files, signed or not, has this one. */
static bool
is_listed(const struct repo *repo, const char *path)
{
	struct buf	 text = { 0 };
	json_t		*sums = NULL;
	struct err	*e = repo_has(repo, SUMS_FILE) ? repo_read(repo, SUMS_FILE, &text) : NULL;
	bool		 listed;

	if (e == NULL)
		e = sums_parse(&sums, SUMS_FILE, buf_text(&text), text.len);
	listed = e == NULL && sums_of(sums, path) != NULL;
	err_free(e);
	json_decref(sums);
	buf_fini(&text);
	return listed;
}

/*
 * An environment has both of its files, or neither and nothing that needs them: in the place of a lost key no other may
 * be made, and without the record of it nobody knows whose it is.
 */
NODISCARD
static struct err *
check_whole(const struct repo *repo, const char *env, bool *exists)
{
	char		*meta = env_path(env, ".json"), *age = env_path(env, ".age"), *home = xasprintf("secrets/%s", env);
	struct place	 place = { .path = age };
	struct strs	 secrets = { 0 };
	bool		 has_age = repo_type(repo, age) == REPO_FILE;
	struct err	*e = NULL;

	*exists = repo_type(repo, meta) == REPO_FILE;
	if (!*exists && has_age)
		e = err_at(ERR_TRUST, &(struct place){ .path = meta }, "is missing, though %s is there", age);
	else if (*exists && !has_age)
		e = err_at(ERR_TRUST, &place, "is missing, though %s is there", meta);
	else if (!*exists && is_listed(repo, age))
		e = err_at(ERR_TRUST, &place, "is missing, though " SUMS_FILE " has it");
	else if (!*exists && (e = repo_list(repo, home, ".age", &secrets)) == NULL && secrets.count > 0)
		e = err_at(ERR_TRUST, &place, "is missing, though there are secrets in %s", home);
	strs_fini(&secrets);
	free(meta);
	free(age);
	free(home);
	return err_hint(e, "git knows the file as it was");
}

struct err *
keyring_env(const struct repo *repo, const char *env, struct env_key **out)
{
	struct keyring		*keyring = repo->keyring;
	struct age_recipient	*recipient = NULL;
	struct buf		 text = { 0 };
	char			*path;
	json_t			*meta;
	bool			 exists;
	struct err		*e = NULL;

	*out = NULL;
	if ((e = keyring_recover(repo)) != NULL)
		return e;
	for (size_t i = 0; i < keyring->env_count; i++) {
		if (strcmp(keyring->envs[i]->env, env) == 0) {
			*out = keyring->envs[i];
			return NULL;
		}
	}
	if ((e = check_whole(repo, env, &exists)) != NULL)
		return e;
	path = env_path(env, ".json");
	if (exists) {
		if ((e = read_meta(repo, path, &text, &meta, &recipient)) == NULL) {
			*out = env_key_add(keyring, env);
			(*out)->meta = meta;
			(*out)->record = text;
			(*out)->recipient = recipient;
		} else {
			json_decref(meta);
			buf_fini(&text);
		}
	}
	free(path);
	return e;
}

/* What was tried, what was not and why, and what else could be done. */
static void
describe_keys(const struct keyring *keyring, struct buf *out)
{
	char *own = vault_identity_path();

	if (keyring->files.count > 0) {
		buf_adds(out, "tried were ");
		strs_join(&keyring->files, ", ", out);
		buf_adds(out, "; ");
	} else if (keyring->unfit.count == 0) {
		buf_adds(out, "no private key was found: an agent cannot decrypt, ");
	}
	strs_join(&keyring->unfit, "; ", out);
	buf_adds(out, keyring->unfit.count > 0 ? "; " : "");
	if (keyring->files.count > 0)
		buf_adds(out, "one of them can let you in with \"leap user add NAME\"");
	else if (own == NULL || !file_exists(own))
		buf_adds(out, "\"leap user add --self\" makes one that can");
	else
		buf_addf(out, "put the right key into %s", own);
	free(own);
}

/* Whose keys would open it, for somebody whose do not. */
NODISCARD
static struct err *
not_opened(const struct repo *repo, const struct env_key *key, struct err *take_e)
{
	struct buf	 members = { 0 }, hint = { 0 };
	const char	*name;
	json_t		*keys;
	struct err	*e;

	if (err_code(take_e) != ERR_TRUST || strstr(err_message(take_e), "none of your keys") == NULL)
		return err_context(take_e, "vault/%s.age", key->env);
	json_object_foreach(json_object_get(key->meta, "members"), name, keys)
		buf_addf(&members, "%s%s", members.len > 0 ? ", " : "", name);
	describe_keys(repo->keyring, &hint);
	e = err_hint(err_new(ERR_TRUST, "none of your keys opens the vault of environment \"%s\", which is for %s", key->env,
	    members.len > 0 ? buf_text(&members) : "nobody"), "%s", buf_text(&hint));
	err_free(take_e);
	buf_fini(&members);
	buf_fini(&hint);
	return e;
}

/* Open it with one of the sysadmin's keys, after a question (`ask`) where that is needed and wanted. */
NODISCARD
static struct err *
open_key(const struct repo *repo, struct env_key *key, const struct age_ask *ask)
{
	struct buf	 file = { 0 };
	char		*path = env_path(key->env, ".age");
	struct err	*e = NULL;

	if (key->identity != NULL)
		goto out;
	look_for_identities(repo);
	if ((e = repo_read(repo, path, &file)) != NULL)
		goto out;
	e = age_decrypt(&key->text, repo->keyring->identities, repo->keyring->identity_count, ask, buf_text(&file), file.len);
	if (e != NULL) {
		e = not_opened(repo, key, e);
		goto out;
	}
	mask_register(key->text.data, key->text.len);
	e = age_identity_new(&key->identity, path, buf_text(&key->text), key->text.len);
out:
	free(path);
	buf_fini(&file);
	return e;
}

struct err *
keyring_open(const struct repo *repo, const char *env, struct env_key **out)
{
	struct err	*e = keyring_env(repo, env, out);

	if (e != NULL)
		return e;
	if (*out == NULL || repo->keyring == NULL)
		return err_new(ERR_TRUST, "environment \"%s\" has no vault yet", env);
	return open_key(repo, *out, repo->keyring->ask.ask == NULL ? NULL : &repo->keyring->ask);
}

void
keyring_try(const struct repo *repo, struct env_key *key)
{
	err_free(open_key(repo, key, NULL));
}

/* All recipients of these members; their keys go to *keys. */
NODISCARD
static struct err *
collect(const struct repo *repo, const struct strs *members, struct age_recipient ***out, size_t *count, json_t *keys)
{
	struct strs	 lines = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < members->count; i++) {
		if ((e = vault_member_keys(repo, members->items[i], &lines)) != NULL)
			break;
		if (lines.count == 0)
			e = err_hint(err_new(ERR_CONFIG, "%s has no key to which files can be encrypted", members->items[i]),
			    "an Ed25519 or RSA key in users/%s/%s_ssh.pub, or one of age in users/%s/%s.age",
			    members->items[i], members->items[i], members->items[i], members->items[i]);
		for (size_t j = 0; e == NULL && j < lines.count; j++) {
			*out = xrealloc(*out, *count + 1, sizeof(struct age_recipient *));
			if ((e = age_recipient_new(&(*out)[*count], lines.items[j])) == NULL)
				++*count;
		}
		json_object_set_new(keys, members->items[i], json_strs(&lines));
		strs_fini(&lines);
		lines = (struct strs){ 0 };
	}
	strs_fini(&lines);
	return e;
}

void
keyring_expect(const struct env_key *key, struct batch *batch)
{
	char *path = env_path(key->env, ".json");

	batch_expect(batch, path, &key->record);
	free(path);
}

void
keyring_record(struct env_key *key, struct batch *batch)
{
	char *path = env_path(key->env, ".json");

	keyring_expect(key, batch);
	buf_clear(&key->record);
	json_pretty(key->meta, &key->record);
	batch_add(batch, path, key->record.data, key->record.len);
	free(path);
}

struct err *
keyring_wrap(const struct repo *repo, struct env_key *key, const struct strs *members, struct batch *batch)
{
	struct age_recipient	**recipients = NULL;
	size_t			  count = 0;
	json_t			 *keys = json_object();
	struct buf		  file = { 0 }, armor = { 0 };
	char			 *path = env_path(key->env, ".age");
	struct err		 *e;

	if ((e = collect(repo, members, &recipients, &count, keys)) != NULL)
		goto out;
	if (count == 0) {
		e = err_hint(err_new(ERR_TRUST, "nobody could open the vault of environment \"%s\"", key->env),
		    "\"leap user add --self\" makes you a sysadmin");
		goto out;
	}
	if ((e = age_encrypt(&file, recipients, count, key->text.data, key->text.len)) != NULL)
		goto out;
	age_armor(&armor, file.data, file.len);
	json_object_set(key->meta, "members", keys);
	batch_add(batch, path, armor.data, armor.len);
	keyring_record(key, batch);
out:
	for (size_t i = 0; i < count; i++)
		age_recipient_free(recipients[i]);
	free(recipients);
	json_decref(keys);
	buf_fini(&file);
	buf_fini(&armor);
	free(path);
	return e;
}

struct err *
keyring_create(const struct repo *repo, const char *env, struct batch *batch, struct env_key **out)
{
	struct env_key	*key;
	struct strs	 members = { 0 };
	struct buf	 recipient = { 0 };
	const char	*name;
	json_t		*keys;
	struct err	*e;
	bool		 first;

	if ((e = keyring_env(repo, env, &key)) != NULL)
		return e;
	first = key == NULL;
	if (first) {
		key = env_key_add(repo->keyring, env);
		if ((e = member_candidates(repo, &members)) != NULL)
			goto out;
		key->meta = json_object();
	} else {
		json_object_foreach(json_object_get(key->meta, "members"), name, keys)
			strs_add(&members, name);
	}
	age_identity_free(key->identity);
	age_recipient_free(key->recipient);
	key->identity = NULL;
	key->recipient = NULL;
	buf_clear(&key->text);
	if ((e = age_generate(&key->text, &recipient)) != NULL)
		goto out;
	mask_register(key->text.data, key->text.len);
	json_object_set_new(key->meta, "recipient", json_string(buf_text(&recipient)));
	if ((e = age_identity_new(&key->identity, env, key->text.data, key->text.len)) == NULL &&
	    (e = age_recipient_new(&key->recipient, buf_text(&recipient))) == NULL)
		e = keyring_wrap(repo, key, &members, batch);
	*out = key;
out:
	if (e != NULL && first)
		env_key_free(repo->keyring->envs[--repo->keyring->env_count]);
	strs_fini(&members);
	buf_fini(&recipient);
	return e;
}

struct err *
keyring_envs(const struct repo *repo, struct strs *out)
{
	struct err *e;

	if ((e = repo_list(repo, "vault", ".json", out)) == NULL)
		e = repo_list(repo, "vault", ".age", out);
	strs_sort(out);
	for (size_t i = out->count; i > 1; i--) {
		if (strcmp(out->items[i - 1], out->items[i - 2]) == 0)
			strs_remove(out, i - 1);
	}
	return e;
}
