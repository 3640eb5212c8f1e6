/* cert: the nodes' certificates, which several commands bring up to date. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/certs.h"

#include "base/json.h"
#include "base/parallel.h"
#include "cert/authority.h"
#include "cert/certs_memo.h"
#include "cert/revoked.h"
#include "config/config.h"
#include "config/filter.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <time.h>

#define DAY	((int64_t)24 * 60 * 60)
#define TOGETHER	256u	/* certificates that are made on all cores, and written in one go */

/* One run over some nodes.  The CA's private key is read when the first certificate has to be signed. */
struct run {
	const struct repo	*repo;
	struct config		*config;
	cert_say		*say;
	enum { RUN_UPDATE, RUN_RENEW, RUN_LOOK } mode;
	int64_t			 now;
	struct buf		 ca_cert;
	struct issuer		*ca;		/* NULL until then */
	unsigned		 ca_days;	/* that the CA lasts */
	struct certs_limits	 limits;
	json_t			*revoked;
	struct certs_memo	*memo;
	bool			 crls;		/* a node wants revocation lists */
	struct item		**due;
	size_t			 due_count;
	const struct vault_item	*with;		/* what is written together with all of them, or not at all */
	size_t			 with_count;
	unsigned		 made;
};

/* A node's certificate. */
struct item {
	struct node		*node;
	char			*key_path, *cert_path;
	struct certs_names	 names;
	struct cert_request	 request;
	char			*why;		/* it has to be made anew; NULL: it has not */
	struct buf		 key, cert;	/* what was made, */
	struct err		*failure;	/* or why it could not be */
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

static void
item_free(struct item *item)
{
	free(item->key_path);
	free(item->cert_path);
	certs_names_fini(&item->names);
	free(item->why);
	buf_fini(&item->key);
	buf_fini(&item->cert);
	err_free(item->failure);
	free(item);
}

static void
issue(void *context, size_t i)
{
	struct run	*run = context;
	struct item	*item = run->due[i];

	item->failure = issuer_sign(run->ca, &item->key, &item->cert, &item->request, run->now);
}

/* Add each key and its certificate that could be made; says whether that were all. */
static bool
collect(const struct run *run, struct vault_item *files, size_t *count)
{
	size_t start = *count;

	for (size_t i = 0; i < run->due_count; i++) {
		const struct item *item = run->due[i];

		if (item->failure != NULL)
			continue;
		files[(*count)++] = (struct vault_item){ .env = item->node->environment, .path = item->key_path,
		    .data = item->key.data, .len = item->key.len };
		files[(*count)++] = (struct vault_item){ .path = item->cert_path, .data = item->cert.data,
		    .len = item->cert.len, .plain = true };
	}
	return *count - start == 2 * run->due_count;
}

/* Each key with its certificate, all or none. */
NODISCARD
static struct err *
write_due(struct run *run)
{
	struct vault_item	*files = xcalloc(2 * run->due_count + run->with_count + 1, sizeof(*files));
	size_t			 count = 0;
	struct err		*e = NULL;

	while (count < run->with_count) {
		files[count] = run->with[count];
		count++;
	}
	if (!collect(run, files, &count) && run->with != NULL)
		goto out;
	if ((e = vault_write_all(run->repo, files, count)) != NULL)
		goto out;
	for (size_t i = 0; i < run->due_count; i++) {
		const struct item *item = run->due[i];

		if (item->failure == NULL)
			say_line(run->say, "%s: made a certificate for %u days: %s", item->node->name, item->request.days,
			    item->why);
	}
	run->made += (unsigned)((count - run->with_count) / 2);
out:
	free(files);
	return e;
}

NODISCARD
static struct err *
open_issuer(struct run *run)
{
	struct buf	 key = { .secret = true };
	struct err	*e = ca_read_key(run->repo, AUTHORITY_SERVERS, CA_NOW, &key);

	if (e == NULL)
		e = issuer_new(&run->ca, &key, &run->ca_cert);
	buf_fini(&key);
	return e;
}

/* Make those that are due; not where others, that they belong with, cannot be (`fine` is false). */
NODISCARD
static struct err *
make_due(struct run *run, bool fine)
{
	struct err	*e = NULL;

	fine = fine || run->with == NULL;
	if (fine && run->due_count > 0 && run->ca == NULL)
		e = open_issuer(run);
	if (fine && e == NULL) {
		parallel_each(run->due_count, 1, issue, run);
		e = write_due(run);
	}
	for (size_t i = 0; i < run->due_count; i++) {
		struct item *item = run->due[i];

		if (item->failure != NULL)
			e = err_join(e, err_context(item->failure, "%s: certificate", item->node->name));
		item->failure = NULL;
		item_free(item);
	}
	free(run->due);
	run->due = NULL;
	run->due_count = 0;
	return e;
}

/* Say what would be made anew.  Without a certificate and its key the recipes cannot go on. */
NODISCARD
static struct err *
look_at(const struct run *run, const struct item *item)
{
	if (!repo_has(run->repo, item->cert_path) || !vault_has(run->repo, item->key_path))
		return err_hint(err_new(ERR_TRUST, "%s: its certificate, %s, or the key of it is missing",
		    item->node->name, item->cert_path), "leap cert update %s", item->node->name);
	say_line(run->say, "%s: a deploy makes a new certificate: %s", item->node->name, item->why);
	return NULL;
}

/* What it should be.  It never outlives its CA: in the CA's last days it lasts as long as that does. */
NODISCARD
static struct err *
item_fill(struct item *item, struct node *node, struct run *run)
{
	struct leaf_settings	 settings = { 0 };
	struct err		*e;

	item->node = node;
	item->key_path = xasprintf("files/nodes/%s/%s.key", node->name, node->name);
	item->cert_path = xasprintf("files/nodes/%s/%s.crt", node->name, node->name);
	item->key.secret = true;
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
	struct item	*item = xcalloc(1, sizeof(*item));
	struct err	*e;

	if ((e = item_fill(item, node, run)) == NULL && (e = find_reason(&item->why, run, item)) == NULL &&
	    item->why != NULL) {
		if (run->mode != RUN_LOOK) {
			run->due = xrealloc(run->due, run->due_count + 1, sizeof(struct item *));
			run->due[run->due_count++] = item;
			return run->due_count == TOGETHER && run->with == NULL ? make_due(run, true) : NULL;
		}
		e = look_at(run, item);
	}
	item_free(item);
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
	return err_join(e, make_due(run, e == NULL));
}

NODISCARD
static struct err *
certs_run(struct run run, const struct node_list *nodes, unsigned *made)
{
	struct err *e;

	run.now = (int64_t)time(NULL);
	if ((e = open_ca(&run)) == NULL) {
		open_memo(&run);
		e = update_all(&run, nodes);
		certs_memo_close(run.memo);
	}
	if (e == NULL)
		e = crls_update(run.repo, run.crls, run.mode == RUN_LOOK, run.now, run.say, &run.made);
	if (made != NULL)
		*made = run.made;
	buf_fini(&run.ca_cert);
	issuer_free(run.ca);
	certs_limits_fini(&run.limits);
	json_decref(run.revoked);
	return e;
}

struct err *
certs_update(const struct repo *repo, struct config *config, const struct node_list *nodes, cert_say *say, unsigned *made)
{
	return certs_run((struct run){ .repo = repo, .config = config, .say = say, .mode = RUN_UPDATE }, nodes, made);
}

struct err *
certs_renew(const struct repo *repo, struct config *config, const struct node_list *nodes, const struct vault_item *with,
    size_t with_count, cert_say *say, unsigned *made)
{
	return certs_run((struct run){ .repo = repo, .config = config, .say = say, .mode = RUN_RENEW, .with = with,
	    .with_count = with_count }, nodes, made);
}

struct err *
certs_look(const struct repo *repo, struct config *config, const struct node_list *nodes, cert_say *say)
{
	return certs_run((struct run){ .repo = repo, .config = config, .say = say, .mode = RUN_LOOK }, nodes, NULL);
}
