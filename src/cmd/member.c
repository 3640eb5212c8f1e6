/* cmd: sysadmins as members of the vault. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/member.h"

#include "age/age.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "base/term.h"
#include "repo/repo.h"
#include "ssh/ssh.h"
#include "vault/signed.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>

#define PUBLIC_MAX	(256u << 10)

struct err *
member_check_keys(const struct repo *repo, const char *name, const char *lines)
{
	struct strs	 keys = { 0 }, self = { 0 }, holders = { 0 };
	struct err	*e;

	strs_split(&keys, lines, '\n');
	strs_add(&self, name);
	if ((e = vault_key_holders(repo, &keys, &self, &holders)) == NULL && holders.count > 0)
		e = err_hint(err_new(ERR_USAGE, "%s has this key already", holders.items[0]),
		    "a key is one person's: with two names it could not be taken away from one of them");
	strs_fini(&keys);
	strs_fini(&self);
	strs_fini(&holders);
	return e;
}

struct err *
member_write(const struct repo *repo, const char *name, const char *recipient)
{
	char			*path = xasprintf("users/%s/%s.age", name, name);
	char			*line = xasprintf("%s\n", recipient);
	struct age_recipient	*parsed = NULL;
	bool			 changed = false;
	struct err		*e;

	if (!str_starts(recipient, "age1"))
		e = err_hint(err_new(ERR_USAGE, "\"%s\" is no key of age", recipient),
		    "it begins with age1; \"age-keygen\" makes one");
	else if ((e = age_recipient_new(&parsed, recipient)) == NULL && (e = member_check_keys(repo, name, recipient)) == NULL &&
	    (e = vault_own(repo, path, line, strlen(line))) == NULL)
		e = repo_write(repo, path, line, strlen(line), 0644, &changed);
	if (e == NULL && changed)
		note("added a key of age of %s: %s\n", name, path);
	age_recipient_free(parsed);
	free(line);
	free(path);
	return e;
}

/* Whether one of the private keys in ~/.ssh belongs to this line of a public key, as the .pub beside it says. */
static bool
have_private(const char *key)
{
	struct strs	 files = { 0 };
	struct buf	 text = { 0 };
	size_t		 n = strcspn(key, " ");
	bool		 found = false;

	n += 1 + strcspn(key + n + (key[n] != '\0'), " ");
	ssh_key_files(&files);
	for (size_t i = 0; !found && i < files.count; i++) {
		char *public = xasprintf("%s.pub", files.items[i]);

		buf_clear(&text);
		err_free(file_read(public, PUBLIC_MAX, &text));
		found = strncmp(buf_text(&text), key, n) == 0;
		free(public);
	}
	strs_fini(&files);
	buf_fini(&text);
	return found;
}

/* Whether some key of the user can decrypt, as far as this machine knows. */
NODISCARD
static struct err *
can_decrypt(const struct repo *repo, const char *name, bool *can)
{
	struct strs	 keys = { 0 };
	char		*own = vault_identity_path();
	struct err	*e = vault_member_keys(repo, name, &keys);

	*can = false;
	for (size_t i = 0; i < keys.count; i++)
		*can = *can || (str_starts(keys.items[i], "age1") ? own != NULL && file_exists(own) :
		    have_private(keys.items[i]));
	strs_fini(&keys);
	free(own);
	return e;
}

/* A key of age: the private half for this user alone, the public one into the instance. */
NODISCARD
static struct err *
make_identity(const struct repo *repo, const char *name)
{
	struct buf	 secret = { .secret = true }, public = { 0 };
	char		*path = vault_identity_path();
	struct err	*e;

	if (path == NULL)
		return err_hint(err_new(ERR_FAILED, "your SSH key cannot decrypt, and there is no home directory for one of age"),
		    "set HOME");
	if (file_exists(path))
		e = err_hint(err_new(ERR_FAILED, "your key of age, %s, is not yet known here", path),
		    "\"age-keygen -y %s\" prints its public half, for --age-key", path);
	else if ((e = age_generate(&secret, &public)) == NULL && (e = dir_make_parent(path, 0700)) == NULL) {
		buf_addc(&secret, '\n');
		e = file_write(path, secret.data, secret.len, 0600);
	}
	if (e == NULL && public.len > 0) {
		note("your SSH key can only sign: made a key of age that opens the vault, %s; keep a copy of it\n", path);
		e = member_write(repo, name, buf_text(&public));
	}
	buf_fini(&secret);
	buf_fini(&public);
	free(path);
	return e;
}

struct err *
member_admit(const struct repo *repo, const char *name, bool self)
{
	struct strs	 envs = { 0 }, keys = { 0 };
	struct buf	 list = { 0 };
	bool		 can = true;
	struct err	*e = NULL;

	if (self && (e = can_decrypt(repo, name, &can)) == NULL && !can)
		e = make_identity(repo, name);
	if (e != NULL || (e = vault_environments(repo, NULL, &envs)) != NULL || envs.count == 0 ||
	    (e = vault_member_keys(repo, name, &keys)) != NULL)
		goto out;
	if (keys.count == 0) {
		note("%s can log in, but not open the vault: an SSH key of this kind only signs\n", name);
		goto out;
	}
	strs_join(&envs, ", ", &list);
	e = vault_admit(repo, name, &envs);
	if (e == NULL && (e = vault_own_user(repo, name)) == NULL) {
		note("%s can open the vault of %s\n", name, buf_text(&list));
	} else if (self && err_code(e) == ERR_TRUST) {
		note("you cannot open the vault of %s yet: commit this, and have another sysadmin run \"leap user add %s\"\n",
		    buf_text(&list), name);
		err_free(e);
		e = NULL;
	}
out:
	strs_fini(&envs);
	strs_fini(&keys);
	buf_fini(&list);
	return e;
}

struct err *
member_expel(const struct repo *repo, const struct strs *names)
{
	struct strs	 seen = { 0 };
	struct buf	 list = { 0 };
	struct err	*e = vault_expel(repo, names, &seen);

	if (e == NULL && seen.count > 0) {
		strs_join(names, ", ", &list);
		note("the vault has new keys; %s %s seen what is in these:\n", buf_text(&list), names->count == 1 ? "has" : "have");
		for (size_t i = 0; i < seen.count; i++)
			note("    %s\n", seen.items[i]);
		for (size_t i = 0; i < names->count; i++)
			note("\"leap secret rotate --exposed-to %s\" replaces them, or says how\n", names->items[i]);
	}
	strs_fini(&seen);
	buf_fini(&list);
	return e;
}

struct err *
member_warn(const struct repo *repo)
{
	struct strs	 envs = { 0 }, alone = { 0 };
	struct buf	 list = { 0 };
	const char	*owner = NULL;
	struct err	*e = vault_environments(repo, NULL, &envs);
	json_t		*audit = NULL, *item;
	size_t		 i;

	if (e == NULL && envs.count > 0)
		e = vault_audit(&audit, repo);
	json_array_foreach(json_object_get(audit, "environments"), i, item) {
		json_t *members = json_object_get(item, "members");

		if (json_int(item, "people", 0) == 1) {
			owner = json_object_iter_key(json_object_iter(members));
			strs_add(&alone, json_str(item, "environment"));
		}
	}
	strs_join(&alone, ", ", &list);
	if (e == NULL && alone.count > 0)
		note("warning: only %s can open the vault of %s: should that key be lost, all in it is\n"
		    "hint: add another sysadmin, or a key that is kept off line: leap user add recovery --age-key age1...\n",
		    owner, buf_text(&list));
	json_decref(audit);
	strs_fini(&envs);
	strs_fini(&alone);
	buf_fini(&list);
	return e;
}
