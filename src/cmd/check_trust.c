/* cmd: leap check: keys and secrets. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/host_keys.h"
#include "cmd/check.h"

#include "base/json.h"
#include "cert/certs.h"
#include "cmd/cmd.h"
#include "cmd/findings.h"
#include "cmd/fleet.h"
#include "config/config.h"
#include "pki/openpgp.h"
#include "repo/repo.h"
#include "ssh/pins.h"
#include "ssh/user_key.h"
#include "vault/signed.h"
#include "vault/vault.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An error of a whole file. */
PRINTF(3, 4)
static struct err *
problem(const char *rule, const char *path, const char *format, ...)
{
	struct place	 place = { .path = path };
	struct err	*e;
	va_list		 args;

	va_start(args, format);
	e = err_rule(err_atv(ERR_CONFIG, &place, format, args), rule);
	va_end(args);
	return e;
}

/* Remember whose key it is; two may not have the same. */
static const char *
first_owner(json_t *owners, const char *key, const char *owner)
{
	const char *first = json_string_value(json_object_get(owners, key));

	if (first == NULL)
		json_object_set_new(owners, key, json_string(owner));
	return first == NULL || strcmp(first, owner) == 0 ? NULL : first;
}

static void
check_user(struct findings *findings, const struct repo *repo, json_t *owners, const char *name)
{
	char		*own = xasprintf("users/%s", name), *path = xasprintf("%s/%s_ssh.pub", own, name);
	char		*age = xasprintf("%s/%s.age", own, name);
	struct buf	 text = { 0 }, valid = { 0 };
	struct strs	 keys = { 0 };
	const char	*other;
	struct err	*e;

	if (!repo_has(repo, path) && repo_has(repo, age))
		e = NULL;	/* who opens the vault, but logs in nowhere */
	else if (!repo_has(repo, path))
		e = err_hint(problem("no-user-key", own, "user %s has no public SSH key", name),
		    "leap user add %s --ssh-pub-key FILE", name);
	else if ((e = repo_read(repo, path, &text)) == NULL)
		e = user_keys_read(&valid, buf_text(&text), path, ERR_CONFIG);
	findings_add(findings, err_rule(e, "bad-user-key"));
	err_free(vault_user_keys(repo, name, &keys));		/* what cannot be read was said */
	for (size_t i = 0; i < keys.count; i++) {
		if ((other = first_owner(owners, keys.items[i], name)) != NULL)
			findings_add(findings, err_warning(err_hint(problem("shared-user-key",
			    str_starts(keys.items[i], "age1") ? age : path, "users %s and %s have the same key", other, name),
			    "give each a key of their own: none can be removed without the other")));
	}
	strs_fini(&keys);
	buf_fini(&valid);
	buf_fini(&text);
	free(own);
	free(age);
	free(path);
}

/* A user's OpenPGP key, which need not be there: mail to the user is encrypted to it. */
static void
check_openpgp(struct findings *findings, const struct repo *repo, const char *name)
{
	char			*path = xasprintf("users/%1$s/%1$s_pgp.pub", name);
	struct place		 place = { .path = path };
	struct openpgp_key	 key = { 0 };
	struct buf		 text = { .secret = true };	/* it may be a private key, by mistake */
	struct err		*e = NULL;

	if (!repo_has(repo, path))
		goto out;
	if ((e = repo_read(repo, path, &text)) == NULL && (e = openpgp_read(&key, buf_text(&text), text.len)) != NULL)
		e = err_rule(err_moved(e, &place, "%s", err_message(e)), "bad-openpgp-key");
	else if (e == NULL && (key.revoked || (key.expires != 0 && key.expires <= (int64_t)time(NULL))))
		e = err_warning(err_hint(problem("expired-openpgp-key", path, "the OpenPGP key of user %s %s", name,
		    key.revoked ? "was revoked" : "has expired"), "export it again: gpg --armor --export %s",
		    key.fingerprint));
	findings_add(findings, e);
out:
	openpgp_fini(&key);
	buf_fini(&text);
	free(path);
}

static bool
has_login(const struct repo *repo, const char *user)
{
	char	*path = xasprintf("users/%s/%s_ssh.pub", user, user);
	bool	 has = repo_has(repo, path);

	free(path);
	return has;
}

static void
check_users(struct findings *findings, const struct repo *repo)
{
	struct strs	 names = { 0 };
	json_t		*owners = json_object();
	size_t		 users = 0;

	findings_add(findings, repo_list(repo, "users", "", &names));
	for (size_t i = 0; i < names.count; i++) {
		char *dir = xasprintf("users/%s", names.items[i]);

		if (repo_type(repo, dir) == REPO_DIRECTORY) {
			char *age = xasprintf("%s/%s.age", dir, names.items[i]);

			users += !repo_has(repo, age) || has_login(repo, names.items[i]);
			free(age);
			check_user(findings, repo, owners, names.items[i]);
			check_openpgp(findings, repo, names.items[i]);
		}
		free(dir);
	}
	if (users == 0)
		findings_add(findings, err_hint(problem("no-sysadmin", "users",
		    "there is no sysadmin: nobody could log in to the nodes"), "leap user add --self"));
	json_decref(owners);
	strs_fini(&names);
}

/* The key by which leap knows the node, and how it logs in. */
static void
check_host(struct findings *findings, struct context *context, struct node *node, json_t *owners)
{
	struct fleet_target	 target;
	const char		*other;
	struct place		 place;
	struct pins		 pins = { 0 };
	struct err		*e;
	char			*path = host_pins_path(node->name), *own = xasprintf("nodes/%s.json", node->name);

	findings_add(findings, err_rule(fleet_address(&target, context, node), "bad-ssh-setting"));
	fleet_target_fini(&target);
	place = (struct place){ .path = path };
	if (!repo_has(context->repo, path)) {
		/* A local node's is pinned when it starts. */
		if (node->environment == NULL || strcmp(node->environment, "local") != 0)
			findings_add(findings, err_warning(err_hint(problem("unpinned-host", own, "the SSH host key of "
			    "node %s is not pinned", node->name), "leap node init %s", node->name)));
	} else if ((e = host_pins_read(&pins, context->repo, path)) != NULL) {
		findings_add(findings, err_rule(err_moved(e, &place, "the pinned host key of node %s is none: %s",
		    node->name, str_starts(err_message(e), path) ? err_message(e) + strlen(path) + 2 : err_message(e)),
		    "bad-host-key"));
	}
	for (size_t i = 0; i < pins.count; i++) {
		if ((other = first_owner(owners, pins.items[i].key, node->name)) != NULL)
			findings_add(findings, err_warning(err_hint(problem("shared-host-key", path,
			    "nodes %s and %s have the same SSH host key", other, node->name), "who has the one can pass "
			    "for the other; make new ones with \"ssh-keygen -A\" on a clone")));
	}
	pins_fini(&pins);
	free(path);
	free(own);
}

/* A private key or secret beside its encrypted form, or instead of it. */
static void
check_clear(struct findings *findings, const struct repo *repo, const char *path)
{
	if (repo_type(repo, path) == REPO_FILE && !str_ends(path, ".age"))
		findings_add(findings, err_hint(problem("clear-secret", path, "a secret in clear"),
		    "remove it: what leap makes itself it makes anew, \"leap secret set\" takes the rest"));
}

/* All files below `dir` that end in `suffix`. */
static void
check_clear_below(struct findings *findings, const struct repo *repo, const char *dir, const char *suffix)
{
	struct strs names = { 0 };

	err_free(repo_list(repo, dir, "", &names));
	for (size_t i = 0; i < names.count; i++) {
		char *path = xasprintf("%s/%s", dir, names.items[i]);

		if (repo_type(repo, path) == REPO_DIRECTORY)
			check_clear_below(findings, repo, path, suffix);
		else if (str_ends(path, suffix))
			check_clear(findings, repo, path);
		free(path);
	}
	strs_fini(&names);
}

/* Whether the vault is as a sysadmin signed it. */
static void
check_signed(struct findings *findings, const struct repo *repo)
{
	struct vault_signed	 state;
	struct err		*e = vault_signed(&state, repo);

	findings_add(findings, err_rule(e, "vault-signature"));
	findings_add(findings, state.problems);
	state.problems = NULL;
	vault_signed_fini(&state);
}

/*
 * Who can open the vault that should not, and the other way round.  What has to be done must not be kept from being
 * committed: warnings.  That it is only one person is not said here, where that one would hear it with every commit.
 */
static void
check_access(struct findings *findings, const struct repo *repo)
{
	const char	*file, *what, *hint;
	json_t		*audit = NULL, *item;
	size_t		 i;

	findings_add(findings, err_rule(vault_audit(&audit, repo), "vault-access"));
	json_array_foreach(json_object_get(audit, "problems"), i, item) {
		file = json_str(item, "file");
		what = json_str(item, "problem");
		hint = json_str(item, "hint");
		if (!json_bool(item, "warning"))
			findings_add(findings, err_warning(err_hint(problem("vault-access", file, "%s", what), "%s", hint)));
	}
	json_decref(audit);
}

void
check_trust(struct findings *findings, struct context *context, const struct node_list *nodes)
{
	json_t *owners = json_object();

	check_users(findings, context->repo);
	for (size_t i = 0; i < nodes->count; i++)
		check_host(findings, context, nodes->items[i], owners);
	check_clear_below(findings, context->repo, "files", ".key");
	check_clear_below(findings, context->repo, "secrets", "");
	check_signed(findings, context->repo);
	check_access(findings, context->repo);
	err_free(check_index(findings, context->repo));		/* an instance need not be in git to be checked */
	json_decref(owners);
}
