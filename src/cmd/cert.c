/* cmd: leap cert: the certificate authorities of an instance, and its nodes' certificates. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include "base/json.h"
#include "cert/authority.h"
#include "cert/certs.h"
#include "cert/host_keys.h"
#include "cmd/member.h"
#include "cmd/rollover.h"
#include "cmd/select.h"
#include "config/config.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A CA that is there stays: a new one makes all certificates of the old one worthless. */
NODISCARD
static struct err *
check_missing(const struct repo *repo, enum authority authority, bool *missing)
{
	char		*key_path = ca_path(authority, CA_NOW, ".key"), *cert_path = ca_path(authority, CA_NOW, ".crt");
	bool		 key = vault_has(repo, key_path), cert = repo_has(repo, cert_path);
	struct err	*e = NULL;

	*missing = !key && !cert;
	if (key && !cert)
		e = err_hint(err_new(ERR_TRUST, "%s has no certificate beside it", key_path),
		    "restore %s, or move the key away to start anew", cert_path);
	if (cert && !key)
		e = err_hint(err_new(ERR_TRUST, "%s has no private key beside it", cert_path),
		    "copy %s from where \"leap cert ca\" was run", key_path);
	free(key_path);
	free(cert_path);
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
	struct err	*e;

	table_add(table, "CA");
	table_add(table, "UNTIL");
	table_add(table, "SHA-256 FINGERPRINT");
	e = add_ca_row(table, array, context->repo, CA_CERT_PATH);
	if (e == NULL)
		e = add_ca_row(table, array, context->repo, CLIENT_CA_CERT_PATH);
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

NODISCARD
static struct err *
make_missing(struct context *context)
{
	bool		 missing[AUTHORITIES] = { false };
	unsigned	 made = 0;
	struct err	*e = NULL;

	for (enum authority i = 0; e == NULL && i < AUTHORITIES; i++)
		e = check_missing(context->repo, i, &missing[i]);
	for (enum authority i = 0; e == NULL && i < AUTHORITIES; i++) {
		if (missing[i] &&
		    (e = ca_make(context->repo, context->config, i, CA_NOW, (int64_t)time(NULL))) == NULL)
			made++;
	}
	if (e == NULL && made == 0)
		return err_hint(err_new(ERR_USAGE, "there are CAs already: " CA_CERT_PATH " and " CLIENT_CA_CERT_PATH),
		    "\"leap cert ca --rotate\" replaces one step by step, so that nothing breaks");
	return e != NULL ? e : print_cas(context);
}

NODISCARD
static struct err *
make_ssh_ca(struct context *context, bool rotate)
{
	struct buf	 fingerprint = { 0 };
	struct err	*e = ssh_ca_make(context->repo, rotate, &fingerprint);

	if (e == NULL) {
		out("%s: ssh-ed25519 %s\n", SSH_CA_PATH, buf_text(&fingerprint));
		note("next: \"leap deploy\", of all nodes; then \"leap compile ssh-config\"\n");
	}
	buf_fini(&fingerprint);
	return e;
}

NODISCARD
static struct err *
make_ca(struct context *context)
{
	bool client = opt_get(context, "--client") != NULL, rotate = opt_get(context, "--rotate") != NULL;

	if (opt_get(context, "--ssh") != NULL && client)
		return err_new(ERR_USAGE, "--ssh and --client are different CAs");
	if (opt_get(context, "--ssh") != NULL)
		return make_ssh_ca(context, rotate);
	if (rotate)
		return rollover_next(context, client ? AUTHORITY_CLIENTS : AUTHORITY_SERVERS, (int64_t)time(NULL));
	if (client)
		return err_new(ERR_USAGE, "--client goes with --rotate");
	return make_missing(context);
}

static struct err *
cert_ca_run(struct context *context)
{
	struct err *e = make_ca(context);

	/* A key of a CA is what is least of all to be lost; its successor's owner has heard that. */
	return e == NULL && opt_get(context, "--rotate") == NULL ? member_warn(context->repo) : e;
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
		e = certs_renew(context->repo, context->config, &nodes, NULL, 0, say_note, &made);
	else
		e = certs_update(context->repo, context->config, &nodes, say_note, &made);
	if (e == NULL && made == 0)
		note("the certificates of %zu node%s are good\n", nodes.count, nodes.count == 1 ? "" : "s");
	node_list_fini(&nodes);
	return e;
}

static const struct opt cert_ca_opts[] = {
	{ 0, "--rotate", NULL, "do the next step of replacing the CA: announce its successor, switch to it, drop the old" },
	{ 0, "--client", NULL, "with --rotate: the CA of the clients" },
	{ 0, "--ssh", NULL, "the CA that signs the nodes' SSH host keys, for people's own ssh" },
	{ 0 },
};

const struct cmd cmd_cert_ca = {
	.name = "cert ca",
	.summary = "make or replace the provider's certificate authorities",
	.details = "One signs the nodes' certificates, the other those of the provider's users, as provider.ca says.\n"
	    "CAs that are there stay; --rotate replaces one in three steps, with a deploy between them.",
	.opts = cert_ca_opts,
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
	.details = "A certificate is made anew when it is missing or revoked, ends before long, the node's names or type of\n"
	    "key have changed, or it is from another CA.  So are revocation lists.  Deploying does the same.",
	.opts = cert_update_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = cert_update_run,
};
