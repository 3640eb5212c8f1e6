/* vault: the keys of users to which files can be encrypted. */
/* May know age, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/vault.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "vault/keyring.h"

#include <stdlib.h>
#include <string.h>

/* "TYPE DATA" of a line, the caller's. */
static char *
without_comment(const char *line)
{
	size_t len = strcspn(line, " \t");

	if (line[len] != '\0' && !str_starts(line, "age1")) {
		len += strspn(line + len, " \t");
		len += strcspn(line + len, " \t");
	}
	return xstrndup(line, len);
}

/* Add the lines of a file that are recipients; keys that can only sign are passed over. */
NODISCARD
static struct err *
add_keys(const struct repo *repo, const char *path, struct strs *out)
{
	struct age_recipient	*recipient = NULL;
	struct buf		 text = { 0 };
	struct strs		 lines = { 0 };
	struct err		*e;
	char			*key;

	if (!repo_has(repo, path))
		return NULL;
	e = repo_read(repo, path, &text);
	if (e == NULL)
		strs_split(&lines, buf_text(&text), '\n');
	for (size_t i = 0; i < lines.count; i++) {
		struct err *unfit = age_recipient_new(&recipient, lines.items[i]);

		if (unfit == NULL) {
			key = without_comment(lines.items[i]);
			strs_add(out, key);
			free(key);
		}
		err_free(unfit);
		age_recipient_free(recipient);
	}
	strs_fini(&lines);
	buf_fini(&text);
	return e;
}

struct err *
vault_member_keys(const struct repo *repo, const char *user, struct strs *out)
{
	char		*ssh = xasprintf("users/%s/%s_ssh.pub", user, user);
	char		*age = xasprintf("users/%s/%s.age", user, user);
	struct err	*e;

	if ((e = add_keys(repo, ssh, out)) == NULL)
		e = add_keys(repo, age, out);
	free(ssh);
	free(age);
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
