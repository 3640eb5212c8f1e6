/* vault: whether the vault is as a sysadmin signed it, and signing it. */
/* May know age, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/signed.h"

#include "age/sshsig.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "ssh/public_key.h"
#include "vault/batch.h"
#include "vault/keyring.h"
#include "vault/memory.h"
#include "vault/serial.h"
#include "vault/signer.h"
#include "vault/sums.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ATTRIBUTES	"vault/.gitattributes"
#define ATTRIBUTES_TEXT	"# Lists of two sysadmins are not mixed: \"leap vault sign\" signs what a merge has made.\nSHA256SUMS* -merge\n" \
    "SHA256SUMS.serial merge=union\n"

/* All that is known, without any private key. */
struct seal {
	const struct repo	*repo;
	struct memory		 memory;
	json_t			*now;		/* the files as they are, */
	json_t			*listed;	/* and as the list has them; NULL: there is none that can be read */
	struct buf		 list;		/* the list's text */
	json_int_t		 serial;	/* as it was signed; 0: nothing that was */
	char			*signer, *fingerprint;
	struct err		*wrong;		/* why the signature does not count; NULL: it does, or there is none */
	bool			 needed;	/* there is a vault */
};

static void
seal_fini(struct seal *seal)
{
	memory_fini(&seal->memory);
	json_decref(seal->now);
	json_decref(seal->listed);
	buf_fini(&seal->list);
	free(seal->signer);
	free(seal->fingerprint);
	err_free(seal->wrong);
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

PRINTF(2, 3)
static struct err *
wrong(const char *path, const char *format, ...)
{
	struct place	 place = { .path = path };
	va_list		 args;
	struct err	*e;

	va_start(args, format);
	e = err_atv(ERR_TRUST, &place, format, args);
	va_end(args);
	return e;
}

/* Whoever leap itself has removed here since, or given other keys, was trusted when the list was signed. */
static const char *
was_trusted(const struct seal *seal, const char *key)
{
	const char	*user = seal->memory.signers == NULL ? NULL : signer_of(seal->memory.signers, key);
	char		*path = user == NULL ? NULL : xasprintf("users/%s/%s_ssh.pub", user, user);
	bool		 own = path != NULL && memory_is_own(&seal->memory, path, sums_of(seal->now, path));

	free(path);
	return own ? user : NULL;
}

/* Why the key is not one of somebody who may sign; NULL when it is, and *user is who. */
static struct err *
doubt(const struct seal *seal, const json_t *members, const json_t *users, const char *key, const char **user)
{
	if ((*user = was_trusted(seal, key)) != NULL)
		return NULL;
	if ((*user = signer_of(users, key)) == NULL)
		return wrong(SUMS_SIGNATURE, "signed with %s, which is nobody's key in users/", seal->fingerprint);
	if (signer_of(members, key) == NULL)
		return wrong(SUMS_SIGNATURE, "signed by %s, who can open no vault", *user);
	if (seal->memory.signers != NULL && signer_of(seal->memory.signers, key) == NULL)
		return wrong(SUMS_SIGNATURE, "signed by %s with %s, a key that was not trusted here until now", *user,
		    seal->fingerprint);
	return NULL;
}

/* The signature is one of the list; whose is it, and is that somebody who may sign? */
NODISCARD
static struct err *
judge_signer(struct seal *seal, const char *key)
{
	struct buf	 fingerprint = { 0 };
	json_t		*members = NULL, *users = NULL;
	const char	*user = NULL;
	struct err	*e;

	if ((e = signers_now(&members, seal->repo, true)) != NULL || (e = signers_now(&users, seal->repo, false)) != NULL ||
	    (e = public_key_fingerprint(&fingerprint, key)) != NULL)
		goto out;
	seal->fingerprint = buf_take(&fingerprint);
	if ((seal->wrong = doubt(seal, members, users, key, &user)) == NULL)
		seal->signer = xstrdup(user);
out:
	json_decref(members);
	json_decref(users);
	buf_fini(&fingerprint);
	return e;
}

/* Whether the list, which is a sysadmin's, is not older than what was deployed from here. */
NODISCARD
static struct err *
judge_age(struct seal *seal)
{
	const char	*listed = sums_of(seal->listed, SUMS_SERIAL);
	struct err	*e = NULL;

	if (listed != NULL && !same(listed, sums_of(seal->now, SUMS_SERIAL)))
		seal->wrong = wrong(SUMS_SERIAL, "is not the number that %s signed", seal->signer);
	else if (listed != NULL)
		e = serial_read(seal->repo, &seal->serial);
	if (e == NULL && seal->wrong == NULL && seal->serial < seal->memory.serial)
		seal->wrong = wrong(SUMS_SIGNATURE, "signature %" JSON_INTEGER_FORMAT ", by %s, though %" JSON_INTEGER_FORMAT
		    " was deployed from here: an old vault is back", seal->serial, seal->signer, seal->memory.serial);
	if (seal->wrong != NULL) {
		free(seal->signer);
		seal->signer = NULL;
	}
	return e;
}

/* Read list and signature. */
NODISCARD
static struct err *
read_list(struct seal *seal)
{
	struct buf	 signature = { 0 }, wire = { 0 }, key = { 0 };
	struct err	*e = NULL, *bad;

	if (repo_has(seal->repo, SUMS_FILE)) {
		if ((e = repo_read(seal->repo, SUMS_FILE, &seal->list)) != NULL)
			goto out;
		seal->wrong = sums_parse(&seal->listed, SUMS_FILE, buf_text(&seal->list), seal->list.len);
	} else if (repo_has(seal->repo, SUMS_SIGNATURE) || seal->memory.files != NULL) {
		seal->wrong = wrong(SUMS_FILE, "is missing, though the vault was signed");
	}
	if (seal->listed == NULL)
		goto out;
	if (!repo_has(seal->repo, SUMS_SIGNATURE)) {
		seal->wrong = wrong(SUMS_SIGNATURE, "is missing: nobody signed " SUMS_FILE);
		goto out;
	}
	if ((e = repo_read(seal->repo, SUMS_SIGNATURE, &signature)) != NULL)
		goto out;
	bad = sshsig_verify(&wire, SIGNED_FOR, buf_text(&signature), signature.len, buf_text(&seal->list), seal->list.len);
	if (bad != NULL) {
		seal->wrong = wrong(SUMS_SIGNATURE, "%s", err_message(bad));
		err_free(bad);
		goto out;
	}
	(void)public_key_line(&key, &wire);	/* whoever verified it has read its type */
	if ((e = judge_signer(seal, buf_text(&key))) == NULL && seal->signer != NULL)
		e = judge_age(seal);
out:
	buf_fini(&key);
	buf_fini(&signature);
	buf_fini(&wire);
	return e;
}

NODISCARD
static struct err *
look(struct seal *seal, const struct repo *repo)
{
	struct strs	 envs = { 0 };
	struct err	*e;
	int		 fd = -1;

	*seal = (struct seal){ .repo = repo };
	/* Another run's files are all there or not yet, and so is what it has written down of them. */
	if ((e = keyring_recover(repo)) == NULL && (e = batch_lock(repo, &fd)) == NULL &&
	    (e = keyring_envs(repo, &envs)) == NULL && (e = memory_read(&seal->memory, repo)) == NULL &&
	    (e = sums_scan(&seal->now, repo)) == NULL)
		e = read_list(seal);
	if (fd >= 0)
		close(fd);
	seal->needed = envs.count > 0;
	strs_fini(&envs);
	return e;
}

static bool
is_absent(const struct seal *seal)
{
	return seal->listed == NULL && seal->wrong == NULL;
}

/* What the files are compared with: a list that counts, else what was trusted last, else whatever there is. */
static const json_t *
base_of(const struct seal *seal)
{
	return seal->wrong == NULL || seal->memory.files == NULL ? seal->listed : seal->memory.files;
}

/* All paths of both, sorted, each once. */
static void
all_paths(const json_t *a, const json_t *b, struct strs *out)
{
	json_t *all = json_object();

	if (a != NULL)
		json_object_update(all, (json_t *)(uintptr_t)a);
	json_object_update(all, (json_t *)(uintptr_t)b);
	json_keys(all, out);
	json_decref(all);
}

NODISCARD
static struct err *
describe(const struct seal *seal, const char *path, const char *before, const char *now)
{
	const char	*how = before == NULL ? "is new" : now == NULL ? "is gone" : "has changed";
	struct err	*e;

	if (seal->signer != NULL)
		e = wrong(path, "%s since %s signed the vault", how, seal->signer);
	else
		e = wrong(path, "%s since the vault was %s", how, seal->memory.files != NULL ? "last trusted here" : "listed");
	return err_hint(err_rule(e, "unsigned-change"), "\"git log -p %s\" shows who did that; if it is right, \"leap vault sign\"",
	    path);
}

/* Files that are not as they were. */
NODISCARD
static struct err *
compare(const struct seal *seal, size_t *own)
{
	const json_t	*base = base_of(seal);
	struct strs	 paths = { 0 };
	struct err	*e = NULL;

	*own = 0;
	if (base == NULL)
		return NULL;
	all_paths(base, seal->now, &paths);
	for (size_t i = paths.count; i > 0; i--) {
		const char *path = paths.items[i - 1], *before = sums_of(base, path), *now = sums_of(seal->now, path);

		if (same(before, now))
			continue;
		if (memory_is_own(&seal->memory, path, now))
			++*own;
		else
			e = err_join(describe(seal, path, before, now), e);
	}
	strs_fini(&paths);
	return e;
}

struct err *
vault_unchanged(const struct repo *repo, const char *path)
{
	struct seal	 seal;
	const json_t	*base;
	const char	*now;
	struct err	*e = look(&seal, repo);

	base = e == NULL ? base_of(&seal) : NULL;
	now = base != NULL ? sums_of(seal.now, path) : NULL;
	if (base != NULL && !same(sums_of(base, path), now) && !memory_is_own(&seal.memory, path, now))
		e = describe(&seal, path, sums_of(base, path), now);
	seal_fini(&seal);
	return e;
}

/* Whether leap made all of the vault here; users/ is for people. */
static bool
made_here(const struct seal *seal)
{
	const char	*path;
	json_t		*hash;

	json_object_foreach(seal->now, path, hash) {
		if (!str_starts(path, "users/") && !memory_is_own(&seal->memory, path, json_string_value(hash)))
			return false;
	}
	return true;
}

static struct err *
never_signed(void)
{
	struct err *e = wrong(SUMS_FILE, "the vault is not signed: nobody would see if somebody else put files into it");

	return err_warning(err_rule(err_hint(e, "\"leap vault sign\" signs it"), "unsigned-vault"));
}

struct err *
vault_signed(struct vault_signed *out, const struct repo *repo)
{
	struct seal	 seal;
	struct err	*e;

	*out = (struct vault_signed){ 0 };
	if ((e = look(&seal, repo)) != NULL)
		goto out;
	if (is_absent(&seal)) {
		/* What this machine made it signs as soon as it can. */
		if (seal.needed)
			out->problems = never_signed();
		goto out;
	}
	out->problems = compare(&seal, &out->own);
	if (seal.wrong != NULL) {
		out->problems = err_join(err_rule(err_hint(seal.wrong, "\"git log -p vault\" shows who did that; "
		    "if all of it is right, \"leap vault sign\""), "vault-signature"), out->problems);
		seal.wrong = NULL;
	}
	out->first = seal.memory.signers == NULL;
	out->signer = seal.signer;
	out->fingerprint = seal.signer == NULL ? NULL : seal.fingerprint;
	if (seal.signer != NULL)
		seal.signer = seal.fingerprint = NULL;
	if (out->own > 0)
		keyring_set_due(repo, true);
out:
	seal_fini(&seal);
	return e;
}

void
vault_signed_fini(struct vault_signed *state)
{
	free(state->signer);
	free(state->fingerprint);
	err_free(state->problems);
	*state = (struct vault_signed){ 0 };
}

/* Remember the files, and those who may sign the next list. */
NODISCARD
static struct err *
accept_files(const struct repo *repo, const struct memory *before, json_int_t serial, const json_t *files)
{
	json_t		*signers = NULL;
	struct err	*e = signers_now(&signers, repo, true);

	if (e == NULL)
		e = memory_accept(repo, before, serial, signers, files);
	json_decref(signers);
	return e;
}

struct err *
vault_accept(const struct repo *repo, bool deployed)
{
	struct seal	 seal;
	struct err	*e = look(&seal, repo), *problems = NULL;
	size_t		 own;

	/* With changes of one's own, signing them is what remembers: users/ may be among them. */
	if (e == NULL && seal.signer != NULL && (problems = compare(&seal, &own)) == NULL && own == 0)
		e = accept_files(repo, &seal.memory, deployed ? seal.serial : seal.memory.serial, seal.now);
	err_free(problems);
	seal_fini(&seal);
	return e;
}

/* The list with leap's own changes, and nothing else; a new reference. */
static json_t *
with_own(const struct seal *seal)
{
	json_t		*result = seal->listed == NULL ? json_object() : json_copy(seal->listed), *own;
	const char	*path, *now;

	json_object_foreach(seal->memory.own, path, own) {
		now = sums_of(seal->now, path);
		if (!memory_is_own(&seal->memory, path, now))
			continue;
		if (now == NULL)
			json_object_del(result, path);
		else
			json_object_set_new(result, path, json_string(now));
	}
	return result;
}

/* Sign this list and put both in their places. */
NODISCARD
static struct err *
sign_list(const struct seal *seal, const json_t *files, const struct buf *number)
{
	struct batch	 batch = { .repo = seal->repo };
	struct buf	 list = { 0 }, signature = { 0 }, key = { 0 };
	json_t		*signers = NULL;
	struct err	*e;

	sums_write(files, &list);
	if ((e = signers_now(&signers, seal->repo, true)) != NULL ||
	    (e = signer_sign(seal->repo, signers, &list, &signature)) != NULL ||
	    (e = sshsig_verify(&key, SIGNED_FOR, signature.data, signature.len, list.data, list.len)) != NULL)
		goto out;
	batch_expect(&batch, SUMS_FILE, &seal->list);
	batch_add(&batch, SUMS_FILE, list.data, list.len);
	batch_add(&batch, SUMS_SIGNATURE, signature.data, signature.len);
	batch_add(&batch, SUMS_SERIAL, number->data, number->len);
	if (!repo_has(seal->repo, ATTRIBUTES))
		batch_add(&batch, ATTRIBUTES, ATTRIBUTES_TEXT, strlen(ATTRIBUTES_TEXT));
	e = batch_commit(&batch);
out:
	batch_fini(&batch);
	json_decref(signers);
	buf_fini(&list);
	buf_fini(&signature);
	buf_fini(&key);
	return e;
}

/* A copy of the list with this number. */
static json_t *
numbered(const json_t *files, const struct buf *number)
{
	json_t	*copy = json_copy((json_t *)(uintptr_t)files);
	char	 hash[SHA256_HEX_SIZE];

	sha256_hex(number->data, number->len, hash);
	json_object_set_new(copy, SUMS_SERIAL, json_string(hash));
	return copy;
}

/* After that nothing of leap's own waits; what others changed is not trusted by that, and so are their keys not. */
NODISCARD
static struct err *
sign_and_remember(const struct seal *seal, const json_t *files)
{
	struct buf	 number = { 0 };
	json_t		*list = NULL, *now = NULL;
	struct err	*e = serial_next(seal->repo, seal->memory.serial, &number);

	if (e == NULL) {
		list = numbered(files, &number);
		now = numbered(seal->now, &number);
		e = sign_list(seal, list, &number);
	}
	if (e == NULL && json_equal(list, now))
		e = accept_files(seal->repo, &seal->memory, seal->memory.serial, list);
	if (e == NULL)
		e = memory_own_clear(seal->repo, &seal->memory);
	keyring_set_due(seal->repo, false);
	json_decref(list);
	json_decref(now);
	buf_fini(&number);
	return e;
}

/* Whether all that waits to be signed is in users/. */
static bool
only_users(const struct memory *memory)
{
	const char	*path;
	json_t		*own;

	json_object_foreach(memory->own, path, own) {
		if (!str_starts(path, "users/"))
			return false;
	}
	return true;
}

/* Newcomers add themselves; whoever lets them in signs that. */
NODISCARD
static struct err *
unless_newcomer(const struct seal *seal, struct err *take_e)
{
	if (take_e == NULL || err_code(take_e) != ERR_TRUST || !only_users(&seal->memory))
		return take_e;
	err_free(take_e);
	return NULL;
}

struct err *
vault_sign_own(const struct repo *repo)
{
	struct seal	 seal;
	json_t		*files = NULL;
	struct err	*e = look(&seal, repo);

	if (e != NULL || !seal.needed)
		goto out;
	if (is_absent(&seal)) {
		if (made_here(&seal))
			e = sign_and_remember(&seal, seal.now);
		goto out;
	}
	if (seal.wrong != NULL) {
		e = err_hint(err_new(ERR_TRUST, "%s: %s", err_place(seal.wrong)->path, err_message(seal.wrong)),
		    "\"leap vault verify\" says more");
		goto out;
	}
	files = with_own(&seal);
	if (!json_equal(files, seal.listed))
		e = unless_newcomer(&seal, sign_and_remember(&seal, files));
	else
		e = memory_own_clear(repo, &seal.memory);
out:
	json_decref(files);
	seal_fini(&seal);
	return e;
}

struct err *
vault_sign_all(const struct repo *repo, bool *changed)
{
	struct seal	 seal;
	struct err	*e = look(&seal, repo);

	*changed = e == NULL && (seal.signer == NULL || !json_equal(seal.listed, seal.now));
	if (e == NULL && !seal.needed && seal.listed == NULL)
		e = err_hint(err_new(ERR_USAGE, "there is no vault yet"), "the first secret or key makes one");
	if (e == NULL && *changed)
		e = sign_and_remember(&seal, seal.now);
	else if (e == NULL)
		e = accept_files(repo, &seal.memory, seal.memory.serial, seal.now);
	seal_fini(&seal);
	return e;
}

struct err *
vault_own(const struct repo *repo, const char *path, const void *data, size_t len)
{
	return memory_own(repo, path, data, len);
}

struct err *
vault_own_user(const struct repo *repo, const char *user)
{
	char		*dir = xasprintf("users/%s", user);
	struct strs	 names = { 0 };
	struct buf	 text = { 0 };
	struct err	*e = repo_list(repo, dir, "", &names);

	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *path = xasprintf("%s/%s", dir, names.items[i]);

		buf_clear(&text);
		if (repo_type(repo, path) == REPO_FILE && (e = repo_read(repo, path, &text)) == NULL)
			e = vault_own(repo, path, buf_text(&text), text.len);
		free(path);
	}
	strs_fini(&names);
	buf_fini(&text);
	free(dir);
	return e;
}
