/* cmd: the nodes' certificates, which several commands bring up to date. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/certs.h"

#include "base/json.h"
#include "cmd/authority.h"
#include "cmd/certs_memo.h"
#include "cmd/cmd.h"
#include "cmd/revoked.h"
#include "config/config.h"
#include "config/filter.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <time.h>

#define DAY	((int64_t)24 * 60 * 60)

/* One run over some nodes.  The CA's private key is read when the first certificate has to be signed. */
struct run {
	const struct repo	*repo;
	struct config		*config;
	enum { RUN_UPDATE, RUN_RENEW, RUN_LOOK } mode;
	int64_t			 now;
	struct buf		 ca_cert, ca_key;
	unsigned		 ca_days;	/* that the CA lasts */
	struct certs_limits	 limits;
	json_t			*revoked;
	struct certs_memo	*memo;
	bool			 crls;		/* a node wants revocation lists */
	unsigned		 made;
};

/* A node's certificate. */
struct item {
	struct node		*node;
	char			*key_path, *cert_path;
	struct certs_names	 names;
	struct cert_request	 request;
};

bool
certs_have_ca(const struct repo *repo)
{
	return ca_can_sign(repo, AUTHORITY_SERVERS, CA_NOW);
}

NODISCARD
static struct err *
open_ca(struct run *run)
{
	int64_t		 end = 0;
	int		 left;
	struct err	*e;

	if ((e = ca_read_cert(run->repo, AUTHORITY_SERVERS, CA_NOW, &run->ca_cert)) != NULL)
		return e;
	if ((e = cert_describe(&run->ca_cert, &end, NULL, NULL)) != NULL ||
	    (e = certs_limits_read(&run->limits, &run->ca_cert)) != NULL)
		return err_context(e, CA_CERT_PATH);
	if ((left = days_left(end, run->now)) < 1)
		return err_hint(err_new(ERR_TRUST, "the CA, " CA_CERT_PATH ", has expired"),
		    "move files/ca away and make a new one with \"leap cert ca\"");
	run->ca_days = (unsigned)left;
	return revoked_read(&run->revoked, run->repo);
}

/* What was found good is so as long as neither the CA nor what is revoked changes. */
static void
open_memo(struct run *run)
{
	struct buf seal = { 0 };

	buf_add(&seal, run->ca_cert.data, run->ca_cert.len);
	json_canonical(run->revoked, &seal);
	run->memo = certs_memo_open(run->repo, &seal);
	buf_fini(&seal);
}

NODISCARD
static struct err *
find_revoked(char **why, const struct run *run, const struct buf *cert, int64_t *ends)
{
	struct cert_info	 info = { 0 };
	struct err		*e = cert_info_read(&info, cert);

	if (e == NULL && revoked_has(run->revoked, info.serial))
		*why = xstrdup("was revoked");
	*ends = info.ends;
	cert_info_fini(&info);
	return e;
}

/* Why a node's certificate has to be made; NULL in *why when it has not.  The caller's, free(). */
NODISCARD
static struct err *
find_reason(char **why, const struct run *run, const struct item *item)
{
	const struct certs_memo_entry entry = {
		item->node->name, item->node->environment, item->cert_path, item->key_path, &item->request,
	};
	unsigned	 renew = renew_days(item->request.days);
	struct buf	 key = { .secret = true }, cert = { 0 };
	int64_t		 ends = 0;
	char		*stale = NULL;
	struct err	*e = NULL;

	*why = NULL;
	if (run->mode == RUN_RENEW)
		*why = xstrdup("as asked");
	else if (!repo_has(run->repo, item->cert_path))
		*why = xstrdup("it had none");
	else if (!vault_has(run->repo, item->key_path))
		*why = xstrdup("the private key of its old one is missing");
	else if (!certs_memo_has(run->memo, &entry, run->now + renew * DAY) &&
	    (e = repo_read(run->repo, item->cert_path, &cert)) == NULL &&
	    (run->repo->read_only ||
	    (e = vault_read(run->repo, item->node->environment, item->key_path, &key)) == NULL) &&
	    (stale = cert_stale(&cert, key.len > 0 ? &key : NULL, &item->request, &run->ca_cert, renew,
	    run->now)) == NULL &&
	    (e = find_revoked(&stale, run, &cert, &ends)) == NULL && stale == NULL)
		certs_memo_add(run->memo, &entry, ends);
	if (stale != NULL)
		*why = xasprintf("its old one %s", stale);
	free(stale);
	buf_fini(&key);
	buf_fini(&cert);
	return e;
}

/* The key first: should we die between the two, cert_stale() sees that they do not belong together. */
NODISCARD
static struct err *
make_cert(struct run *run, const struct item *item)
{
	struct buf	 key = { .secret = true }, cert = { 0 };
	struct err	*e = NULL;

	if (run->ca_key.len == 0)
		e = ca_read_key(run->repo, AUTHORITY_SERVERS, CA_NOW, &run->ca_key);
	if (e != NULL ||
	    (e = cert_issue(&key, &cert, &item->request, &run->ca_key, &run->ca_cert, run->now)) != NULL ||
	    (e = vault_write(run->repo, item->node->environment, item->key_path, key.data, key.len)) != NULL ||
	    (e = repo_write(run->repo, item->cert_path, cert.data, cert.len, 0644, NULL)) != NULL)
		goto out;
	run->made++;
out:
	buf_fini(&key);
	buf_fini(&cert);
	return e;
}

/* Say what would be made anew.  Without a certificate and its key the recipes cannot go on. */
NODISCARD
static struct err *
look_at(const struct run *run, const struct item *item, const char *why)
{
	if (!repo_has(run->repo, item->cert_path) || !vault_has(run->repo, item->key_path))
		return err_hint(err_new(ERR_TRUST, "%s: its certificate, %s, or the key of it is missing",
		    item->node->name, item->cert_path), "leap cert update %s", item->node->name);
	note("%s: a deploy makes a new certificate: %s\n", item->node->name, why);
	return NULL;
}

/* What it should be.  It never outlives its CA: in the CA's last days it lasts as long as that does. */
NODISCARD
static struct err *
item_init(struct item *item, struct node *node, struct run *run)
{
	struct leaf_settings	 settings = { 0 };
	struct err		*e;

	*item = (struct item){
		.node = node,
		.key_path = xasprintf("files/nodes/%s/%s.key", node->name, node->name),
		.cert_path = xasprintf("files/nodes/%s/%s.crt", node->name, node->name),
	};
	if ((e = leaf_settings_read(&settings, run->config, node->environment, AUTHORITY_SERVERS)) != NULL)
		return e;
	item->request = (struct cert_request){
		.dns_names = &item->names.dns,
		.addresses = &item->names.addresses,
		.days = settings.days < run->ca_days ? settings.days : run->ca_days,
		.key_type = settings.key_type,
		.server = true,
		.client = true,
	};
	return certs_names_read(&item->names, node, run->repo, &run->limits, settings.addresses);
}

NODISCARD
static struct err *
update_node(struct run *run, struct node *node)
{
	struct item	 item;
	char		*why = NULL;
	struct err	*e;

	if ((e = item_init(&item, node, run)) != NULL || (e = find_reason(&why, run, &item)) != NULL)
		goto out;
	if (why != NULL && run->mode == RUN_LOOK)
		e = look_at(run, &item, why);
	else if (why != NULL && (e = make_cert(run, &item)) != NULL)
		e = err_context(e, "%s: certificate", node->name);
	else if (why != NULL)
		note("%s: made a certificate for %u days: %s\n", node->name, item.request.days, why);
out:
	free(why);
	free(item.cert_path);
	free(item.key_path);
	certs_names_fini(&item.names);
	return e;
}

NODISCARD
static struct err *
update_if_wanted(struct run *run, struct node *node)
{
	bool		 wants = false, crl = false;
	struct err	*e;

	if ((e = certs_wanted(&wants, node)) != NULL || !wants || (e = certs_crl_wanted(&crl, node)) != NULL)
		return e;
	run->crls = run->crls || crl;
	return update_node(run, node);
}

/* Mistakes in the configuration of one node do not hide those of the next; without trust all stops. */
NODISCARD
static struct err *
update_all(struct run *run, const struct node_list *nodes)
{
	struct err	*e = NULL, *one;

	for (size_t i = 0; i < nodes->count; i++) {
		one = update_if_wanted(run, nodes->items[i]);
		e = err_join(e, one);
		if (one != NULL && err_code(one) != ERR_CONFIG)
			break;
	}
	return e;
}

NODISCARD
static struct err *
certs_run(struct run run, const struct node_list *nodes, unsigned *made)
{
	struct err *e;

	run.now = (int64_t)time(NULL);
	run.ca_key.secret = true;
	if ((e = open_ca(&run)) == NULL) {
		open_memo(&run);
		e = update_all(&run, nodes);
		certs_memo_close(run.memo);
	}
	if (e == NULL)
		e = crls_update(run.repo, run.crls, run.mode == RUN_LOOK, run.now, &run.made);
	if (made != NULL)
		*made = run.made;
	buf_fini(&run.ca_cert);
	buf_fini(&run.ca_key);
	certs_limits_fini(&run.limits);
	json_decref(run.revoked);
	return e;
}

struct err *
certs_update(struct context *context, const struct node_list *nodes, unsigned *made)
{
	return certs_run((struct run){ .repo = context->repo, .config = context->config, .mode = RUN_UPDATE }, nodes,
	    made);
}

struct err *
certs_renew(struct context *context, const struct node_list *nodes, unsigned *made)
{
	return certs_run((struct run){ .repo = context->repo, .config = context->config, .mode = RUN_RENEW }, nodes,
	    made);
}

struct err *
certs_look(struct context *context, const struct node_list *nodes)
{
	return certs_run((struct run){ .repo = context->repo, .config = context->config, .mode = RUN_LOOK }, nodes,
	    NULL);
}
