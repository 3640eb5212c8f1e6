/* cert: SSH host keys: the CA that signs them, their certificates, and those that are revoked. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/host_keys.h"

#include "cert/authority.h"
#include "config/config.h"
#include "config/filter.h"
#include "pki/ssh_ca.h"
#include "repo/repo.h"
#include "ssh/hostkey.h"
#include "ssh/public_key.h"
#include "ssh/pins.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

char *
host_pins_path(const char *node)
{
	return xasprintf("files/nodes/%s/%s_ssh.pub", node, node);
}

char *
host_certs_path(const char *node)
{
	return xasprintf("files/nodes/%s/%s_ssh-cert.pub", node, node);
}

struct err *
host_pins_read(struct pins *pins, const struct repo *repo, const char *path)
{
	struct buf	 file = { 0 };
	struct err	*e;

	*pins = (struct pins){ 0 };
	if ((e = repo_read(repo, path, &file)) == NULL)
		e = err_context(pins_parse(pins, buf_text(&file)), "%s", path);
	buf_fini(&file);
	return e;
}

/* The private half first: without a public one it signs for nobody, and the next run replaces it. */
struct err *
ssh_ca_make(const struct repo *repo, bool rotate, struct buf *fingerprint)
{
	struct buf	 key = { .secret = true }, known = { 0 };
	bool		 there = repo_has(repo, SSH_CA_PATH);
	struct err	*e;

	if (there && !rotate)
		return err_hint(err_new(ERR_USAGE, "there is an SSH CA already: " SSH_CA_PATH),
		    "\"leap cert ca --ssh --rotate\" replaces it");
	if (!there && rotate)
		return err_hint(err_new(ERR_USAGE, "there is no SSH CA to replace"), "\"leap cert ca --ssh\" makes one");
	if ((e = ssh_ca_create(&key, &known)) == NULL &&
	    (e = public_key_fingerprint(fingerprint, buf_text(&known))) == NULL &&
	    (e = vault_write(repo, NULL, SSH_CA_KEY_PATH, key.data, key.len)) == NULL) {
		buf_addc(&known, '\n');
		e = repo_write(repo, SSH_CA_PATH, known.data, known.len, 0644, NULL);
	}
	buf_fini(&known);
	buf_fini(&key);
	return e;
}

struct err *
ssh_ca_read(const struct repo *repo, struct buf *key)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	if (repo_has(repo, SSH_CA_PATH) && (e = repo_read(repo, SSH_CA_PATH, &text)) == NULL)
		e = err_context(hostkey_parse(key, buf_text(&text)), SSH_CA_PATH);
	buf_fini(&text);
	return e;
}

/* One run over some nodes.  The private key is read when the first certificate has to be signed. */
struct signer {
	const struct repo	*repo;
	cert_say		*say;
	bool			 look;		/* only say what would be made */
	struct buf		 ca, key;
	int64_t			 now;
};

/* A line of certificates for each pinned key: those that are good stay.  *why says of the first other what is wrong. */
NODISCARD
static struct err *
renew(struct signer *signer, const struct pins *pins, const struct strs *old, struct ssh_cert_request *request,
    struct buf *lines, char **why)
{
	struct err *e = NULL;

	for (size_t i = 0; e == NULL && i < pins->count; i++) {
		const char	*line = i < old->count ? old->items[i] : "";
		char		*stale;

		request->key = pins->items[i].key;
		stale = *line == '\0' ? xstrdup(signer->look ? "there is none" : "there was none") :
		    ssh_cert_stale(line, request, buf_text(&signer->ca), renew_days(request->days), signer->now);
		if (stale == NULL) {
			buf_adds(lines, line);
		} else {
			if (!signer->look && signer->key.len == 0)
				e = vault_read(signer->repo, NULL, SSH_CA_KEY_PATH, &signer->key);
			if (e == NULL && !signer->look)
				e = ssh_cert_issue(lines, request, &signer->key, signer->now);
			if (*why == NULL)
				*why = *line == '\0' ? xstrdup(stale) : xasprintf("the old one %s", stale);
		}
		buf_addc(lines, '\n');
		free(stale);
	}
	return e;
}

/* What the node's certificates should say; names is the request's list. */
NODISCARD
static struct err *
read_request(struct ssh_cert_request *request, struct strs *names, struct node *node)
{
	struct leaf_settings	 settings = { 0 };
	struct err		*e = node_host_names(node, names);

	if (e == NULL)
		e = leaf_settings_read(&settings, node->config, node->environment, AUTHORITY_SERVERS);
	*request = (struct ssh_cert_request){ .id = node->name, .names = names, .days = settings.days };
	return e;
}

NODISCARD
static struct err *
update_node(struct signer *signer, struct node *node, const struct pins *pins)
{
	char			*path = host_certs_path(node->name), *why = NULL;
	struct buf		 text = { 0 }, lines = { 0 };
	struct strs		 old = { 0 }, names = { 0 };
	struct ssh_cert_request	 request;
	struct err		*e = repo_has(signer->repo, path) ? repo_read(signer->repo, path, &text) : NULL;

	strs_split(&old, buf_text(&text), '\n');
	if (e == NULL && (e = read_request(&request, &names, node)) == NULL)
		e = renew(signer, pins, &old, &request, &lines, &why);
	if (e == NULL && why != NULL && signer->look)
		say_line(signer->say, "%s: a deploy makes a new SSH host certificate: %s", node->name, why);
	else if (e == NULL && why != NULL &&
	    (e = repo_write(signer->repo, path, lines.data, lines.len, 0644, NULL)) == NULL)
		say_line(signer->say, "%s: made an SSH host certificate: %s", node->name, why);
	strs_fini(&names);
	strs_fini(&old);
	buf_fini(&lines);
	buf_fini(&text);
	free(why);
	free(path);
	return e;
}

NODISCARD
static struct err *
go_over(const struct repo *repo, const struct node_list *nodes, cert_say *say, bool look)
{
	struct signer	 signer = { .repo = repo, .say = say, .look = look, .key.secret = true, .now = (int64_t)time(NULL) };
	struct err	*e = ssh_ca_read(repo, &signer.ca);

	for (size_t i = 0; e == NULL && signer.ca.len > 0 && i < nodes->count; i++) {
		char		*path = host_pins_path(nodes->items[i]->name);
		struct pins	 pins = { 0 };

		if (repo_has(repo, path) && (e = host_pins_read(&pins, repo, path)) == NULL)
			e = update_node(&signer, nodes->items[i], &pins);
		pins_fini(&pins);
		free(path);
	}
	buf_fini(&signer.ca);
	buf_fini(&signer.key);
	return e;
}

struct err *
host_certs_update(const struct repo *repo, const struct node_list *nodes, cert_say *say)
{
	return go_over(repo, nodes, say, false);
}

struct err *
host_certs_look(const struct repo *repo, const struct node_list *nodes, cert_say *say)
{
	return go_over(repo, nodes, say, true);
}

/* The first of a node's certificates about which there is something to say. */
NODISCARD
static struct err *
check_node(struct node *node, const struct pins *pins, const char *path, const struct buf *text, const struct buf *ca)
{
	struct place		 place = { .path = path };
	struct strs		 lines = { 0 }, names = { 0 };
	struct ssh_cert_request	 request;
	char			*stale = NULL;
	struct err		*e = read_request(&request, &names, node);

	if (e != NULL) {
		err_free(e);		/* its configuration is wrong, which is said elsewhere */
		e = NULL;
		goto out;
	}
	strs_split(&lines, buf_text(text), '\n');
	for (size_t i = 0; stale == NULL && i < pins->count && i < lines.count; i++) {
		request.key = pins->items[i].key;
		stale = ssh_cert_stale(lines.items[i], &request, buf_text(ca), renew_days(request.days), (int64_t)time(NULL));
	}
	if (stale != NULL)
		e = err_warning(err_rule(err_hint(err_at(ERR_TRUST, &place, "the SSH host certificate of node %s %s",
		    node->name, stale), "a deploy makes one, and so does \"leap compile\""), "stale-host-certificate"));
out:
	free(stale);
	strs_fini(&lines);
	strs_fini(&names);
	return e;
}

struct err *
host_certs_check(const struct repo *repo, const struct node_list *nodes)
{
	struct buf	 ca = { 0 };
	struct err	*all = ssh_ca_read(repo, &ca);

	for (size_t i = 0; ca.len > 0 && i < nodes->count; i++) {
		char		*pins_path = host_pins_path(nodes->items[i]->name);
		char		*path = host_certs_path(nodes->items[i]->name);
		struct pins	 pins = { 0 };
		struct buf	 text = { 0 };
		struct err	*wrong = NULL;

		if (repo_has(repo, path) && repo_has(repo, pins_path) && (wrong = repo_read(repo, path, &text)) == NULL &&
		    (wrong = host_pins_read(&pins, repo, pins_path)) == NULL)
			wrong = check_node(nodes->items[i], &pins, path, &text, &ca);
		all = err_join(all, wrong);
		pins_fini(&pins);
		buf_fini(&text);
		free(pins_path);
		free(path);
	}
	buf_fini(&ca);
	return all;
}

NODISCARD
static struct err *
write_krl(const struct repo *repo, const struct buf *record)
{
	struct strs	 lines = { 0 }, keys = { 0 };
	struct buf	 krl = { 0 };
	struct err	*e;

	strs_split(&lines, buf_text(record), '\n');
	for (size_t i = 0; i < lines.count; i++) {
		if (lines.items[i][0] != '\0' && lines.items[i][0] != '#')
			strs_add(&keys, lines.items[i]);
	}
	if ((e = err_context(ssh_krl_make(&krl, &keys, (int64_t)time(NULL)), SSH_REVOKED_PATH)) == NULL)
		e = repo_write(repo, SSH_KRL_PATH, krl.data, krl.len, 0644, NULL);
	strs_fini(&lines);
	strs_fini(&keys);
	buf_fini(&krl);
	return e;
}

struct err *
host_key_revoke(const struct repo *repo, const char *key, const char *node)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	if (repo_has(repo, SSH_REVOKED_PATH))
		e = repo_read(repo, SSH_REVOKED_PATH, &text);
	if (e == NULL && strstr(buf_text(&text), key) == NULL) {
		buf_addf(&text, "%s %s\n", key, node);
		e = repo_write(repo, SSH_REVOKED_PATH, text.data, text.len, 0644, NULL);
	}
	if (e == NULL)
		e = write_krl(repo, &text);
	buf_fini(&text);
	return e;
}
