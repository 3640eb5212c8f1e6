/* cmd: SSH host keys: the CA that signs them, their certificates, and those that are revoked. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_HOST_KEYS_H
#define CMD_HOST_KEYS_H

#include "base/mem.h"

#include <stdbool.h>

struct buf;
struct context;
struct node_list;
struct repo;

/*
 * leap itself and the nodes trust pinned keys.  The CA is for people's own ssh, and for whoever has not heard of a key
 * yet; its private half is in the vault, in "default".  An instance may have none.
 */
#define SSH_CA_PATH		"files/ca/ssh_ca.pub"
#define SSH_CA_KEY_PATH		"files/ca/ssh_ca.key"
#define SSH_REVOKED_PATH	"files/ca/ssh_revoked.pub"	/* lines of "type base64 NODE" */
#define SSH_KRL_PATH		"files/ca/ssh_revoked.krl"	/* which follows from that */

/* Make the CA, or with `rotate` put another one in its place; ERR_USAGE when it is there, or is not. */
NODISCARD
struct err	*ssh_ca_make(const struct repo *repo, bool rotate);

/* Append the CA's public key, "ssh-ed25519 AAAA…"; nothing when there is none. */
NODISCARD
struct err	*ssh_ca_read(const struct repo *repo, struct buf *key);

/*
 * Make the certificates of these nodes' pinned keys, files/nodes/NAME/NAME_ssh-cert.pub, where ssh_cert_stale() says why;
 * each is said to the user.  Does nothing where there is no CA, and passes over nodes that are not pinned.
 */
NODISCARD
struct err	*host_certs_update(struct context *context, const struct node_list *nodes);

/* Put a host key on record as revoked, once, and make the list anew. */
NODISCARD
struct err	*host_key_revoke(const struct repo *repo, const char *key, const char *node);

#endif
