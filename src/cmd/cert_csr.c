/* cmd: leap cert csr, dh: what other CAs and older programs want. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include "base/json.h"
#include "cert/authority.h"
#include "config/config.h"
#include "pki/ca.h"
#include "pki/request.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DH_PATH		"files/ca/dh.pem"
#define STAND_IN_DAYS	90u

/* The names that the certificate is for: the arguments, else the provider's domain. */
NODISCARD
static struct err *
read_names(struct strs *names, struct context *context)
{
	json_t		*provider = NULL;
	const char	*domain;
	struct err	*e;

	for (size_t i = 0; i < context->arg_count; i++)
		strs_add(names, context->args[i]);
	if (names->count == 0) {
		if ((e = config_provider(context->config, NULL, &provider)) != NULL)
			return e;
		if ((domain = json_str(provider, "domain")) == NULL)
			return err_hint(err_new(ERR_USAGE, "for which name? provider.json has no domain"),
			    "leap cert csr DOMAIN");
		strs_add(names, domain);
	}
	for (size_t i = 0; i < names->count; i++) {
		if (!cert_wildcard_valid(names->items[i]))
			return err_new(ERR_USAGE, "\"%s\" is no domain name that a certificate can have", names->items[i]);
	}
	return NULL;
}

/* The files of one certificate from elsewhere. */
struct order {
	char		*key_path, *csr_path, *cert_path;
	struct buf	 key, csr, cert;
};

NODISCARD
static struct err *
make_order(struct order *order, struct context *context, const struct strs *names)
{
	struct leaf_settings	 settings = { 0 };
	const char		*organization = NULL;
	struct err		*e;

	if ((e = leaf_settings_read(&settings, context->config, NULL, AUTHORITY_SERVERS)) != NULL ||
	    (e = organization_read(&organization, context->config)) != NULL ||
	    (e = key_create(&order->key, settings.key_type)) != NULL ||
	    (e = csr_make(&order->csr, &order->key, names, organization)) != NULL)
		return e;
	return cert_stand_in(&order->cert, &order->key, names, STAND_IN_DAYS, (int64_t)time(NULL));
}

/* The key first: a request for one that is lost is worthless. */
NODISCARD
static struct err *
write_order(const struct order *order, const struct repo *repo)
{
	struct err *e;

	if ((e = vault_write(repo, NULL, order->key_path, order->key.data, order->key.len)) == NULL &&
	    (e = repo_write(repo, order->csr_path, order->csr.data, order->csr.len, 0644, NULL)) == NULL)
		e = repo_write(repo, order->cert_path, order->cert.data, order->cert.len, 0644, NULL);
	return e;
}

/* A new key would make the certificate that is there, or on its way, worthless. */
NODISCARD
static struct err *
check_free(const struct order *order, const struct context *context, const char *base)
{
	if (opt_get(context, "--force") != NULL)
		return NULL;
	if (!vault_has(context->repo, order->key_path) && !repo_has(context->repo, order->cert_path) &&
	    !repo_has(context->repo, order->csr_path))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "there is a request or certificate already: %s", order->cert_path),
	    "--force makes a new key, and what was signed for the old one is worthless then; %s and *.%s share a request: "
	    "leap cert csr --force %s '*.%s'", base, base, base, base);
}

static struct err *
cert_csr_run(struct context *context)
{
	struct strs	 names = { 0 };
	struct order	 order = { .key.secret = true };
	const char	*base;
	struct err	*e;

	if ((e = read_names(&names, context)) != NULL || names.items == NULL)
		goto out;
	base = str_starts(names.items[0], "*.") ? names.items[0] + 2 : names.items[0];
	order.key_path = xasprintf("files/cert/%s.key", base);
	order.csr_path = xasprintf("files/cert/%s.csr", base);
	order.cert_path = xasprintf("files/cert/%s.crt", base);
	if ((e = check_free(&order, context, base)) == NULL && (e = make_order(&order, context, &names)) == NULL &&
	    (e = write_order(&order, context->repo)) == NULL)
		note("give %s to the CA, and put what it signs, with its chain behind, at %s, where a certificate that "
		    "nobody trusts stands in for %u days\n", order.csr_path, order.cert_path, STAND_IN_DAYS);
out:
	strs_fini(&names);
	free(order.key_path);
	free(order.csr_path);
	free(order.cert_path);
	buf_fini(&order.key);
	buf_fini(&order.csr);
	buf_fini(&order.cert);
	return e;
}

static struct err *
cert_dh_run(struct context *context)
{
	struct buf	 pem = { 0 };
	bool		 changed = false;
	struct err	*e;

	if ((e = dh_parameters(&pem)) == NULL &&
	    (e = repo_write(context->repo, DH_PATH, pem.data, pem.len, 0644, &changed)) == NULL)
		note(changed ? "wrote the group ffdhe3072 to " DH_PATH "\n" : DH_PATH " has the group ffdhe3072 already\n");
	buf_fini(&pem);
	return e;
}

static const struct opt cert_csr_opts[] = {
	{ 'f', "--force", NULL, "make a new key and request though there are some" },
	{ 0 },
};

const struct cmd cmd_cert_csr = {
	.name = "cert csr",
	.args = "[DOMAIN...]",
	.summary = "make a key and a signing request for another CA",
	.details = "For the provider's domain, or these; the first names the files in files/cert/.  A certificate that signs\n"
	    "itself stands in until the CA's is there.",
	.opts = cert_csr_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = cert_csr_run,
};

const struct cmd cmd_cert_dh = {
	.name = "cert dh",
	.summary = "write Diffie-Hellman parameters",
	.details = "For programs that want a file of them, files/ca/dh.pem: the group ffdhe3072 of RFC 7919.",
	.needs = CMD_INSTANCE,
	.run = cert_dh_run,
};
