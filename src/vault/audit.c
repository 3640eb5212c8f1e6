/* vault: what is wrong with it, as anybody can see who has no private key. */
/* May know age, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/vault.h"

#include "age/age.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "vault/keyring.h"

#include <stdlib.h>
#include <string.h>

struct audit {
	const struct repo	*repo;
	json_t			*problems;
};

PRINTF(4, 5)
static void
problem(struct audit *audit, const char *file, const char *hint, const char *format, ...)
{
	va_list	 args;
	char	*text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	json_array_append_new(audit->problems, json_pack("{s:s, s:s, s:s, s:b}", "file", file, "problem", text, "hint", hint,
	    "warning", false));
	free(text);
}

static void
soften(struct audit *audit)
{
	json_object_set_new(json_array_get(audit->problems, json_array_size(audit->problems) - 1), "warning", json_true());
}

static bool
list_has(const json_t *list, const char *text)
{
	const json_t	*item;
	size_t		 i;

	json_array_foreach((json_t *)(uintptr_t)list, i, item) {
		if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
			return true;
	}
	return false;
}

/* Compare the keys that the vault is for with those that the user has now. */
NODISCARD
static struct err *
check_member(struct audit *audit, const char *env, const char *user, const json_t *recorded)
{
	struct strs	 now = { 0 };
	char		*file = xasprintf("vault/%s.age", env), *hint;
	const json_t	*key;
	size_t		 i;
	struct err	*e = vault_member_keys(audit->repo, user, &now);

	if (e == NULL && now.count == 0) {
		hint = xasprintf("leap user rm %s", user);
		problem(audit, file, hint, "%s can open it, but has no key in users/ any more", user);
		free(hint);
		goto out;
	}
	json_array_foreach((json_t *)(uintptr_t)recorded, i, key) {
		if (e != NULL || !json_is_string(key) || strs_has(&now, json_string_value(key)))
			continue;
		hint = xasprintf("leap user add %s; if others may have the old key, leap user rm %s before that", user, user);
		problem(audit, file, hint, "it is for a key of %s that is not in users/ any more", user);
		free(hint);
	}
	for (i = 0; e == NULL && i < now.count; i++) {
		if (list_has(recorded, now.items[i]))
			continue;
		hint = xasprintf("leap user add %s", user);
		problem(audit, file, hint, "it is not for a key of %s that is new in users/", user);
		free(hint);
	}
out:
	strs_fini(&now);
	free(file);
	return e;
}

/* How a file would show that it is for these keys; what is none counts for nothing. */
static void
expected_labels(const json_t *members, struct strs *out)
{
	struct age_recipient	*recipient;
	struct buf		 label = { 0 };
	const char		*user;
	json_t			*keys, *key;
	struct err		*e;
	size_t			 i;

	json_object_foreach((json_t *)(uintptr_t)members, user, keys) {
		json_array_foreach(keys, i, key) {
			if (!json_is_string(key))
				continue;
			recipient = NULL;
			if ((e = age_recipient_new(&recipient, json_string_value(key))) == NULL) {
				buf_clear(&label);
				age_recipient_label(recipient, &label);
				strs_add(out, buf_text(&label));
			}
			age_recipient_free(recipient);
			err_free(e);
		}
	}
	strs_sort(out);
	buf_fini(&label);
}

/* The labels of a file, sorted; what cannot be read is a problem. */
static bool
read_labels(struct audit *audit, const char *file, struct strs *out)
{
	struct buf	 data = { 0 };
	struct err	*e = repo_read(audit->repo, file, &data);

	if (e == NULL)
		e = age_labels(out, buf_text(&data), data.len);
	if (e != NULL)
		problem(audit, file, "git knows it as it was", "it cannot be read: %s", err_message(e));
	strs_sort(out);
	buf_fini(&data);
	err_free(e);
	return e == NULL;
}

static bool
same_labels(const struct strs *a, const struct strs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

/* Whether vault/ENV.age is for those whom vault/ENV.json names. */
static void
check_recipients(struct audit *audit, const char *env, const json_t *members)
{
	struct strs	 want = { 0 }, have = { 0 };
	struct buf	 list = { 0 };
	char		*file = xasprintf("vault/%s.age", env);

	expected_labels(members, &want);
	if (read_labels(audit, file, &have) && !same_labels(&want, &have)) {
		strs_join(&have, ", ", &list);
		problem(audit, file, "see in git who changed it; \"leap user add NAME\" writes it anew for all members",
		    "it is not for those whom vault/%s.json names, but for %s", env, buf_text(&list));
	}
	strs_fini(&want);
	strs_fini(&have);
	buf_fini(&list);
	free(file);
}

/* What former members have seen and nobody has replaced. */
NODISCARD
static struct err *
check_exposed(struct audit *audit, const char *env, const json_t *recorded, json_t *exposed)
{
	struct strs	 paths = { 0 };
	const char	*user;
	char		*file = xasprintf("vault/%s.json", env), *hint;
	json_t		*ignored;
	struct err	*e = NULL;

	json_object_foreach((json_t *)(uintptr_t)recorded, user, ignored) {
		if (e != NULL || (e = vault_exposed(audit->repo, env, user, &paths)) != NULL)
			continue;
		if (paths.count > 0) {
			hint = xasprintf("leap secret rotate --exposed-to %s", user);
			problem(audit, file, hint, "%s, who left, has seen %zu file%s that nobody has replaced since", user,
			    paths.count, paths.count == 1 ? "" : "s");
			json_object_set_new(exposed, user, json_strs(&paths));
			free(hint);
		}
		strs_fini(&paths);
		paths = (struct strs){ 0 };
	}
	strs_fini(&paths);
	free(file);
	return e;
}

/* What kinds of keys each member has. */
static json_t *
member_kinds(const json_t *members)
{
	json_t		*result = json_object(), *keys, *kinds;
	const char	*user, *key;
	size_t		 i;

	json_object_foreach((json_t *)(uintptr_t)members, user, keys) {
		kinds = json_array();
		for (i = 0; i < json_array_size(keys); i++) {
			if ((key = json_string_value(json_array_get(keys, i))) != NULL)
				json_array_append_new(kinds, str_starts(key, "age1") ? json_string("age") :
				    json_stringn(key, strcspn(key, " ")));
		}
		json_object_set_new(result, user, kinds);
	}
	return result;
}

/*
 * How many people the members are, as far as keys can tell: who has a key of one before is the same, or had better not
 * be another, who would keep what is taken from the one.
 */
static size_t
count_people(struct audit *audit, const char *file, const json_t *members)
{
	json_t		*owners = json_object(), *keys;
	const char	*user, *key, *owner, *other;
	size_t		 count = 0;

	json_object_foreach((json_t *)(uintptr_t)members, user, keys) {
		other = NULL;
		for (size_t i = 0; i < json_array_size(keys); i++) {
			if ((key = json_string_value(json_array_get(keys, i))) == NULL)
				continue;
			if ((owner = json_str(owners, key)) == NULL)
				json_object_set_new(owners, key, json_string(user));
			else if (strcmp(owner, user) != 0)
				other = owner;
		}
		count += other == NULL;
		if (other != NULL) {
			problem(audit, file, "give each a key of their own: none can be removed without the other",
			    "%s and %s have the same key", other, user);
			soften(audit);
		}
	}
	json_decref(owners);
	return count;
}

NODISCARD
static struct err *
audit_env(struct audit *audit, const char *env, size_t secrets, json_t *environments)
{
	struct env_key	*key;
	const char	*user;
	char		*file = xasprintf("vault/%s.age", env);
	json_t		*members, *keys, *exposed = json_object();
	size_t		 people;
	struct err	*e;

	if ((e = keyring_env(audit->repo, env, &key)) != NULL) {
		problem(audit, err_place(e) != NULL ? err_place(e)->path : file, err_hint_text(e), "%s", err_message(e));
		err_free(e);
		e = NULL;
		goto out;
	}
	if (key == NULL)
		goto out;
	members = json_object_get(key->meta, "members");
	json_object_foreach(members, user, keys) {
		if ((e = check_member(audit, env, user, keys)) != NULL)
			goto out;
	}
	check_recipients(audit, env, members);
	if ((e = check_exposed(audit, env, json_object_get(key->meta, "exposed"), exposed)) != NULL)
		goto out;
	if ((people = count_people(audit, file, members)) == 1) {
		problem(audit, file, "add another sysadmin, or a key that is kept off line: leap user add recovery --age-key age1...",
		    "only one person can open it");
		soften(audit);
	}
	json_array_append_new(environments, json_pack("{s:s, s:i, s:o, s:i, s:O}", "environment", env, "secrets",
	    (int)secrets, "members", member_kinds(members), "people", (int)people, "exposed", exposed));
out:
	json_decref(exposed);
	free(file);
	return e;
}

/* Every file is for one native key, that of a vault; which one cannot be seen. */
static void
audit_file(struct audit *audit, const char *file)
{
	struct strs	 labels = { 0 };
	char		*word = NULL;

	if (str_starts(file, "secrets/") && !secret_file(file, &word))
		problem(audit, file, "rename it, or remove it", "nothing reads it: no secret can have this name");
	else if (read_labels(audit, file, &labels) && (labels.count != 1 || strcmp(labels.items[0], "X25519") != 0))
		problem(audit, file, "write it again: \"leap secret set\" for a secret", "it is not for a vault's key alone");
	free(word);
	strs_fini(&labels);
}

static size_t
count_secrets(const struct strs *files, const char *env)
{
	char	*home = xasprintf("secrets/%s/", env);
	size_t	 count = 0;

	for (size_t i = 0; i < files->count; i++)
		count += str_starts(files->items[i], home);
	free(home);
	return count;
}

/* Environments that have secrets, but nothing to open them with, are some, too. */
static void
add_environments(const struct strs *files, struct strs *envs)
{
	static const char home[] = "secrets/";

	for (size_t i = 0; i < files->count; i++) {
		const char	*rest = files->items[i] + strlen(home);
		char		*env;

		if (!str_starts(files->items[i], home) || strchr(rest, '/') == NULL)
			continue;
		env = xstrndup(rest, strcspn(rest, "/"));
		if (!strs_has(envs, env))
			strs_add(envs, env);
		free(env);
	}
	strs_sort(envs);
}

struct err *
vault_audit(json_t **out, const struct repo *repo)
{
	struct audit	 audit = { repo, json_array() };
	struct strs	 envs = { 0 }, files = { 0 };
	json_t		*environments = json_array();
	struct err	*e;

	if ((e = keyring_envs(repo, &envs)) == NULL && (e = vault_files(repo, &files)) == NULL)
		add_environments(&files, &envs);
	for (size_t i = 0; e == NULL && i < envs.count; i++)
		e = audit_env(&audit, envs.items[i], count_secrets(&files, envs.items[i]), environments);
	for (size_t i = 0; e == NULL && i < files.count; i++)
		audit_file(&audit, files.items[i]);
	*out = e == NULL ? json_pack("{s:O, s:O}", "environments", environments, "problems", audit.problems) : NULL;
	json_decref(environments);
	json_decref(audit.problems);
	strs_fini(&envs);
	strs_fini(&files);
	return e;
}
