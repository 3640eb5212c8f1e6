/* cert: the nodes' certificates, which several commands bring up to date. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CERT_CERTS_H
#define CERT_CERTS_H

#include "base/mem.h"
#include "base/strs.h"
#include "cert/say.h"

#include <stdbool.h>

struct buf;
struct certs_check;
struct config;
struct node;
struct node_list;
struct repo;
struct vault_item;

#define CA_CERT_PATH		"files/ca/ca.crt"
#define CA_KEY_PATH		"files/ca/ca.key"
#define CLIENT_CA_CERT_PATH	"files/ca/client_ca.crt"

/* Whether there is a CA that could sign. */
bool		 certs_have_ca(const struct repo *repo);

/*
 * Make each node's certificate, files/nodes/NAME/NAME.{crt,key}, where it is missing, revoked, or cert_stale() says why it
 * has to be made anew, and the revocation lists that nodes want or that are there; each is said to the user and counted in
 * *made.  Nodes with x509.use false are left out.  Fails with ERR_TRUST and a hint when there is no CA.
 */
NODISCARD
struct err	*certs_update(const struct repo *repo, struct config *config, const struct node_list *nodes,
		    cert_say *say, unsigned *made);

/*
 * The same for all of them, whatever state theirs are in.  Where `with` is not NULL, all of them and those files are
 * written together, or nothing is.
 */
NODISCARD
struct err	*certs_renew(const struct repo *repo, struct config *config, const struct node_list *nodes,
		    const struct vault_item *with, size_t with_count, cert_say *say, unsigned *made);

/*
 * Change nothing: a certificate that certs_update() would make anew is said to the user, one that is missing, or
 * whose key is, fails with ERR_TRUST and a hint.
 */
NODISCARD
struct err	*certs_look(const struct repo *repo, struct config *config, const struct node_list *nodes,
		    cert_say *say);

/*
 * Say nothing, change nothing: what is wrong with the CAs and these nodes' certificates, or will be before long, is
 * looked at in a thread of its own from _start() to _end(), which gives it as joined errors and warnings.  All files are
 * read in _start().  Where no private key is at all (they are not in git) none is missed.
 */
struct certs_check *certs_check_start(const struct repo *repo, const struct node_list *nodes);
NODISCARD
struct err	*certs_check_end(struct certs_check *take_check);

/* What the CA may sign; all zeros is anything.  certs_limits_fini(). */
struct certs_limits {
	struct strs	domains;
	bool		addresses;
};
NODISCARD
struct err	*certs_limits_read(struct certs_limits *out, const struct buf *ca_cert);
void		 certs_limits_fini(struct certs_limits *limits);

/*
 * What the certificate of a node should say; certs_names_fini() also after an error.  A name that the CA may not sign is
 * ERR_CONFIG, unless it has a certificate of its own, files/cert/NAME.crt.  `addresses`: the node's address too.
 */
#define RULE_OUTSIDE_CA	"outside-ca"
struct certs_names {
	struct strs	dns, addresses;
};
NODISCARD
struct err	*certs_names_read(struct certs_names *out, struct node *node, const struct repo *repo,
		    const struct certs_limits *limits, bool addresses);
void		 certs_names_fini(struct certs_names *names);

/* Whether a node wants one; whether it wants revocation lists; and the CA of clients. */
NODISCARD
struct err	*certs_wanted(bool *wanted, struct node *node);
NODISCARD
struct err	*certs_crl_wanted(bool *wanted, struct node *node);
NODISCARD
struct err	*certs_clients_wanted(bool *wanted, struct node *node);

#endif
