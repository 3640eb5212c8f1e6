/* cmd: leap cert client, revoke: the certificates of those who connect to nodes, and the end of any. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include "base/json.h"
#include "cmd/acme.h"
#include "cert/authority.h"
#include "cert/list.h"
#include "cert/certs.h"
#include "cmd/client.h"
#include "cmd/fleet.h"
#include "cert/revoked.h"
#include "config/config.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS_MAX	36500u

struct err *
client_name_check(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	if (n > 0 && n <= 64 && name[n] == '\0' && name[0] != '.' && name[0] != '-')
		return NULL;
	return err_hint(err_new(ERR_USAGE, "\"%s\" is no name for a client", name),
	    "up to 64 letters a-z, digits, \".\", \"_\" and \"-\", the first a letter or digit");
}

char *
client_path(const char *name, const char *suffix)
{
	return xasprintf("files/clients/%s%s", name, suffix);
}

/* What is asked for: how long it lasts is the command line's, else the configuration's, never longer than the CA. */
NODISCARD
static struct err *
read_request(struct cert_request *request, struct context *context, const struct buf *ca, int64_t now)
{
	struct leaf_settings	 settings = { 0 };
	unsigned		 days = 0;
	int64_t			 end = 0;
	struct err		*e;

	if ((e = fleet_number(context, "--days", 0, DAYS_MAX, &days)) != NULL ||
	    (e = leaf_settings_read(&settings, context->config, NULL, AUTHORITY_CLIENTS)) != NULL ||
	    (e = cert_describe(ca, &end, NULL, NULL)) != NULL)
		return e;
	if (opt_get(context, "--days") == NULL)
		days = settings.days;
	if (days == 0)
		return err_new(ERR_USAGE, "--days: a certificate lasts at least a day");
	if (days_left(end, now) < (int)days)
		return err_hint(err_new(ERR_TRUST, "the client CA has %d days left", days_left(end, now)),
		    "ask for less with --days, or replace it with \"leap cert ca --rotate --client\"");
	request->days = days;
	request->key_type = settings.key_type;
	return NULL;
}

/* Why it has to be made; NULL in *why when there is a good one.  The caller's, free(). */
NODISCARD
static struct err *
find_reason(char **why, const struct context *context, const char *name, const struct cert_request *request,
    const struct buf *ca, int64_t now)
{
	char			*key_path = client_path(name, ".key"), *cert_path = client_path(name, ".crt");
	struct buf		 pem = { 0 };
	struct cert_info	 info = { 0 };
	json_t			*revoked = NULL;
	struct err		*e = NULL;

	*why = NULL;
	if (opt_get(context, "--force") != NULL)
		*why = xstrdup("as asked");
	else if (!repo_has(context->repo, cert_path) || !vault_has(context->repo, key_path))
		*why = xstrdup("there was none");
	else if ((e = repo_read(context->repo, cert_path, &pem)) == NULL &&
	    (*why = cert_stale(&pem, NULL, request, ca, renew_days(request->days), now)) == NULL &&
	    (e = cert_info_read(&info, &pem)) == NULL && (e = revoked_read(&revoked, context->repo)) == NULL &&
	    revoked_has(revoked, info.serial))
		*why = xstrdup("was revoked");
	json_decref(revoked);
	cert_info_fini(&info);
	buf_fini(&pem);
	free(key_path);
	free(cert_path);
	return e;
}

NODISCARD
static struct err *
make_client(const struct repo *repo, const char *name, const struct cert_request *request, const struct buf *ca,
    int64_t now)
{
	char		*key_path = client_path(name, ".key"), *cert_path = client_path(name, ".crt");
	struct buf	 ca_key = { .secret = true }, key = { .secret = true }, cert = { 0 };
	struct err	*e;

	if ((e = ca_read_key(repo, AUTHORITY_CLIENTS, CA_NOW, &ca_key)) == NULL &&
	    (e = cert_issue(&key, &cert, request, &ca_key, ca, now)) == NULL) {
		struct vault_item pair[] = {
			{ .path = key_path, .data = key.data, .len = key.len },
			{ .path = cert_path, .data = cert.data, .len = cert.len, .plain = true },
		};

		e = vault_write_all(repo, pair, ARRAY_LEN(pair));
	}
	buf_fini(&ca_key);
	buf_fini(&key);
	buf_fini(&cert);
	free(key_path);
	free(cert_path);
	return e;
}

static struct err *
cert_client_run(struct context *context)
{
	const char		*name = context->args[0];
	struct strs		 none = { 0 };
	struct cert_request	 request = {
		.dns_names = &none, .addresses = &none, .client = true, .common_name = name,
	};
	struct buf		 ca = { 0 };
	char			*why = NULL;
	int64_t			 now = (int64_t)time(NULL);
	struct err		*e;

	if ((e = client_name_check(name)) != NULL ||
	    (e = ca_read_cert(context->repo, AUTHORITY_CLIENTS, CA_NOW, &ca)) != NULL ||
	    (e = read_request(&request, context, &ca, now)) != NULL ||
	    (e = find_reason(&why, context, name, &request, &ca, now)) != NULL)
		goto out;
	if (why == NULL)
		note("%s: the certificate is good\n", name);
	else if ((e = make_client(context->repo, name, &request, &ca, now)) == NULL)
		note("%s: made a client certificate for %u days: %s\nhand it over with: leap cert export %s -o FILE\n", name,
		    request.days, why, name);
out:
	free(why);
	buf_fini(&ca);
	return e;
}

/* Only of what our own CAs sign. */
NODISCARD
static struct err *
revocable(const struct cert_row *row, enum authority *authority)
{
	if (strcmp(row->what, "node") == 0)
		*authority = AUTHORITY_SERVERS;
	else if (strcmp(row->what, "client") == 0)
		*authority = AUTHORITY_CLIENTS;
	else
		return err_new(ERR_USAGE, "%s: only certificates of nodes and clients can be revoked here", row->path);
	return NULL;
}

/* Which nodes have to be told: those that have the lists, of clients where a client is meant. */
NODISCARD
static struct err *
say_who_learns(struct context *context, enum authority authority)
{
	struct node	**nodes;
	size_t		  count = config_nodes(context->config, &nodes);
	struct buf	  names = { 0 };
	struct err	 *e = NULL;
	bool		  wants = false, clients = true;

	for (size_t i = 0; e == NULL && i < count; i++) {
		if (!nodes[i]->enabled)
			continue;
		e = certs_crl_wanted(&wants, nodes[i]);
		if (e == NULL && authority == AUTHORITY_CLIENTS)
			e = certs_clients_wanted(&clients, nodes[i]);
		if (e == NULL && wants && clients)
			buf_addf(&names, " %s", nodes[i]->name);
	}
	if (e == NULL && names.len > 0)
		note("who refuses it from then on: leap deploy%s\n", buf_text(&names));
	else if (e == NULL)
		note("no node has the list, so that nobody refuses it: see x509.crl%s\n",
		    authority == AUTHORITY_CLIENTS ? " and x509.client_ca" : "");
	buf_fini(&names);
	return e;
}

static struct err *
cert_revoke_run(struct context *context)
{
	struct cert_list	 list = { 0 };
	const struct cert_row	*row;
	enum authority		 authority = AUTHORITY_SERVERS;
	struct buf		 pem = { 0 };
	char			*question = NULL;
	bool			 yes = context->yes;
	unsigned		 made = 0;
	int64_t			 now = (int64_t)time(NULL);
	struct err		*e;

	if ((e = cert_list_read(&list, context->repo, context->config)) != NULL ||
	    (e = cert_list_find(&list, context->args[0], &row)) != NULL)
		goto out;
	if (str_starts(row->path, "files/cert/")) {
		e = acme_revoke_cert(context, row->name, context->yes);
		goto out;
	}
	if ((e = revocable(row, &authority)) != NULL ||
	    (e = repo_read(context->repo, row->path, &pem)) != NULL)
		goto out;
	question = xasprintf("revoke the certificate of %s %s, %s, for good?", row->what, row->name, row->path);
	if ((!yes && (e = ask_yes(&yes, "say --yes to revoke it without a question", question)) != NULL) || !yes ||
	    (e = revoked_add(context->repo, authority, row->name, &pem, now)) != NULL ||
	    (e = crls_update(context->repo, false, false, now, say_note, &made)) != NULL)
		goto out;
	note("%s: the certificate is revoked%s\n", row->name,
	    authority == AUTHORITY_SERVERS ? "; the next deploy makes a new one" : "");
	e = say_who_learns(context, authority);
out:
	free(question);
	buf_fini(&pem);
	cert_list_fini(&list);
	return e;
}

static const struct opt cert_client_opts[] = {
	{ 0, "--days", "DAYS", "that it lasts, in the place of provider.ca.client_certificates.life_span" },
	{ 'f', "--force", NULL, "make a new one even where there is a good one" },
	{ 0 },
};

const struct cmd cmd_cert_client = {
	.name = "cert client",
	.args = "NAME",
	.summary = "make a client's certificate",
	.details = "Signed by the client CA, for whoever connects to nodes.  \"leap cert export\" hands it over.",
	.opts = cert_client_opts,
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = 1,
	.run = cert_client_run,
};

const struct cmd cmd_cert_revoke = {
	.name = "cert revoke",
	.args = "NAME",
	.summary = "revoke the certificate of a node, client or domain",
	.details = "The CA of \"leap cert register\" revokes that of a domain.  Any other goes on record in\n"
	    "files/ca/revoked.json and into the CA's revocation list, files/ca/*.crl.  A node's certificate is made anew\n"
	    "by the next deploy.",
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = 1,
	.run = cert_revoke_run,
};
