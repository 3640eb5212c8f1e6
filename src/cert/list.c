/* cert: all of an instance that ends one day: CAs, certificates, revocation lists. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/list.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"
#include "cert/authority.h"
#include "cert/host_keys.h"
#include "cert/revoked.h"
#include "config/config.h"
#include "pki/ca.h"
#include "pki/crl.h"
#include "pki/ssh_ca.h"
#include "recipe/recipe.h"
#include "repo/repo.h"
#include "ssh/public_key.h"

#include <stdlib.h>
#include <string.h>

#define DAY		((int64_t)24 * 60 * 60)
#define CA_WINDOW	180u	/* days: those who trust a CA learn slowly of another one */

struct gather {
	struct cert_list	*list;
	const struct repo	*repo;
	json_t			*revoked;
	struct buf		 revoked_ssh;
};

static struct cert_row *
add_row(struct cert_list *list, const char *name, const char *what, const char *path)
{
	if (list->count == list->cap) {
		list->cap = list->cap == 0 ? 16 : 2 * list->cap;
		list->rows = xrealloc(list->rows, list->cap, sizeof(*list->rows));
	}
	list->rows[list->count] = (struct cert_row){ .name = xstrdup(name), .what = xstrdup(what),
	    .path = xstrdup(path) };
	return &list->rows[list->count++];
}

/* A certificate, if there is such a file.  `window` 0: what its own life says. */
NODISCARD
static struct err *
add_cert(struct gather *gather, const char *name, const char *what, const char *path, unsigned window)
{
	struct buf		 pem = { 0 }, fingerprint = { 0 };
	struct cert_info	 info = { 0 };
	struct cert_row		*row;
	struct err		*e;

	if (!repo_has(gather->repo, path))
		return NULL;
	if ((e = repo_read(gather->repo, path, &pem)) != NULL || (e = cert_info_read(&info, &pem)) != NULL ||
	    (e = cert_describe(&pem, NULL, &fingerprint, NULL)) != NULL) {
		e = err_context(e, "%s", path);
		goto out;
	}
	row = add_row(gather->list, name, what == NULL ? info.self_signed ? "stand-in" : "commercial" : what, path);
	row->key = xstrdup(info.key);
	row->fingerprint = buf_take(&fingerprint);
	row->ends = info.ends;
	row->window = window > 0 ? window : renew_days((unsigned)((info.ends - info.starts) / DAY));
	row->revoked = revoked_has(gather->revoked, info.serial);
out:
	cert_info_fini(&info);
	buf_fini(&fingerprint);
	buf_fini(&pem);
	return e;
}

NODISCARD
static struct err *
add_crl(struct gather *gather, const char *name, const char *path)
{
	struct buf	 pem = { 0 }, fingerprint = { 0 };
	struct cert_row	*row;
	int64_t		 ends = 0;
	struct err	*e;

	if (!repo_has(gather->repo, path))
		return NULL;
	if ((e = repo_read(gather->repo, path, &pem)) != NULL || (e = crl_ends(&pem, &ends)) != NULL ||
	    (e = crl_fingerprint(&pem, &fingerprint)) != NULL) {
		e = err_context(e, "%s", path);
		goto out;
	}
	row = add_row(gather->list, name, "revocations", path);
	row->key = xstrdup("");
	row->fingerprint = buf_take(&fingerprint);
	row->ends = ends;
	row->window = renew_days(CRL_DAYS);
	row->list = true;
out:
	buf_fini(&fingerprint);
	buf_fini(&pem);
	return e;
}

/* "files/ca/ca-next.crt" is called "ca-next"; the caller's, free(). */
static char *
base_name(const char *path)
{
	const char *name = strrchr(path, '/') + 1, *dot = strrchr(name, '.');

	return xstrndup(name, (size_t)(dot - name));
}

NODISCARD
static struct err *
add_authorities(struct gather *gather)
{
	static const char *const	 words[AUTHORITIES][CA_ROLES] = {
		{ "CA", "CA, successor", "CA, old" }, { "client CA", "client CA, successor", "client CA, old" },
	};
	struct err			*e = NULL;

	for (int i = 0; e == NULL && i < AUTHORITIES * CA_ROLES; i++) {
		enum authority	 authority = (enum authority)(i / CA_ROLES);
		enum ca_role	 role = (enum ca_role)(i % CA_ROLES);
		char		*cert = ca_path(authority, role, ".crt"), *crl = ca_path(authority, role, ".crl");
		char		*name = base_name(cert);

		/* The old one's end is of no concern: it is on its way out. */
		if ((e = add_cert(gather, name, words[authority][role], cert, role == CA_OLD ? 1 : CA_WINDOW)) == NULL)
			e = add_crl(gather, name, crl);
		free(name);
		free(cert);
		free(crl);
	}
	return e;
}

/* The row of an SSH key: an error of reading it has its path. */
NODISCARD
static struct err *
add_ssh_row(struct gather *gather, const char *name, const char *what, const char *path, const char *key,
    struct cert_row **out)
{
	struct buf	 fingerprint = { 0 };
	struct err	*e = err_context(public_key_fingerprint(&fingerprint, key), "%s", path);

	if (e == NULL) {
		*out = add_row(gather->list, name, what, path);
		(*out)->key = xstrndup(key, strcspn(key, " "));
		(*out)->fingerprint = buf_take(&fingerprint);
		(*out)->ends = CERT_ENDLESS;
		(*out)->ssh = true;
		(*out)->revoked = strstr(buf_text(&gather->revoked_ssh), key) != NULL;
	}
	buf_fini(&fingerprint);
	return e;
}

NODISCARD
static struct err *
add_ssh_ca(struct gather *gather)
{
	struct buf	 key = { 0 };
	struct cert_row	*row;
	struct err	*e = ssh_ca_read(gather->repo, &key);

	if (e == NULL && key.len > 0)
		e = add_ssh_row(gather, "ssh_ca", "SSH CA", SSH_CA_PATH, buf_text(&key), &row);
	buf_fini(&key);
	return e;
}

NODISCARD
static struct err *
add_host_cert(struct gather *gather, const struct node *node, const char *path, const char *line)
{
	struct ssh_cert	 cert = { 0 };
	struct cert_row	*row;
	struct err	*e = err_context(ssh_cert_read(&cert, line), "%s", path);

	if (e == NULL && (e = add_ssh_row(gather, node->name, "SSH host", path, cert.key, &row)) == NULL) {
		row->ends = cert.ends;
		row->window = renew_days((unsigned)((cert.ends - cert.starts) / DAY));
		row->disabled = !node->enabled;
	}
	ssh_cert_fini(&cert);
	return e;
}

/* There is one for each of the node's host keys. */
NODISCARD
static struct err *
add_host_certs(struct gather *gather, const struct node *node)
{
	char		*path = host_certs_path(node->name);
	struct buf	 text = { 0 };
	struct strs	 lines = { 0 };
	struct err	*e = repo_has(gather->repo, path) ? repo_read(gather->repo, path, &text) : NULL;

	strs_split(&lines, buf_text(&text), '\n');
	for (size_t i = 0; e == NULL && i < lines.count; i++) {
		if (lines.items[i][0] != '\0')
			e = add_host_cert(gather, node, path, lines.items[i]);
	}
	strs_fini(&lines);
	buf_fini(&text);
	free(path);
	return e;
}

/* One that the node gets itself, unless there is a certificate for that name here. */
static void
add_elsewhere(struct gather *gather, const struct node *node, const char *domain)
{
	char		*found = NULL, *what, *path;
	struct cert_row	*row;
	struct err	*e = certificate_for(&found, gather->repo, domain);

	if (e == NULL && found == NULL) {
		what = xasprintf("on %s", node->name);
		path = xasprintf("%s:/etc/leap/acme/%s.crt", node->name, domain);
		row = add_row(gather->list, domain, what, path);
		row->key = xstrdup("");
		row->fingerprint = xstrdup("-");
		row->ends = CERT_ENDLESS;
		row->elsewhere = true;
		free(what);
		free(path);
	}
	free(found);
	err_free(e);
}

/*
 * Those of the sites that the service static serves, as its recipe says.  What is wrong with the configuration is not said
 * here: whoever watches what ends wants to know of the rest.
 */
static void
add_acme_local(struct gather *gather, struct node *node)
{
	json_t		*use = NULL, *domains = NULL, *x509 = NULL;
	const char	*full = NULL;
	struct strs	 names = { 0 };
	struct err	*e;

	if (!node->enabled || !strs_has(&node->services, "static"))
		return;
	if ((e = node_find(node, "x509.use", &x509)) == NULL && json_is_true(x509) &&
	    (e = node_find(node, "x509.acme.local", &use)) == NULL && json_is_true(use) &&
	    (e = node_text(node, "domain.full", &full)) == NULL && full != NULL &&
	    (e = node_find(node, "static.domains", &domains)) == NULL) {
		strs_add(&names, full);
		json_keys(domains, &names);
	}
	for (size_t i = 0; i < names.count; i++)
		add_elsewhere(gather, node, names.items[i]);
	strs_fini(&names);
	err_free(e);
}

NODISCARD
static struct err *
add_nodes(struct gather *gather, struct config *config)
{
	struct node	**nodes;
	size_t		 count = config_nodes(config, &nodes);
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < count; i++) {
		char	*path = xasprintf("files/nodes/%s/%s.crt", nodes[i]->name, nodes[i]->name);
		size_t	 before = gather->list->count;

		e = add_cert(gather, nodes[i]->name, "node", path, 0);
		if (e == NULL && gather->list->count > before)
			gather->list->rows[before].disabled = !nodes[i]->enabled;
		if (e == NULL)
			e = add_host_certs(gather, nodes[i]);
		add_acme_local(gather, nodes[i]);
		free(path);
	}
	return e;
}

/* All certificates in a directory; `what` NULL: look whether they sign themselves. */
NODISCARD
static struct err *
add_directory(struct gather *gather, const char *dir, const char *what)
{
	struct strs	 names = { 0 };
	struct err	*e = repo_list(gather->repo, dir, ".crt", &names);

	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *path = xasprintf("%s/%s.crt", dir, names.items[i]);

		e = add_cert(gather, names.items[i], what, path, 0);
		free(path);
	}
	strs_fini(&names);
	return e;
}

static int
compare_rows(const void *left, const void *right)
{
	const struct cert_row *a = left, *b = right;

	if (a->ends != b->ends)
		return a->ends < b->ends ? -1 : 1;
	return strcmp(a->path, b->path);
}

struct err *
cert_list_read(struct cert_list *list, const struct repo *repo, struct config *config)
{
	struct gather	 gather = { .list = list, .repo = repo };
	struct err	*e;

	if (repo_has(repo, SSH_REVOKED_PATH) && (e = repo_read(repo, SSH_REVOKED_PATH, &gather.revoked_ssh)) != NULL)
		goto out;
	if ((e = revoked_read(&gather.revoked, repo)) == NULL && (e = add_authorities(&gather)) == NULL &&
	    (e = add_ssh_ca(&gather)) == NULL && (e = add_nodes(&gather, config)) == NULL &&
	    (e = add_directory(&gather, "files/clients", "client")) == NULL &&
	    (e = add_directory(&gather, "files/cert", NULL)) == NULL && list->count > 0)
		qsort(list->rows, list->count, sizeof(*list->rows), compare_rows);
out:
	buf_fini(&gather.revoked_ssh);
	json_decref(gather.revoked);
	return e;
}

struct err *
cert_list_find(const struct cert_list *list, const char *name, const struct cert_row **out)
{
	struct strs	 names = { 0 };
	struct err	*e = NULL;
	const char	*near;

	*out = NULL;
	for (size_t i = 0; e == NULL && i < list->count; i++) {
		const struct cert_row *row = &list->rows[i];

		if (row->list || row->ssh || row->elsewhere)
			continue;
		strs_add(&names, row->name);
		if (strcmp(row->name, name) != 0 && strcmp(row->path, name) != 0)
			continue;
		if (*out != NULL)
			e = err_hint(err_new(ERR_USAGE, "\"%s\" is %s and %s", name, (*out)->path, row->path),
			    "name the file");
		*out = row;
	}
	if (e == NULL && *out == NULL) {
		e = err_new(ERR_USAGE, "there is no certificate of \"%s\"", name);
		if ((near = strs_nearest(&names, name)) != NULL)
			e = err_hint(e, "did you mean \"%s\"?", near);
	}
	strs_fini(&names);
	return e;
}

void
cert_list_fini(struct cert_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->rows[i].name);
		free(list->rows[i].what);
		free(list->rows[i].path);
		free(list->rows[i].key);
		free(list->rows[i].fingerprint);
	}
	free(list->rows);
	*list = (struct cert_list){ 0 };
}
