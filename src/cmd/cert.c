/* cmd: leap cert: the certificate authorities of an instance, and its nodes' certificates. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include "base/json.h"
#include "cmd/certs.h"
#include "cmd/select.h"
#include "config/config.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CA_DAYS		3650
#define CA_DAYS_MAX	36500

/* The two of them: one signs the servers' certificates, the other those of the provider's users. */
static const struct authority {
	const char	*key_path, *cert_path;
	const char	*property;	/* of provider.ca: its name */
	const char	*suffix;	/* else this behind the organization's */
} authorities[] = {
	{ CA_KEY_PATH, CA_CERT_PATH, "name", "Root CA" },
	{ CLIENT_CA_KEY_PATH, CLIENT_CA_CERT_PATH, "client_name", "Client CA" },
};

/* What the provider's configuration says of its CAs. */
struct ca_settings {
	const json_t	*ca;		/* provider.ca, or NULL */
	const char	*organization;
	unsigned	 days;
};

/* provider.ca.organization, else the provider's name, which is text or an object of languages. */
static const char *
organization_of(const json_t *provider, const json_t *ca)
{
	const char	*text = json_str(ca, "organization");
	const json_t	*name = json_object_get(provider, "name");
	const char	*language = json_str(provider, "default_language");

	if (text == NULL)
		text = json_is_string(name) ? json_string_value(name) : json_str(name, language != NULL ? language : "en");
	return text;
}

NODISCARD
static struct err *
read_settings(struct ca_settings *settings, struct config *config)
{
	json_t		*provider = NULL;
	json_int_t	 days;
	struct err	*e;

	if ((e = config_provider(config, NULL, &provider)) != NULL)
		return e;
	settings->ca = json_object_get(provider, "ca");
	settings->organization = organization_of(provider, settings->ca);
	if (settings->organization == NULL)
		return err_hint(err_at(ERR_CONFIG, &(struct place){ .path = "provider.json" },
		    "no name of the provider for its CAs"), "add \"name\": { \"en\": \"NAME\" }");
	days = json_int(settings->ca, "days", CA_DAYS);
	if (days < 1 || days > CA_DAYS_MAX)
		return err_hint(err_at(ERR_CONFIG, &(struct place){ .path = "provider.json" },
		    "ca.days must be a number from 1 to %d", CA_DAYS_MAX), "10 years are 3650");
	settings->days = (unsigned)days;
	return NULL;
}

/* A CA that is there stays: a new one makes all certificates of the old one worthless. */
NODISCARD
static struct err *
check_missing(const struct repo *repo, const struct authority *authority, bool *missing)
{
	bool key = vault_has(repo, authority->key_path), cert = repo_has(repo, authority->cert_path);

	*missing = !key && !cert;
	if (key && !cert)
		return err_hint(err_new(ERR_TRUST, "%s has no certificate beside it", authority->key_path),
		    "restore %s, or move the key away to start anew", authority->cert_path);
	if (cert && !key)
		return err_hint(err_new(ERR_TRUST, "%s has no private key beside it", authority->cert_path),
		    "it is never in git: copy %s from where \"leap cert ca\" was run", authority->key_path);
	return NULL;
}

/* Both files, or none. */
NODISCARD
static struct err *
write_ca(const struct repo *repo, const struct authority *authority, const struct buf *key, const struct buf *cert)
{
	struct err *e;

	if ((e = vault_write(repo, authority->key_path, key->data, key->len)) != NULL)
		return e;
	if ((e = repo_write(repo, authority->cert_path, cert->data, cert->len, 0644, NULL)) != NULL)
		e = err_join(e, vault_remove(repo, authority->key_path));
	return e;
}

NODISCARD
static struct err *
make_ca(const struct repo *repo, const struct authority *authority, const struct ca_settings *settings)
{
	struct buf	 key = { .secret = true }, cert = { 0 };
	const char	*given = json_str(settings->ca, authority->property);
	char		*name;
	struct err	*e;

	if (given != NULL)
		name = xstrdup(given);
	else
		name = xasprintf("%s %s", settings->organization, authority->suffix);
	e = ca_create(&key, &cert, name, settings->organization, settings->days, (int64_t)time(NULL));
	if (e == NULL)
		e = write_ca(repo, authority, &key, &cert);
	else
		e = err_context(e, "provider.ca");
	free(name);
	buf_fini(&key);
	buf_fini(&cert);
	return e;
}

/* A row: where it is, until when it is good, its fingerprint. */
NODISCARD
static struct err *
add_ca_row(struct table *table, json_t *array, const struct repo *repo, const char *path)
{
	struct buf	 cert = { 0 }, fingerprint = { 0 };
	int64_t		 end = 0;
	char		 day[16] = "";
	time_t		 t;
	struct tm	 tm;
	struct err	*e;

	if ((e = repo_read(repo, path, &cert)) != NULL || (e = cert_describe(&cert, &end, &fingerprint, NULL)) != NULL)
		goto out;
	t = (time_t)end;
	if (gmtime_r(&t, &tm) != NULL)
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	table_add(table, "%s", path);
	table_add(table, "%s", day);
	table_add(table, "%s", buf_text(&fingerprint));
	json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "path", path, "until", day, "sha256",
	    buf_text(&fingerprint)));
out:
	buf_fini(&cert);
	buf_fini(&fingerprint);
	return e;
}

NODISCARD
static struct err *
print_cas(const struct context *context)
{
	struct table	*table = table_new(3);
	json_t		*array = json_array();
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	table_add(table, "CA");
	table_add(table, "UNTIL");
	table_add(table, "SHA-256 FINGERPRINT");
	for (size_t i = 0; e == NULL && i < ARRAY_LEN(authorities); i++)
		e = add_ca_row(table, array, context->repo, authorities[i].cert_path);
	if (e == NULL && context->json) {
		json_pretty(array, &text);
		out("%s", buf_text(&text));
	} else if (e == NULL) {
		table_print(table, stdout);
	}
	buf_fini(&text);
	json_decref(array);
	table_free(table);
	return e;
}

static struct err *
cert_ca_run(struct context *context)
{
	struct ca_settings	 settings = { 0 };
	bool			 missing[ARRAY_LEN(authorities)];
	unsigned		 made = 0;
	struct err		*e = NULL;

	for (size_t i = 0; e == NULL && i < ARRAY_LEN(authorities); i++)
		e = check_missing(context->repo, &authorities[i], &missing[i]);
	if (e == NULL)
		e = read_settings(&settings, context->config);
	for (size_t i = 0; e == NULL && i < ARRAY_LEN(authorities); i++) {
		if (missing[i] && (e = make_ca(context->repo, &authorities[i], &settings)) == NULL)
			made++;
	}
	if (e == NULL && made == 0)
		return err_hint(err_new(ERR_USAGE, "there are CAs already: " CA_CERT_PATH " and " CLIENT_CA_CERT_PATH),
		    "new ones make every certificate worthless; if that is what you want, move files/ca away");
	if (e != NULL)
		return e;
	note("their private keys are beside them and not in git: keep a copy in a safe place\n");
	return print_cas(context);
}

static struct err *
cert_update_run(struct context *context)
{
	struct node_list	 nodes = { 0 };
	unsigned		 made = 0;
	struct err		*e;

	if ((e = select_nodes(&nodes, context, 0, 0)) != NULL)
		return e;
	if (opt_get(context, "--force") != NULL)
		e = certs_renew(context, &nodes, &made);
	else
		e = certs_update(context, &nodes, &made);
	if (e == NULL && made == 0)
		note("the certificates of %zu node%s are good\n", nodes.count, nodes.count == 1 ? "" : "s");
	node_list_fini(&nodes);
	return e;
}

const struct cmd cmd_cert_ca = {
	.name = "cert ca",
	.summary = "make the provider's certificate authorities",
	.details = "One signs the nodes' certificates, the other those of the provider's users; ECDSA P-256, for\n"
	    "provider.ca.days days (10 years).  CAs that are there are never replaced.",
	.needs = CMD_CONFIG,
	.run = cert_ca_run,
};

static const struct opt cert_update_opts[] = {
	{ 'f', "--force", NULL, "make new ones even where the old ones are good" },
	{ 0 },
};

const struct cmd cmd_cert_update = {
	.name = "cert update",
	.args = "[FILTER...]",
	.summary = "make the nodes' certificates where needed",
	.details = "A certificate is made anew when it is missing, has less than 60 days left, names or addresses of the\n"
	    "node have changed, or it is from another CA.  Deploying does the same.",
	.opts = cert_update_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = cert_update_run,
};
