/* pki: keys and certificates to and from PEM. */
/* May know base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_PEM_H
#define PKI_PEM_H

#include "base/mem.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

struct buf;

/* An error of code `code`, with what OpenSSL says of it behind; OpenSSL's queue is empty afterwards. */
NODISCARD
struct err	*pem_error(int code, const char *what);

/* NULL when it is not a certificate, or not a private key without passphrase. */
X509		*pem_cert(const struct buf *pem);
EVP_PKEY	*pem_key(const struct buf *pem);

/* When it ends, in seconds since the epoch; 0, long ago, when its date makes no sense. */
int64_t		 pem_ends_at(const X509 *cert);

/* Append; a key as PKCS #8 (RFC 5958), and `out` must be a secret buffer then. */
NODISCARD
struct err	*pem_add_cert(struct buf *out, X509 *cert);
NODISCARD
struct err	*pem_add_key(struct buf *out, EVP_PKEY *key);

#endif
