/* pki: JSON Web Signatures with ECDSA P-256 and SHA-256, as ACME wants them. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_JWS_H
#define PKI_JWS_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;

/* A new private key (ECDSA P-256) as PEM; the buffer must be secret. */
NODISCARD
struct err	*jws_key_create(struct buf *key_pem);

/* The public half as a JSON Web Key (RFC 7517; RFC 7518, 6.2), a new reference.  ERR_TRUST: not a P-256 key. */
NODISCARD
struct err	*jws_public(json_t **out, const struct buf *key_pem);

/* Append the thumbprint (RFC 7638) of such a key. */
NODISCARD
struct err	*jws_thumbprint(struct buf *out, const struct buf *key_pem);

/*
 * Append the flattened JSON serialization (RFC 7515, 7.2.2) of `payload` (NULL: empty, for POST-as-GET; RFC 8555, 6.3),
 * signed ES256 by the key.  `header` becomes the protected header; its "alg" is set here.
 */
NODISCARD
struct err	*jws_sign(struct buf *out, json_t *header, const json_t *payload, const struct buf *key_pem);

/*
 * The same as a JSON object, a new reference, with HMAC-SHA-256 by a shared key, base64url as CAs hand it out (RFC 8555,
 * 7.3.4).  ERR_USAGE when that is no such text.
 */
NODISCARD
struct err	*jws_mac(json_t **out, json_t *header, const json_t *payload, const struct buf *mac_key);

/* Append base64url without padding (RFC 7515, 2). */
void		 jws_base64(const void *data, size_t len, struct buf *out);

/* Append base64url of the SHA-256 of a text: what a TXT record of dns-01 has (RFC 8555, 8.4). */
NODISCARD
struct err	*jws_digest(struct buf *out, const char *text);

#endif
