/* cert: SSH host keys: the CA that signs them, their certificates, and those that are revoked. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CERT_HOST_KEYS_H
#define CERT_HOST_KEYS_H

#include "base/mem.h"
#include "cert/say.h"

#include <stdbool.h>

struct buf;
struct config;
struct node_list;
struct pins;
struct repo;

/*
 * leap itself and the nodes trust pinned keys.  The CA is for people's own ssh, and for whoever has not heard of a key
 * yet; its private half is in the vault, in "default".  An instance may have none.
 */
#define SSH_CA_PATH		"files/ca/ssh_ca.pub"
#define SSH_CA_KEY_PATH		"files/ca/ssh_ca.key"
#define SSH_REVOKED_PATH	"files/ca/ssh_revoked.pub"	/* lines of "type base64 NODE" */
#define SSH_KRL_PATH		"files/ca/ssh_revoked.krl"	/* which follows from that */

/* Where a node's pinned host keys are, files/nodes/NAME/NAME_ssh.pub, and their certificates: the caller's, free(). */
char		*host_pins_path(const char *node);
char		*host_certs_path(const char *node);

/* What such a file pins.  Errors begin with the path; pins_fini() also after one. */
NODISCARD
struct err	*host_pins_read(struct pins *pins, const struct repo *repo, const char *path);

/*
 * Make the CA, or with `rotate` put another one in its place, and append its fingerprint; ERR_USAGE when it is there, or
 * is not.
 */
NODISCARD
struct err	*ssh_ca_make(const struct repo *repo, bool rotate, struct buf *fingerprint);

/* Append the CA's public key, "ssh-ed25519 AAAA…"; nothing when there is none. */
NODISCARD
struct err	*ssh_ca_read(const struct repo *repo, struct buf *key);

/*
 * Make the certificates of these nodes' pinned keys, files/nodes/NAME/NAME_ssh-cert.pub, where ssh_cert_stale() says why;
 * each is said to the user.  Does nothing where there is no CA, and passes over nodes that are not pinned.
 */
NODISCARD
struct err	*host_certs_update(const struct repo *repo, const struct node_list *nodes, cert_say *say);

/* Only say which ones that would make. */
NODISCARD
struct err	*host_certs_look(const struct repo *repo, const struct node_list *nodes, cert_say *say);

/* What is wrong with those that there are, or will be before long: joined warnings.  Changes nothing. */
NODISCARD
struct err	*host_certs_check(const struct repo *repo, const struct node_list *nodes);

/* Put a host key on record as revoked, once, and make the list anew. */
NODISCARD
struct err	*host_key_revoke(const struct repo *repo, const char *key, const char *node);

#endif
