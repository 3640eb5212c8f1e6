/* vault: a sysadmin's own key that signs. */
/* May know age, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/signer.h"

#include "age/sshsig.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "ssh/public_key.h"
#include "ssh/ssh.h"
#include "ssh/user_key.h"
#include "vault/keyring.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PUBLIC_MAX	(256u << 10)
#define AGENT_SECONDS	10u
#define SIGN_SECONDS	120u		/* somebody types a passphrase, or looks for the security key */

/* "TYPE BASE64" of a line of a public key, the caller's. */
static char *
without_comment(const char *line)
{
	size_t n = strcspn(line, " ");

	if (line[n] == ' ')
		n += 1 + strcspn(line + n + 1, " \r");
	return xstrndup(line, n);
}

/* The keys of a file's text as an array; those of a file that is wrong are none. */
static json_t *
keys_of(const char *path, const char *text)
{
	struct buf	 keys = { 0 };
	struct strs	 lines = { 0 };
	json_t		*list = json_array();
	struct err	*e = user_keys_read(&keys, text, path, ERR_CONFIG);

	if (e == NULL)
		strs_split(&lines, buf_text(&keys), '\n');
	for (size_t i = 0; i < lines.count; i++) {
		char *key = without_comment(lines.items[i]);

		if (key[0] != '\0')
			json_array_append_new(list, json_string(key));
		free(key);
	}
	err_free(e);
	buf_fini(&keys);
	strs_fini(&lines);
	return list;
}

NODISCARD
static struct err *
add_signer(const struct repo *repo, const char *user, json_t *out)
{
	struct buf	 text = { 0 };
	char		*path = xasprintf("users/%s/%s_ssh.pub", user, user);
	json_t		*keys;
	struct err	*e = repo_has(repo, path) ? repo_read(repo, path, &text) : NULL;

	if (e == NULL) {
		keys = keys_of(path, buf_text(&text));
		if (json_array_size(keys) > 0)
			json_object_set(out, user, keys);
		json_decref(keys);
	}
	buf_fini(&text);
	free(path);
	return e;
}

struct err *
signers_now(json_t **out, const struct repo *repo, bool members)
{
	struct strs	 users = { 0 }, envs = { 0 };
	struct err	*e = repo_list(repo, "users", "", &users);

	*out = json_object();
	for (size_t i = 0; e == NULL && i < users.count; i++) {
		if (members)
			e = vault_environments(repo, users.items[i], &envs);
		if (e == NULL && (!members || envs.count > 0))
			e = add_signer(repo, users.items[i], *out);
		strs_fini(&envs);
		envs = (struct strs){ 0 };
	}
	strs_fini(&users);
	if (e != NULL) {
		json_decref(*out);
		*out = NULL;
	}
	return e;
}

const char *
signer_of(const json_t *signers, const char *key)
{
	const char	*user;
	json_t		*keys, *item;
	size_t		 i;

	json_object_foreach((json_t *)(uintptr_t)signers, user, keys) {
		json_array_foreach(keys, i, item) {
			if (json_is_string(item) && strcmp(json_string_value(item), key) == 0)
				return user;
		}
	}
	return NULL;
}

/* Whether the wire form of a key is that of a signer. */
static bool
is_signer(const json_t *signers, const struct buf *wire)
{
	struct buf	 key = { 0 };
	bool		 is = public_key_line(&key, wire) && signer_of(signers, buf_text(&key)) != NULL;

	buf_fini(&key);
	return is;
}

/* With a key that this process can use; *done says whether it had one. */
NODISCARD
static struct err *
sign_here(const struct repo *repo, const json_t *signers, bool locked, const struct buf *text, struct buf *out, bool *done)
{
	struct age_identity	**identities;
	const struct age_ask	 *ask;
	size_t			  count = keyring_identities(repo, &identities, &ask);
	struct err		 *e = NULL;
	bool			  is_locked;

	for (size_t i = 0; e == NULL && !*done && i < count; i++) {
		if (!is_signer(signers, age_identity_key(identities[i], &is_locked)) || is_locked != locked ||
		    (locked && ask == NULL))
			continue;
		e = sshsig_sign(out, identities[i], ask, SIGNED_FOR, buf_text(text), text->len);
		*done = e == NULL;
	}
	return e;
}

/* By way of the program, with the private key's file, or the public one of a key that the agent has. */
NODISCARD
static struct err *
sign_there(const char *path, bool agent, const struct buf *text, struct buf *out)
{
	const char	*argv[] = { "ssh-keygen", "-q", "-Y", "sign", "-n", SIGNED_FOR, "-f", path, NULL };
	struct buf	 errors = { 0 };
	struct proc	 proc = {
		.argv = argv, .input = buf_text(text), .input_len = text->len, .output = out, .timeout = SIGN_SECONDS,
		.errors = agent ? &errors : NULL, .foreground = true,
	};
	int		 status = -1;
	struct err	*e = proc_run(&proc, &status);

	if (e == NULL && status != 0)
		e = err_new(ERR_TRUST, "ssh-keygen could not sign with %s%s%.*s", agent ? "a key of the agent's" : path,
		    errors.len > 0 ? ": " : "", (int)strcspn(buf_text(&errors), "\r\n"), buf_text(&errors));
	buf_fini(&errors);
	return e;
}

/* The program wants a file: one that is in memory only. */
NODISCARD
static struct err *
sign_by_agent(const char *key, const struct buf *text, struct buf *out)
{
	char		*line = xasprintf("%s\n", key), *path = NULL;
	int		 fd = memfd_create("public key", 0);
	struct err	*e = NULL;

	if (fd < 0 || write_all(fd, line, strlen(line)) != 0) {
		e = err_errno(ERR_FAILED, "no memory for a public key");
	} else {
		path = xasprintf("/proc/%ld/fd/%d", (long)getpid(), fd);
		e = sign_there(path, true, text, out);
	}
	if (fd >= 0)
		close(fd);
	free(line);
	free(path);
	return e;
}

NODISCARD
static struct err *
sign_with_agent(const json_t *signers, const struct buf *text, struct buf *out, bool *done)
{
	const char	*argv[] = { "ssh-add", "-L", NULL };
	struct buf	 list = { 0 }, errors = { 0 };
	struct strs	 lines = { 0 };
	struct proc	 proc = { .argv = argv, .output = &list, .errors = &errors, .timeout = AGENT_SECONDS };
	int		 status = -1;
	struct err	*e = NULL;

	if (getenv("SSH_AUTH_SOCK") == NULL)
		return NULL;
	err_free(proc_run(&proc, &status));	/* an agent that does not answer is as good as none */
	if (status == 0)
		strs_split(&lines, buf_text(&list), '\n');
	for (size_t i = 0; e == NULL && !*done && i < lines.count; i++) {
		char *key = without_comment(lines.items[i]);

		if (signer_of(signers, key) != NULL) {
			e = sign_by_agent(key, text, out);
			*done = e == NULL;
		}
		free(key);
	}
	strs_fini(&lines);
	buf_fini(&list);
	buf_fini(&errors);
	return e;
}

/* Whether the public key beside a private one is a signer's. */
static bool
is_signer_file(const json_t *signers, const char *path)
{
	struct buf	 text = { 0 };
	char		*public = xasprintf("%s.pub", path), *key = NULL;
	struct err	*e = file_read(public, PUBLIC_MAX, &text);
	bool		 is = false;

	if (e == NULL) {
		text.len = strcspn(buf_text(&text), "\n");
		key = xstrndup(buf_text(&text), text.len);
		free(public);
		public = without_comment(key);
		is = signer_of(signers, public) != NULL;
	}
	err_free(e);
	buf_fini(&text);
	free(public);
	free(key);
	return is;
}

/* Keys of kinds that cannot decrypt, and so are no identities. */
NODISCARD
static struct err *
sign_with_file(const struct repo *repo, const json_t *signers, const struct buf *text, struct buf *out, bool *done)
{
	struct strs	 files = { 0 };
	struct err	*e = NULL;

	if (repo->leapfile.ssh_key != NULL)
		strs_add(&files, repo->leapfile.ssh_key);
	ssh_key_files(&files);
	for (size_t i = 0; e == NULL && !*done && i < files.count; i++) {
		if (is_signer_file(signers, files.items[i])) {
			e = sign_there(files.items[i], false, text, out);
			*done = e == NULL;
		}
	}
	strs_fini(&files);
	return e;
}

struct err *
signer_sign(const struct repo *repo, const json_t *signers, const struct buf *text, struct buf *out)
{
	bool		 done = false;
	struct err	*e;

	if ((e = sign_here(repo, signers, false, text, out, &done)) != NULL || done)
		return e;
	if ((e = sign_with_agent(signers, text, out, &done)) != NULL || done)
		return e;
	if ((e = sign_here(repo, signers, true, text, out, &done)) != NULL || done)
		return e;
	if ((e = sign_with_file(repo, signers, text, out, &done)) != NULL || done)
		return e;
	return err_hint(err_new(ERR_TRUST, "you have no SSH key, in ~/.ssh or in an agent, of a sysadmin who can open the vault"),
	    "\"leap user ls\" says which keys those are");
}
