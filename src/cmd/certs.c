/* cmd: the nodes' certificates, which several commands bring up to date. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/certs.h"

#include "cmd/certs_memo.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "config/filter.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY		((int64_t)24 * 60 * 60)
#define CERT_DAYS	365u

/* One run over some nodes.  The CA's private key is read when the first certificate has to be signed. */
struct run {
	const struct repo	*repo;
	enum { RUN_UPDATE, RUN_RENEW, RUN_LOOK } mode;
	int64_t			 now;
	struct buf		 ca_cert, ca_key;
	struct certs_memo	*memo;
	unsigned		 days;		/* that a new certificate lasts */
	unsigned		 made;
};

void
certs_names_fini(struct certs_names *names)
{
	strs_fini(&names->dns);
	strs_fini(&names->addresses);
}

bool
certs_have_ca(const struct repo *repo)
{
	return repo_has(repo, CA_CERT_PATH) && vault_has(repo, CA_KEY_PATH);
}

/* A certificate never outlives its CA: in the CA's last year they last as long as it does. */
NODISCARD
static struct err *
open_ca(struct run *run)
{
	int64_t		 end = 0, left;
	struct err	*e;

	if (!repo_has(run->repo, CA_CERT_PATH))
		return err_hint(err_new(ERR_TRUST, "no certificate can be signed: there is no CA, " CA_CERT_PATH),
		    "make one with \"leap cert ca\"");
	if ((e = repo_read(run->repo, CA_CERT_PATH, &run->ca_cert)) != NULL ||
	    (e = cert_describe(&run->ca_cert, &end, NULL, NULL)) != NULL)
		return err_context(e, CA_CERT_PATH);
	left = (end - run->now) / DAY;
	if (left < 1)
		return err_hint(err_new(ERR_TRUST, "the CA, " CA_CERT_PATH ", has expired"),
		    "move files/ca away and make a new one with \"leap cert ca\"");
	run->days = left < CERT_DAYS ? (unsigned)left : CERT_DAYS;
	return NULL;
}

NODISCARD
static struct err *
read_ca_key(struct run *run)
{
	if (run->ca_key.len > 0)
		return NULL;
	if (!vault_has(run->repo, CA_KEY_PATH))
		return err_hint(err_new(ERR_TRUST, "no certificate can be signed: the CA's private key, " CA_KEY_PATH
		    ", is not here"), "it is never in git: copy it from where \"leap cert ca\" was run");
	return vault_read(run->repo, CA_KEY_PATH, &run->ca_key);
}

/* Add a name that is the node's property, or in that. */
NODISCARD
static struct err *
add_name(struct strs *list, const char *name, struct node *node, const char *property)
{
	struct place place = { 0 };

	if (!cert_name_valid(name)) {
		(void)node_place(node, property, &place);
		return err_hint(err_at(ERR_CONFIG, &place, "\"%s\" is no domain name that a certificate can have", name),
		    "use letters, digits and hyphens between the dots");
	}
	if (!strs_has(list, name))
		strs_add(list, name);
	return NULL;
}

/* Add the name that a property is; it may be missing or null. */
NODISCARD
static struct err *
add_name_of(struct strs *list, struct node *node, const char *property)
{
	const char	*text = NULL;
	struct err	*e = node_text(node, property, &text);

	return e != NULL || text == NULL ? e : add_name(list, text, node, property);
}

/* Add a property that may be missing or null. */
NODISCARD
static struct err *
add_text(struct strs *list, struct node *node, const char *property)
{
	const char	*text = NULL;
	struct err	*e = node_text(node, property, &text);

	if (e == NULL && text != NULL && !strs_has(list, text))
		strs_add(list, text);
	return e;
}

NODISCARD
static struct err *
add_aliases(struct strs *list, struct node *node)
{
	struct place	 place = { 0 };
	json_t		*aliases = NULL;
	const json_t	*alias;
	size_t		 i;
	struct err	*e = node_find(node, "dns.aliases", &aliases);

	json_array_foreach(aliases, i, alias) {
		if (!json_is_string(alias)) {
			(void)node_place(node, "dns.aliases", &place);
			return err_at(ERR_CONFIG, &place, "dns.aliases must be a list of names");
		}
		if ((e = add_name(list, json_string_value(alias), node, "dns.aliases")) != NULL)
			return e;
	}
	return e;
}

struct err *
certs_names_read(struct certs_names *out, struct node *node)
{
	struct err *e;

	if ((e = add_name_of(&out->dns, node, "domain.full")) != NULL)
		return e;
	if (out->dns.count == 0)
		return err_hint(err_new(ERR_CONFIG, "%s: no name for its certificate: domain.full is not set", node->name),
		    "see domain in leap-config(5)");
	if ((e = add_name_of(&out->dns, node, "domain.internal")) != NULL ||
	    (e = add_aliases(&out->dns, node)) != NULL)
		return e;
	return add_text(&out->addresses, node, "ip_address");
}

/* Why a node's certificate has to be made; NULL in *why when it has not.  The caller's, free(). */
NODISCARD
static struct err *
find_reason(char **why, const struct run *run, const struct certs_memo_entry *entry)
{
	const char	*key_path = entry->key_path, *cert_path = entry->cert_path;
	struct buf	 key = { .secret = true }, cert = { 0 };
	unsigned	 renew = run->days > CERTS_RENEW_DAYS ? CERTS_RENEW_DAYS : 1;
	int64_t		 end;
	char		*stale = NULL;
	struct err	*e = NULL;

	*why = NULL;
	if (run->mode == RUN_RENEW)
		*why = xstrdup("as asked");
	else if (!repo_has(run->repo, cert_path))
		*why = xstrdup("it had none");
	else if (!vault_has(run->repo, key_path))
		*why = xstrdup("the private key of its old one is missing");
	else if (!certs_memo_has(run->memo, entry, run->now + renew * DAY) &&
	    (e = repo_read(run->repo, cert_path, &cert)) == NULL &&
	    (e = vault_read(run->repo, key_path, &key)) == NULL &&
	    (stale = cert_stale(&cert, &key, entry->request, &run->ca_cert, renew, run->now)) == NULL &&
	    (e = cert_describe(&cert, &end, NULL, NULL)) == NULL)
		certs_memo_add(run->memo, entry, end);
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
make_cert(struct run *run, const char *key_path, const char *cert_path, const struct cert_request *request)
{
	struct buf	 key = { .secret = true }, cert = { 0 };
	struct err	*e;

	if ((e = read_ca_key(run)) != NULL ||
	    (e = cert_issue(&key, &cert, request, &run->ca_key, &run->ca_cert, run->now)) != NULL ||
	    (e = vault_write(run->repo, key_path, key.data, key.len)) != NULL ||
	    (e = repo_write(run->repo, cert_path, cert.data, cert.len, 0644, NULL)) != NULL)
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
look_at(const struct run *run, const struct node *node, const char *key_path, const char *cert_path, const char *why)
{
	if (!repo_has(run->repo, cert_path) || !vault_has(run->repo, key_path))
		return err_hint(err_new(ERR_TRUST, "%s: its certificate, %s, or the key of it is missing", node->name,
		    cert_path), "leap cert update %s", node->name);
	note("%s: a deploy makes a new certificate: %s\n", node->name, why);
	return NULL;
}

NODISCARD
static struct err *
update_node(struct run *run, struct node *node)
{
	struct certs_names names = { 0 };
	struct cert_request request = { &names.dns, &names.addresses, run->days, true, true };
	char		*key_path = xasprintf("files/nodes/%s/%s.key", node->name, node->name);
	char		*cert_path = xasprintf("files/nodes/%s/%s.crt", node->name, node->name);
	struct certs_memo_entry entry = { node->name, cert_path, key_path, &request };
	char		*why = NULL;
	struct err	*e;

	if ((e = certs_names_read(&names, node)) != NULL || (e = find_reason(&why, run, &entry)) != NULL)
		goto out;
	if (why != NULL && run->mode == RUN_LOOK)
		e = look_at(run, node, key_path, cert_path, why);
	else if (why != NULL && (e = make_cert(run, key_path, cert_path, &request)) != NULL)
		e = err_context(e, "%s: certificate", node->name);
	else if (why != NULL)
		note("%s: made a certificate for %u days: %s\n", node->name, run->days, why);
out:
	free(why);
	free(cert_path);
	free(key_path);
	certs_names_fini(&names);
	return e;
}

/* On unless it says otherwise. */
struct err *
certs_wanted(bool *wants, struct node *node)
{
	json_t		*use;
	struct err	*e = node_find(node, "x509.use", &use);

	*wants = !json_is_false(use);
	return e;
}

/* Mistakes in the configuration of one node do not hide those of the next; without trust all stops. */
NODISCARD
static struct err *
update_all(struct run *run, const struct node_list *nodes)
{
	struct err	*e = NULL, *one;
	bool		 wants = false;

	for (size_t i = 0; i < nodes->count; i++) {
		one = certs_wanted(&wants, nodes->items[i]);
		if (one == NULL && wants)
			one = update_node(run, nodes->items[i]);
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
	struct err	*e;

	run.now = (int64_t)time(NULL);
	run.ca_key.secret = true;
	if ((e = open_ca(&run)) == NULL) {
		run.memo = certs_memo_open(run.repo, &run.ca_cert);
		e = update_all(&run, nodes);
		certs_memo_close(run.memo);
	}
	if (made != NULL)
		*made = run.made;
	buf_fini(&run.ca_cert);
	buf_fini(&run.ca_key);
	return e;
}

struct err *
certs_update(struct context *context, const struct node_list *nodes, unsigned *made)
{
	return certs_run((struct run){ .repo = context->repo, .mode = RUN_UPDATE }, nodes, made);
}

struct err *
certs_renew(struct context *context, const struct node_list *nodes, unsigned *made)
{
	return certs_run((struct run){ .repo = context->repo, .mode = RUN_RENEW }, nodes, made);
}

struct err *
certs_look(struct context *context, const struct node_list *nodes)
{
	return certs_run((struct run){ .repo = context->repo, .mode = RUN_LOOK }, nodes, NULL);
}
