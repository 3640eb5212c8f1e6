/* vault: the keys of users to which files can be encrypted. */
/* May know age, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/vault.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "ssh/public_key.h"
#include "vault/keyring.h"

#include <stdlib.h>
#include <string.h>

/* A line's key in the form in which equal keys have equal texts: the caller's. */
static char *
plain_key(const char *line)
{
	struct buf	 key = { 0 };
	struct err	*e;
	bool		 ssh;

	line += strspn(line, " \t\r");
	e = public_key_parse(&key, line, true);
	ssh = key.len > 0 && str_starts(line, buf_text(&key));	/* nothing before it, be that a "#" */
	err_free(e);
	if (ssh)
		return buf_take(&key);
	buf_fini(&key);
	return xstrndup(line, strcspn(line, str_starts(line, "age1") ? " \t\r" : "\r"));
}

/* Whether files can be encrypted to it, or (`any`) it is good for something else. */
static bool
is_fit(const char *key, bool any)
{
	struct age_recipient	*recipient = NULL;
	struct buf		 parsed = { 0 };
	struct err		*e = age_recipient_new(&recipient, key);

	if (e != NULL && any) {
		err_free(e);
		e = public_key_parse(&parsed, key, true);
	}
	age_recipient_free(recipient);
	buf_fini(&parsed);
	if (e == NULL)
		return true;
	err_free(e);
	return false;
}

/* Add the keys of a file that are fit; other lines are passed over. */
NODISCARD
static struct err *
add_keys(const struct repo *repo, const char *path, bool any, struct strs *out)
{
	struct buf	 text = { 0 };
	struct strs	 lines = { 0 };
	struct err	*e;
	char		*key;

	if (!repo_has(repo, path))
		return NULL;
	e = repo_read(repo, path, &text);
	if (e == NULL)
		strs_split(&lines, buf_text(&text), '\n');
	for (size_t i = 0; i < lines.count; i++) {
		key = plain_key(lines.items[i]);
		if (is_fit(key, any))
			strs_add(out, key);
		free(key);
	}
	strs_fini(&lines);
	buf_fini(&text);
	return e;
}

NODISCARD
static struct err *
user_keys(const struct repo *repo, const char *user, bool any, struct strs *out)
{
	char		*ssh = xasprintf("users/%s/%s_ssh.pub", user, user);
	char		*age = xasprintf("users/%s/%s.age", user, user);
	struct err	*e;

	if ((e = add_keys(repo, ssh, any, out)) == NULL)
		e = add_keys(repo, age, any, out);
	free(ssh);
	free(age);
	return e;
}

struct err *
vault_member_keys(const struct repo *repo, const char *user, struct strs *out)
{
	return user_keys(repo, user, false, out);
}

struct err *
vault_user_keys(const struct repo *repo, const char *user, struct strs *out)
{
	return user_keys(repo, user, true, out);
}

struct err *
vault_key_holders(const struct repo *repo, const struct strs *lines, const struct strs *except, struct strs *out)
{
	struct strs	 users = { 0 }, keys = { 0 };
	struct err	*e = repo_list(repo, "users", "", &users);
	bool		 holds;

	for (size_t i = 0; e == NULL && i < users.count; i++) {
		if (strs_has(except, users.items[i]) || (e = vault_user_keys(repo, users.items[i], &keys)) != NULL)
			continue;
		holds = false;
		for (size_t j = 0; j < lines->count; j++) {
			char *key = plain_key(lines->items[j]);

			holds = holds || strs_has(&keys, key);
			free(key);
		}
		if (holds)
			strs_add(out, users.items[i]);
		strs_fini(&keys);
		keys = (struct strs){ 0 };
	}
	strs_fini(&users);
	strs_fini(&keys);
	return e;
}

struct err *
member_candidates(const struct repo *repo, struct strs *out)
{
	struct strs	 users = { 0 }, keys = { 0 };
	struct err	*e = repo_list(repo, "users", "", &users);

	for (size_t i = 0; e == NULL && i < users.count; i++) {
		e = vault_member_keys(repo, users.items[i], &keys);
		if (keys.count > 0)
			strs_add(out, users.items[i]);
		strs_fini(&keys);
		keys = (struct strs){ 0 };
	}
	strs_fini(&users);
	strs_fini(&keys);
	return e;
}
