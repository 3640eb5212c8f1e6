/* pki: keys and certificates to and from PEM. */
/* May know base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_PEM_H
#define PKI_PEM_H

#include "pki/key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

struct buf;

/* An error of code `code`, with what OpenSSL says of it behind; OpenSSL's queue is empty afterwards. */
NODISCARD
struct err	*pem_error(int code, const char *what);

/* NULL when it is not a certificate, CRL, or private key without passphrase. */
X509		*pem_cert(const struct buf *pem);
X509_CRL	*pem_crl(const struct buf *pem);
EVP_PKEY	*pem_key(const struct buf *pem);

/* All certificates of a bundle; NULL when there is none.  Free with sk_X509_pop_free(). */
STACK_OF(X509)	*pem_certs(const struct buf *pem);

/* Seconds since the epoch; 0, long ago, when the date makes no sense. */
int64_t		 pem_time(const ASN1_TIME *date);
int64_t		 pem_ends_at(const X509 *cert);

/* Append a day, "2026-01-31", in UTC. */
void		 pem_add_day(struct buf *out, int64_t date);

/* Append as PEM. */
NODISCARD
struct err	*pem_add_cert(struct buf *out, X509 *cert);
NODISCARD
struct err	*pem_add_crl(struct buf *out, X509_CRL *crl);
NODISCARD
struct err	*pem_add_request(struct buf *out, X509_REQ *request);

/* As PKCS #8 (RFC 5958); `out` must be a secret buffer. */
NODISCARD
struct err	*pem_add_key(struct buf *out, EVP_PKEY *key);

/* Append all that a memory BIO holds. */
void		 pem_add_all(struct buf *out, BIO *bio);

/* A new key; NULL when OpenSSL cannot. */
EVP_PKEY	*key_generate(enum key_type type);

/* The type of a key, as key_generate() knows it; false for others. */
bool		 key_type_of(const EVP_PKEY *key, enum key_type *out);

#endif
