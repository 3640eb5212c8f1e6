/* cmd: leap cert register: an account with an ACME server. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/acme.h"
#include "cmd/cmd.h"

#include "base/file.h"
#include "base/json.h"
#include "config/config.h"
#include "pki/jws.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>

#define CA_FILE_MAX	(1u << 20)

static const struct opt register_opts[] = {
	{ 0, "--server", "SERVER", "letsencrypt (the default), letsencrypt-staging, or a directory's URL" },
	{ 0, "--eab", "KID", "bind it to your account KID at the CA; the key of that is asked for" },
	{ 0, "--ca-file", "FILE", "a private server: trust the CAs in FILE, PEM, and no others" },
	{ 0 },
};

/* provider.contacts.default: whom the CA writes to. */
NODISCARD
static struct err *
read_contacts(struct strs *out, struct context *context)
{
	json_t		*provider = NULL;
	const json_t	*list, *item;
	size_t		 i;
	struct err	*e = config_provider(context->config, NULL, &provider);

	list = json_object_get(json_object_get(provider, "contacts"), "default");
	json_array_foreach(list, i, item) {
		if (json_is_string(item))
			strs_add(out, json_string_value(item));
	}
	return e;
}

NODISCARD
static struct err *
read_key(struct account *account, const struct repo *repo)
{
	if (vault_has(repo, ACME_KEY_PATH))
		return vault_read(repo, NULL, ACME_KEY_PATH, &account->key);
	return jws_key_create(&account->key);
}

NODISCARD
static struct err *
fill_account(struct account *account, const struct context *context)
{
	const char	*given = opt_get(context, "--server"), *file = opt_get(context, "--ca-file");
	const char	*server = acme_server(given != NULL ? given : "letsencrypt");
	struct err	*e;

	if (server == NULL)
		return err_hint(err_new(ERR_USAGE, "\"%s\" is no ACME server", given),
		    "letsencrypt, letsencrypt-staging, or the URL of its directory, https://...");
	account->server = xstrdup(server);
	if (file != NULL && (e = file_read(file, CA_FILE_MAX, &account->ca_pem)) != NULL)
		return e;
	return read_key(account, context->repo);
}

NODISCARD
static struct err *
agree(const struct context *context, const struct acme *acme)
{
	bool		 yes = false;
	char		*question;
	struct err	*e;

	if (acme_terms(acme) == NULL)
		return NULL;
	if (context->yes) {
		note("agreed to its terms: %s\n", acme_terms(acme));
		return NULL;
	}
	question = xasprintf("do you agree to its terms, %s?", acme_terms(acme));
	e = ask_yes(&yes, "say --yes to agree", question);
	free(question);
	if (e == NULL && !yes)
		e = err_new(ERR_FAILED, "no account was made");
	return e;
}

NODISCARD
static struct err *
ask_mac_key(const struct context *context, const struct acme *acme, struct buf *out)
{
	const char	*kid = opt_get(context, "--eab");
	char		*question;
	struct err	*e;

	if (kid == NULL)
		return !acme_needs_binding(acme) ? NULL :
		    err_hint(err_new(ERR_USAGE, "this CA wants the account to be bound to one that you have there"),
		    "it shows a name and a key for that: leap cert register --eab NAME");
	question = xasprintf("HMAC key of %s (not shown): ", kid);
	e = ask_secret(out, "run it on a terminal", question);
	free(question);
	return e;
}

/* The key first: an account whose key is lost is worthless. */
NODISCARD
static struct err *
save(const struct account *account, const struct repo *repo)
{
	json_t		*root = json_pack("{s:s, s:s}", "server", account->server, "account", account->url);
	struct buf	 text = { 0 };
	struct err	*e;

	if (account->ca_pem.len > 0)
		json_object_set_new(root, "ca", json_string(account->ca_pem.data));	/* TLS took it: it is text */
	json_pretty(root, &text);
	if ((e = vault_write(repo, NULL, ACME_KEY_PATH, account->key.data, account->key.len)) == NULL)
		e = repo_write(repo, ACME_ACCOUNT_PATH, text.data, text.len, 0644, NULL);
	buf_fini(&text);
	json_decref(root);
	return e;
}

static void
print_account(const struct context *context, const struct account *account)
{
	json_t		*root;
	struct buf	 text = { 0 };

	if (!context->json) {
		out("%s\n", account->url);
		return;
	}
	root = json_pack("{s:s, s:s}", "server", account->server, "account", account->url);
	json_pretty(root, &text);
	out("%s", buf_text(&text));
	buf_fini(&text);
	json_decref(root);
}

static struct err *
cert_register_run(struct context *context)
{
	struct account		 account = { .key.secret = true };
	struct buf		 mac_key = { .secret = true };
	struct strs		 contacts = { 0 };
	struct acme_settings	 settings;
	struct acme		*acme = NULL;
	struct err		*e;

	if ((e = read_contacts(&contacts, context)) != NULL || (e = fill_account(&account, context)) != NULL)
		goto out;
	settings = account_settings(&account);
	settings.stopped = NULL;
	if ((e = acme_open(&acme, &settings)) != NULL || (e = ask_mac_key(context, acme, &mac_key)) != NULL ||
	    (e = agree(context, acme)) != NULL)
		goto out;
	if ((e = acme_register(acme, &contacts, opt_get(context, "--eab"), &mac_key, &account.url)) == NULL &&
	    (e = save(&account, context->repo)) == NULL)
		print_account(context, &account);
out:
	acme_close(acme);
	strs_fini(&contacts);
	buf_fini(&mac_key);
	account_fini(&account);
	return e;
}

const struct cmd cmd_cert_register = {
	.name = "cert register",
	.summary = "make an account with a CA that speaks ACME",
	.details = "Let's Encrypt, or any other server of RFC 8555.  The account's key goes into the vault; the CA writes to\n"
	    "provider.contacts.default.  Then \"leap cert renew\" gets certificates from there.",
	.opts = register_opts,
	.needs = CMD_CONFIG,
	.run = cert_register_run,
};
