/* cert: leap check: what is wrong with certificates, or will be before long. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/certs.h"

#include "base/buf.h"
#include "base/err.h"
#include "cert/authority.h"
#include "config/config.h"
#include "config/filter.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY	((int64_t)24 * 60 * 60)
#define CA_DAYS	180u		/* so long before its end a CA is spoken of: clients learn slowly */
#define EXPIRED_HINT	"move files/ca away and make a new one with \"leap cert ca\""
#define EXPIRING_HINT	"replace it in time with \"leap cert ca --rotate\""

/* A certificate, as its file and the node's properties have it. */
struct item {
	const char		*node;
	char			*path;
	struct buf		 cert, key;	/* no key: it is not here */
	struct certs_names	 names;
	struct cert_request	 request;	/* its lists are those of names */
	struct err		*e;		/* what is wrong */
};

/* The thread has `ca` and the items; all that talks to the repo, vault and configuration is done before. */
struct certs_check {
	struct buf	 ca;
	struct certs_limits limits;
	struct item	*items;
	size_t		 count;
	int64_t		 now;
	struct err	*errors;	/* of what else was looked at */
	pthread_t	 thread;
	bool		 threaded;
};

static struct err *
problem(const char *rule, const char *path, char *take_hint, char *take_text)
{
	struct place	 place = { .path = path };
	struct err	*e = err_rule(err_hint(err_at(ERR_TRUST, &place, "%s", take_text), "%s", take_hint), rule);

	free(take_hint);
	free(take_text);
	return e;
}

static char *
update_hint(const char *node)
{
	return xasprintf("a deploy makes one, and so does \"leap cert update %s\"", node);
}

/* When it ends. */
NODISCARD
static struct err *
describe(const char *path, const struct buf *pem, int64_t *end)
{
	struct place	 place = { .path = path };
	struct err	*e = cert_describe(pem, end, NULL, NULL);

	return e == NULL ? NULL : err_rule(err_moved(e, &place, "%s", err_message(e)), "bad-certificate");
}

/* *good says whether certificates can be held against it; `pem` is its own. */
NODISCARD
static struct err *
check_ca(const struct certs_check *check, const struct repo *repo, const char *path, struct buf *pem, bool *good)
{
	int64_t		 end = 0;
	struct err	*e;

	if ((e = repo_read(repo, path, pem)) == NULL && (e = describe(path, pem, &end)) == NULL && end <= check->now)
		e = problem("expired-ca", path, xstrdup(EXPIRED_HINT), xstrdup("this CA has expired"));
	*good = e == NULL;
	if (e == NULL && end < check->now + CA_DAYS * DAY)
		e = err_warning(problem("expiring-ca", path, xstrdup(EXPIRING_HINT),
		    xasprintf("this CA expires in %d days", days_left(end, check->now))));
	return e;
}

static void
item_check(struct item *item, const struct certs_check *check)
{
	int64_t	 end = 0;
	char	*why;

	item->request.dns_names = &item->names.dns;
	item->request.addresses = &item->names.addresses;
	why = cert_stale(&item->cert, item->key.len > 0 ? &item->key : NULL, &item->request, &check->ca,
	    renew_days(item->request.days), check->now);
	if (why == NULL || (item->e = describe(item->path, &item->cert, &end)) != NULL)
		;
	else if (end <= check->now)
		item->e = problem("expired-certificate", item->path, update_hint(item->node),
		    xasprintf("the certificate of node %s has expired", item->node));
	else
		item->e = err_warning(problem("stale-certificate", item->path, update_hint(item->node),
		    xasprintf("the certificate of node %s %s", item->node, why)));
	free(why);
}

static void *
check_items(void *arg)
{
	struct certs_check *check = arg;

	for (size_t i = 0; i < check->count; i++)
		item_check(&check->items[i], check);
	return NULL;
}

/* What the node's configuration says that the certificate should be. */
NODISCARD
static struct err *
read_wishes(struct item *item, const struct certs_check *check, const struct repo *repo, struct node *node)
{
	struct leaf_settings	 settings = { 0 };
	struct err		*e = leaf_settings_read(&settings, node->config, node->environment, AUTHORITY_SERVERS);

	if (e != NULL)
		return e;
	item->request = (struct cert_request){
		.days = settings.days, .key_type = settings.key_type, .server = true, .client = true,
	};
	return certs_names_read(&item->names, node, repo, &check->limits, settings.addresses);
}

/* Read what there is of a node; what is wrong before any certificate is looked at. */
NODISCARD
static struct err *
read_node(struct certs_check *check, const struct repo *repo, struct node *node, bool keys)
{
	char		*key_path = xasprintf("files/nodes/%s/%s.key", node->name, node->name);
	char		*own = xasprintf("nodes/%s.json", node->name);
	struct item	 item = { .node = node->name, .key.secret = true };
	bool		 keyed = vault_has(repo, key_path);
	struct err	*e = NULL;

	item.path = xasprintf("files/nodes/%s/%s.crt", node->name, node->name);
	if (!repo_has(repo, item.path))
		e = err_warning(problem("missing-certificate", own, update_hint(node->name),
		    xasprintf("node %s has no certificate yet", node->name)));
	else if (keys && !keyed)
		e = err_warning(problem("missing-key", item.path, update_hint(node->name),
		    xasprintf("the private key of node %s's certificate is missing", node->name)));
	if (e == NULL && (e = repo_read(repo, item.path, &item.cert)) == NULL &&
	    (e = read_wishes(&item, check, repo, node)) != NULL) {
		if (err_rule_name(e) == NULL || strcmp(err_rule_name(e), RULE_OUTSIDE_CA) != 0) {
			err_free(e);		/* its configuration is wrong, which is said elsewhere */
			e = NULL;
		}
	} else if (e == NULL) {
		check->items[check->count++] = item;
		item = (struct item){ 0 };
	}
	free(item.path);
	certs_names_fini(&item.names);
	buf_fini(&item.cert);
	buf_fini(&item.key);
	free(key_path);
	free(own);
	return e;
}

/* Whether this is where the private keys are kept. */
static bool
has_keys(const struct repo *repo, const struct node_list *nodes)
{
	bool found = vault_has(repo, CA_KEY_PATH);

	for (size_t i = 0; !found && i < nodes->count; i++) {
		char *path = xasprintf("files/nodes/%s/%s.key", nodes->items[i]->name, nodes->items[i]->name);

		found = vault_has(repo, path);
		free(path);
	}
	return found;
}

static void
read_nodes(struct certs_check *check, const struct repo *repo, const struct node_list *nodes)
{
	bool		 good = false, known = false, wanted, keys = has_keys(repo, nodes);
	struct err	*e;

	for (size_t i = 0; i < nodes->count; i++) {
		if ((e = certs_wanted(&wanted, nodes->items[i])) != NULL || !wanted) {
			err_free(e);
			continue;
		}
		if (!known && repo_has(repo, CA_CERT_PATH))
			e = check_ca(check, repo, CA_CERT_PATH, &check->ca, &good);
		if (!known && good)
			e = err_join(e, certs_limits_read(&check->limits, &check->ca));
		else if (!known)
			e = problem("missing-ca", CA_CERT_PATH, xstrdup("make one with \"leap cert ca\""),
			    xstrdup("there is no CA to sign certificates"));
		known = true;
		if (good)
			e = err_join(e, read_node(check, repo, nodes->items[i], keys));
		check->errors = err_join(e, check->errors);
	}
}

struct certs_check *
certs_check_start(const struct repo *repo, const struct node_list *nodes)
{
	struct certs_check	*check = xcalloc(1, sizeof(*check));
	struct buf		 client = { 0 };
	bool			 good;

	check->now = (int64_t)time(NULL);
	check->items = xcalloc(nodes->count, sizeof(*check->items));
	if (repo_has(repo, CLIENT_CA_CERT_PATH))
		check->errors = check_ca(check, repo, CLIENT_CA_CERT_PATH, &client, &good);
	read_nodes(check, repo, nodes);
	check->threaded = pthread_create(&check->thread, NULL, check_items, check) == 0;
	buf_fini(&client);
	return check;
}

struct err *
certs_check_end(struct certs_check *take_check)
{
	struct err *e = take_check->errors;

	if (take_check->threaded)
		pthread_join(take_check->thread, NULL);
	else
		check_items(take_check);
	for (size_t i = 0; i < take_check->count; i++) {
		struct item *item = &take_check->items[i];

		e = err_join(item->e, e);
		free(item->path);
		certs_names_fini(&item->names);
		buf_fini(&item->cert);
		buf_fini(&item->key);
	}
	free(take_check->items);
	buf_fini(&take_check->ca);
	certs_limits_fini(&take_check->limits);
	free(take_check);
	return e;
}
