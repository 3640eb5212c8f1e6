/* pki: the keys of services that have no certificates: mail signatures, onion services, WireGuard. */
/* May know base.  Reads no file and nothing that comes from a network. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_SERVICE_KEY_H
#define PKI_SERVICE_KEY_H

#include "base/mem.h"

struct buf;

/* Each makes a new key, as the program that uses it reads it, and what the world may know of it; `key` must be secret. */

/*
 * DKIM (RFC 6376, and RFC 8463 for Ed25519): the key as PEM, PKCS #8; its record as the data of a TXT resource record in
 * a zone file, strings of at most 255 bytes.  RSA keys have 2048 bits: longer ones do not fit into everybody's answers.
 */
NODISCARD
struct err	*dkim_rsa_create(struct buf *key, struct buf *record);
NODISCARD
struct err	*dkim_ed25519_create(struct buf *key, struct buf *record);

/* A Tor onion service, version 3 (rend-spec-v3): its file hs_ed25519_secret_key, and its address with ".onion". */
NODISCARD
struct err	*onion_create(struct buf *key, struct buf *address);

/* The same from the 32 bytes that an Ed25519 key is made of (RFC 8032, 5.1.5). */
NODISCARD
struct err	*onion_from_seed(struct buf *key, struct buf *address, const unsigned char seed[32]);

/* WireGuard: X25519 (RFC 7748), both halves as base64. */
NODISCARD
struct err	*wireguard_create(struct buf *key, struct buf *public_key);

/* The data of a TXT resource record as a zone file has it (RFC 1035, 5.1): quoted strings of at most 255 bytes. */
void		 txt_record(struct buf *out, const char *text);

#endif
