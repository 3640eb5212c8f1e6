/* cmd: leap user: the sysadmins of an instance and their SSH keys. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/member.h"

#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"
#include "pki/openpgp.h"
#include "repo/repo.h"
#include "ssh/public_key.h"
#include "ssh/user_key.h"
#include "vault/signed.h"
#include "vault/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_FILE_MAX	(256u << 10)

static char *
key_path(const char *name)
{
	return xasprintf("users/%s/%s_ssh.pub", name, name);
}

NODISCARD
static struct err *
check_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	if (n > 0 && n <= 32 && name[n] == '\0' && name[0] != '.' && name[0] != '-')
		return NULL;
	return err_hint(err_new(ERR_USAGE, "\"%s\" is no name for a user", name),
	    "up to 32 letters a-z, digits, \".\", \"_\" and \"-\", the first a letter or digit");
}

static char *
age_path(const char *name)
{
	return xasprintf("users/%s/%s.age", name, name);
}

/* The users that have a key; with `login` one of SSH. */
NODISCARD
static struct err *
list_users(const struct repo *repo, bool login, struct strs *out)
{
	struct strs	 names = { 0 };
	struct err	*e;

	e = repo_list(repo, "users", "", &names);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *ssh = key_path(names.items[i]), *age = age_path(names.items[i]);

		if (repo_has(repo, ssh) || (!login && repo_has(repo, age)))
			strs_add(out, names.items[i]);
		free(ssh);
		free(age);
	}
	strs_fini(&names);
	return e;
}

/* Read what may be a pipe too, up to KEY_FILE_MAX bytes. */
NODISCARD
static struct err *
read_any(struct buf *out, int fd, const char *path)
{
	char		 block[4096];
	ssize_t		 n;
	struct err	*e = NULL;

	while (e == NULL && (n = read(fd, block, sizeof(block))) != 0) {
		if (n > 0)
			buf_add(out, block, (size_t)n);
		else if (errno != EINTR)
			e = err_errno(ERR_USAGE, "%s", path);
		if (out->len > KEY_FILE_MAX)
			e = err_join(e, err_new(ERR_USAGE, "%s: more than %u KiB, no public key is that long", path,
			    KEY_FILE_MAX >> 10));
	}
	mem_cleanse(block, sizeof(block));
	return e;
}

NODISCARD
static struct err *
read_key_file(struct buf *out, const char *path)
{
	struct buf	 text = { .secret = true };	/* it may be a private key, by mistake */
	int		 fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct err	*e;

	if (fd < 0)
		return err_hint(err_errno(ERR_USAGE, "%s", path), "name the file of a public key, such as "
		    "~/.ssh/id_ed25519.pub");
	if ((e = read_any(&text, fd, path)) == NULL)
		e = user_keys_read(out, buf_text(&text), path, ERR_USAGE);
	close(fd);
	buf_fini(&text);
	return e;
}

/* The agent's first key of a type that we know; nothing when there is no agent, or it has none. */
static void
read_agent(struct buf *out)
{
	const char	*argv[] = { "ssh-add", "-L", NULL };
	struct buf	 text = { 0 }, errors = { 0 };
	struct strs	 lines = { 0 };
	struct proc	 proc = { .argv = argv, .output = &text, .errors = &errors, .timeout = 10 };
	int		 status = -1;

	if (getenv("SSH_AUTH_SOCK") == NULL)
		return;
	err_free(proc_run(&proc, &status));
	if (status == 0)
		strs_split(&lines, buf_text(&text), '\n');
	for (size_t i = 0; i < lines.count && out->len == 0; i++) {
		err_free(user_keys_read(out, lines.items[i], "ssh-add -L", ERR_USAGE));
		if (out->len > 0)
			note("taking your agent's key %s\n", lines.items[i]);
	}
	strs_fini(&lines);
	buf_fini(&text);
	buf_fini(&errors);
}

/* The public key that the person at the keyboard logs in with. */
NODISCARD
static struct err *
find_own_key(struct buf *out)
{
	static const char *const names[] = { "id_ed25519", "id_ecdsa", "id_rsa" };
	const char	*home = getenv("HOME");
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && out->len == 0 && home != NULL && i < ARRAY_LEN(names); i++) {
		char *path = xasprintf("%s/.ssh/%s.pub", home, names[i]);

		if (file_exists(path)) {
			e = read_key_file(out, path);
			if (e == NULL)
				note("taking %s\n", path);
		}
		free(path);
	}
	if (e == NULL && out->len == 0)
		read_agent(out);
	if (e == NULL && out->len == 0)
		e = err_hint(err_new(ERR_FAILED, "you have no SSH key: none in %s/.ssh, none in an agent",
		    home != NULL ? home : "~"), "make one with \"ssh-keygen -t ed25519\"");
	return e;
}

/* Who is at the keyboard, also behind sudo. */
static const char *
own_name(void)
{
	const char		*name = geteuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd	*user;

	if (name != NULL && *name != '\0')
		return name;
	user = getpwuid(getuid());
	return user != NULL ? user->pw_name : "root";
}

NODISCARD
static struct err *
write_user(const struct repo *repo, const char *name, const struct buf *key)
{
	struct buf	 old = { 0 };
	char		*path = key_path(name);
	struct err	*e = NULL;

	if (repo_has(repo, path) && (e = repo_read(repo, path, &old)) == NULL) {
		if (strcmp(buf_text(&old), buf_text(key)) == 0)
			note("%s is a user with this key already\n", name);
		else
			e = err_hint(err_new(ERR_USAGE, "there is a user %s with another key already", name),
			    "for a second key add a line to %s and say \"leap user add %s\"; \"leap user rm %s\" removes the user",
			    path, name, name);
	} else if (e == NULL && (e = member_check_keys(repo, name, buf_text(key))) == NULL && (e = vault_own(repo, path, key->data, key->len)) == NULL &&
	    (e = repo_write(repo, path, key->data, key->len, 0644, NULL)) == NULL) {
		note("added user %s: %s\n", name, path);
	}
	buf_fini(&old);
	free(path);
	return e;
}

/* What was given in place of a public key, or of its file: nothing of it may show. */
NODISCARD
static struct err *
refuse_private(const char *option, const char *text)
{
	if (text == NULL || (strcasestr(text, "AGE-SECRET-KEY-") == NULL && strstr(text, "PRIVATE KEY-----") == NULL))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "%s: a private key, which leap must never see", option),
	    "make another one, your shell's history has this; --age-key takes the public half: age-keygen -y FILE");
}

/* The keys that were given, or one's own.  Who is a user already need not give any. */
NODISCARD
static struct err *
add_keys(struct context *context, const char *name, bool self)
{
	const char	*file = opt_get(context, "--ssh-pub-key"), *recipient = opt_get(context, "--age-key");
	struct buf	 key = { 0 };
	struct err	*e;

	if ((e = refuse_private("--ssh-pub-key", file)) != NULL || (e = refuse_private("--age-key", recipient)) != NULL)
		return e;
	if (file != NULL || (self && recipient == NULL)) {
		e = file != NULL ? read_key_file(&key, file) : find_own_key(&key);
		if (e == NULL)
			e = write_user(context->repo, name, &key);
	}
	if (e == NULL && recipient != NULL)
		e = member_write(context->repo, name, recipient);
	buf_fini(&key);
	return e;
}

static struct err *
user_add_run(struct context *context)
{
	bool		 self = opt_get(context, "--self") != NULL;
	const char	*name = context->arg_count > 0 ? context->args[0] : own_name();
	struct strs	 users = { 0 };
	bool		 known;
	struct err	*e;

	if (!self && context->arg_count == 0)
		return err_hint(err_new(ERR_USAGE, "who? neither a name nor --self was given"),
		    "leap user add --self, or leap user add NAME --ssh-pub-key FILE");
	if ((e = check_name(name)) != NULL)
		return self && context->arg_count == 0 ? err_hint(e, "choose another one: leap user add NAME --self") : e;
	e = list_users(context->repo, false, &users);
	known = strs_has(&users, name);
	strs_fini(&users);
	if (e != NULL)
		return e;
	if (!self && !known && opt_get(context, "--ssh-pub-key") == NULL && opt_get(context, "--age-key") == NULL)
		return err_hint(err_new(ERR_USAGE, "which key has %s?", name),
		    "say it with --ssh-pub-key FILE, or with --self for your own");
	if ((e = add_keys(context, name, self)) != NULL || opt_get(context, "--no-vault") != NULL)
		return e;
	if ((e = member_admit(context->repo, name, self)) == NULL && !self)
		e = member_warn(context->repo);
	return e;
}

NODISCARD
static struct err *
remove_users(const struct repo *repo, const struct strs *names)
{
	struct err *e = member_expel(repo, names);

	for (size_t i = 0; e == NULL && i < names->count; i++) {
		char *path = xasprintf("%s/users/%s", repo->root, names->items[i]);

		if ((e = dir_remove(path)) == NULL)	/* it is empty, but for what is no file of leap's */
			note("removed user %s; the nodes know it after the next deploy\n", names->items[i]);
		free(path);
	}
	return e;
}

/* Who has no key any more, but can still open a vault, is one too. */
NODISCARD
static struct err *
check_user(const struct repo *repo, const struct strs *users, const char *name)
{
	struct strs	 envs = { 0 };
	const char	*near;
	struct err	*e;

	if (strs_has(users, name))
		return NULL;
	if ((e = vault_environments(repo, name, &envs)) == NULL && envs.count == 0) {
		e = err_new(ERR_USAGE, "there is no user \"%s\"", name);
		near = strs_nearest(users, name);
		e = near != NULL ? err_hint(e, "did you mean \"%s\"?", near) : err_hint(e, "leap user ls");
	}
	strs_fini(&envs);
	return e;
}

/* Who is to go: all must exist, and somebody must be left, for a deploy without a sysadmin's key locks everybody out. */
NODISCARD
static struct err *
check_removal(const struct context *context, struct strs *names)
{
	struct strs	 left = { 0 }, users = { 0 };
	struct err	*e = list_users(context->repo, false, &users);

	if (e == NULL)
		e = list_users(context->repo, true, &left);
	for (size_t i = 0; e == NULL && i < context->arg_count; i++) {
		e = check_user(context->repo, &users, context->args[i]);
		if (!strs_has(names, context->args[i]))
			strs_add(names, context->args[i]);
		for (size_t j = left.count; j > 0; j--) {
			if (strcmp(left.items[j - 1], context->args[i]) == 0)
				strs_remove(&left, j - 1);
		}
	}
	if (e == NULL && left.count == 0)
		e = err_hint(err_new(ERR_USAGE, "nobody would be left to log in to the nodes"),
		    "add another user first: leap user add NAME --ssh-pub-key FILE");
	strs_fini(&left);
	strs_fini(&users);
	return e;
}

static struct err *
user_rm_run(struct context *context)
{
	struct strs	 names = { 0 };
	struct err	*e;

	/* Who leaves may be who signed last: that was as it should be. */
	if ((e = vault_accept(context->repo, false)) == NULL && (e = check_removal(context, &names)) == NULL &&
	    (e = remove_users(context->repo, &names)) == NULL)
		e = member_warn(context->repo);
	strs_fini(&names);
	return e;
}

/* One row of the list for each key. */
static void
add_row(struct table *table, json_t *array, const char *name, const char *key, const char *fingerprint)
{
	char *type = xstrndup(key, strcspn(key, " "));

	table_add(table, "%s", name);
	table_add(table, "%s", type);
	table_add(table, "%s", fingerprint);
	json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "user", name, "type", type,
	    "fingerprint", fingerprint));
	free(type);
}

NODISCARD
static struct err *
add_user_rows(struct table *table, json_t *array, const struct repo *repo, const char *name)
{
	struct buf	 text = { 0 }, keys = { 0 }, fingerprint = { 0 };
	struct strs	 lines = { 0 };
	char		*path = key_path(name), *age = age_path(name), *pgp = xasprintf("users/%1$s/%1$s_pgp.pub", name);
	struct openpgp_key openpgp = { 0 };
	struct err	*e = NULL;

	if (repo_has(repo, path) && (e = repo_read(repo, path, &text)) == NULL)
		e = user_keys_read(&keys, buf_text(&text), path, ERR_CONFIG);
	strs_split(&lines, buf_text(&keys), '\n');
	for (size_t i = 0; e == NULL && i < lines.count; i++) {
		if (lines.items[i][0] == '\0')
			continue;
		buf_clear(&fingerprint);
		if ((e = public_key_fingerprint(&fingerprint, lines.items[i])) == NULL)
			add_row(table, array, name, lines.items[i], buf_text(&fingerprint));
	}
	buf_clear(&text);
	if (e == NULL && repo_has(repo, age) && (e = repo_read(repo, age, &text)) == NULL) {
		text.len = strcspn(buf_text(&text), " \n");
		if (text.data != NULL)
			text.data[text.len] = '\0';
		add_row(table, array, name, "age", buf_text(&text));	/* the key is short: it is its own fingerprint */
	}
	buf_clear(&text);
	if (e == NULL && repo_has(repo, pgp) && (e = repo_read(repo, pgp, &text)) == NULL) {
		if ((e = err_context(openpgp_read(&openpgp, text.data, text.len), "%s", pgp)) == NULL)
			add_row(table, array, name, "openpgp", openpgp.fingerprint);
		openpgp_fini(&openpgp);
	}
	free(pgp);
	free(age);
	free(path);
	strs_fini(&lines);
	buf_fini(&text);
	buf_fini(&keys);
	buf_fini(&fingerprint);
	return e;
}

static struct err *
user_ls_run(struct context *context)
{
	struct strs	 users = { 0 };
	struct table	*table = table_new(3);
	json_t		*array = json_array();
	struct buf	 text = { 0 };
	struct err	*e;

	e = list_users(context->repo, false, &users);
	table_add(table, "USER");
	table_add(table, "TYPE");
	table_add(table, "FINGERPRINT");
	for (size_t i = 0; e == NULL && i < users.count; i++)
		e = add_user_rows(table, array, context->repo, users.items[i]);
	if (e == NULL && context->json) {
		json_pretty(array, &text);
		out("%s", buf_text(&text));
	} else if (e == NULL && users.count > 0) {
		table_print(table, stdout);
	} else if (e == NULL) {
		note("no users yet: leap user add --self\n");
	}
	buf_fini(&text);
	json_decref(array);
	table_free(table);
	strs_fini(&users);
	return e;
}

static const struct opt user_add_opts[] = {
	{ 0, "--self", NULL, "yourself, with the key in ~/.ssh or in your agent" },
	{ 0, "--ssh-pub-key", "FILE", "the user's public SSH key" },
	{ 0, "--age-key", "KEY", "a key of age (age1...) that opens the vault, for who has no SSH key that can" },
	{ 0, "--no-vault", NULL, "the user may log in to the nodes, but not open the vault" },
	{ 0 },
};

const struct cmd cmd_user_add = {
	.name = "user add",
	.args = "[NAME]",
	.summary = "add a sysadmin, who may log in to the nodes",
	.details = "Writes users/NAME/NAME_ssh.pub, and lets NAME open the vault.  With --self, NAME is your login name and\n"
	    "the key the first of ~/.ssh/id_ed25519.pub, id_ecdsa.pub, id_rsa.pub and your agent's.  Where that key\n"
	    "can only sign, one of age is made for you too.  A user with nothing but --age-key, whose private half is\n"
	    "kept off line, is a way back into the vault when all other keys are lost.",
	.opts = user_add_opts,
	.needs = CMD_INSTANCE,
	.max_args = 1,
	.run = user_add_run,
};

const struct cmd cmd_user_rm = {
	.name = "user rm",
	.args = "NAME...",
	.summary = "remove sysadmins",
	.details = "The vault gets new keys, and everything in it is encrypted anew.  What they have seen they still know:\n"
	    "\"leap secret rotate --exposed-to NAME\" replaces it, or says how.",
	.needs = CMD_INSTANCE,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = user_rm_run,
};

const struct cmd cmd_user_ls = {
	.name = "user ls",
	.summary = "list the sysadmins and their keys",
	.needs = CMD_INSTANCE,
	.run = user_ls_run,
};
