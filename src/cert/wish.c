/* cert: a certificate that the instance wants from a CA: what it is to be, and what there is. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/wish.h"

#include "base/err.h"
#include "base/json.h"
#include "cert/account.h"
#include "config/config.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAMES_MAX	100u		/* what public CAs take */

NODISCARD
static struct err *
check_name(const char *name)
{
	if (!cert_name_valid(str_starts(name, "*.") ? name + 2 : name) || strchr(name, '.') == NULL)
		return err_hint(err_new(ERR_USAGE, "\"%s\" is no domain name that a certificate can have", name),
		    "use letters, digits and hyphens between the dots");
	return NULL;
}

struct err *
wish_parse(struct wish *out, const char *names)
{
	char		*lower = xstrdup(names);
	struct strs	 parts = { 0 };
	struct err	*e = NULL;

	*out = (struct wish){ .key.secret = true };
	for (char *p = lower; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	strs_split(&parts, lower, ',');
	for (size_t i = 0; e == NULL && i < parts.count; i++) {
		if ((e = check_name(parts.items[i])) == NULL && !strs_has(&out->names, parts.items[i]))
			strs_add(&out->names, parts.items[i]);
	}
	if (e == NULL && (out->names.count == 0 || out->names.count > NAMES_MAX))
		e = err_new(ERR_USAGE, "a certificate has from 1 to %u names", NAMES_MAX);
	else if (e == NULL && str_starts(out->names.items[0], "*."))
		e = err_hint(err_new(ERR_USAGE, "\"%s\": a wildcard cannot come first: the first name is what the "
		    "certificate is called", out->names.items[0]), "say %s,%s", out->names.items[0] + 2,
		    out->names.items[0]);
	strs_fini(&parts);
	free(lower);
	return e;
}

void
wish_fini(struct wish *wish)
{
	strs_fini(&wish->names);
	free(wish->challenge);
	free(wish->profile);
	free(wish->server);
	free(wish->env);
	buf_fini(&wish->pem);
	buf_fini(&wish->key);
	public_fini(&wish->cert);
}

/* A member that the wish has not said itself. */
static void
take_text(char **to, const json_t *root, const char *member)
{
	if (*to == NULL && json_str(root, member) != NULL)
		*to = xstrdup(json_str(root, member));
}

/* The names on record count where only the first one was said. */
NODISCARD
static struct err *
take_names(struct wish *wish, const json_t *root)
{
	const json_t	*list = json_object_get(root, "names"), *item;
	struct err	*e = NULL;
	size_t		 i;

	json_array_foreach(list, i, item) {
		const char *name = json_string_value(item);

		if (name == NULL || i >= NAMES_MAX || (e = check_name(name)) != NULL)
			return err_join(e, e != NULL ? NULL : err_new(ERR_CONFIG, "\"names\" must be a list of names"));
		if (!strs_has(&wish->names, name))
			strs_add(&wish->names, name);
	}
	return NULL;
}

struct err *
wish_recall(struct wish *wish, const struct repo *repo)
{
	char		*path = xasprintf(ACME_CERTS "/%s.json", wish->names.items[0]);
	struct buf	 text = { 0 };
	json_t		*root = NULL;
	struct err	*e = NULL;

	if (!repo_has(repo, path))
		goto out;
	if ((e = repo_read(repo, path, &text)) != NULL ||
	    (e = json_parse_text(&root, path, buf_text(&text), text.len)) != NULL)
		goto out;
	take_text(&wish->challenge, root, "challenge");
	take_text(&wish->profile, root, "profile");
	take_text(&wish->server, root, "server");
	wish->revoked = json_bool(root, "revoked");
	if (wish->names.count == 1)
		e = err_context(take_names(wish, root), "%s", path);
out:
	json_decref(root);
	buf_fini(&text);
	free(path);
	return e;
}

struct err *
wish_read_cert(struct wish *wish, const struct repo *repo)
{
	char		*path = xasprintf(ACME_CERT_PATH, wish->names.items[0]);
	bool		 one = wish->server == NULL && wish->names.count == 1;
	struct err	*e = NULL;

	if (!repo_has(repo, path) || (e = repo_read(repo, path, &wish->pem)) != NULL)
		goto out;
	err_free(public_read(&wish->cert, &wish->pem));		/* what cannot be read is made anew */
	wish->renew_at = acme_renew_at(wish->cert.not_before, wish->cert.not_after, NULL, NULL);
	/* Another CA's keeps its names, unless others are said. */
	for (size_t i = 0; one && i < wish->cert.names.count; i++) {
		if (!strs_has(&wish->names, wish->cert.names.items[i]))
			strs_add(&wish->names, wish->cert.names.items[i]);
	}
out:
	free(path);
	return e;
}

struct err *
wish_read(struct wish *wish, const struct repo *repo)
{
	char		*path = xasprintf(ACME_CERT_KEY_PATH, wish->names.items[0]);
	struct err	*e = wish_read_cert(wish, repo);

	if (e == NULL && vault_has(repo, path))
		e = vault_read(repo, wish->env, path, &wish->key);
	free(path);
	return e;
}

char *
wish_reason(const struct wish *wish, const char *server, int64_t now)
{
	const char *name;

	if (wish->pem.len == 0)
		return xstrdup("there is none yet");
	if (wish->revoked)
		return xstrdup("the old one was revoked");
	if (wish->cert.not_after == 0)
		return xstrdup("the old one cannot be read");
	if (wish->key.len == 0)
		return xstrdup("the private key of the old one is missing");
	if (!public_matches(&wish->pem, &wish->key))
		return xstrdup("the old one does not belong to its private key");
	if ((name = strs_missing(&wish->names, &wish->cert.names)) != NULL)
		return xasprintf("the old one lacks %s", name);
	if ((name = strs_missing(&wish->cert.names, &wish->names)) != NULL)
		return xasprintf("the old one still has %s", name);
	if (wish->server != NULL && strcmp(wish->server, server) != 0)
		return xstrdup("the old one is from another server");
	if (now >= wish->cert.not_after)
		return xstrdup("the old one has expired");
	if (now >= wish->renew_at)
		return xstrdup("it is time");
	return NULL;
}

struct err *
wish_record(const struct wish *wish, const struct repo *repo, const char *server)
{
	char		*path = xasprintf(ACME_CERTS "/%s.json", wish->names.items[0]);
	json_t		*root = json_pack("{s:o, s:s}", "names", json_strs(&wish->names), "server", server);
	struct buf	 text = { 0 };
	struct err	*e;

	if (wish->challenge != NULL)
		json_object_set_new(root, "challenge", json_string(wish->challenge));
	if (wish->profile != NULL)
		json_object_set_new(root, "profile", json_string(wish->profile));
	if (wish->revoked)
		json_object_set_new(root, "revoked", json_true());
	json_pretty(root, &text);
	e = repo_write(repo, path, text.data, text.len, 0644, NULL);
	buf_fini(&text);
	json_decref(root);
	free(path);
	return e;
}

struct err *
wish_save(const struct wish *wish, const struct repo *repo, const char *server, const struct buf *chain)
{
	char		*cert_path = xasprintf(ACME_CERT_PATH, wish->names.items[0]);
	char		*key_path = xasprintf(ACME_CERT_KEY_PATH, wish->names.items[0]);
	struct err	*e;

	if ((e = vault_write(repo, wish->env, key_path, wish->key.data, wish->key.len)) == NULL &&
	    (e = repo_write(repo, cert_path, chain->data, chain->len, 0644, NULL)) == NULL)
		e = wish_record(wish, repo, server);
	free(key_path);
	free(cert_path);
	return e;
}
