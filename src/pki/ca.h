/* pki: certificate authorities and the certificates they sign. */
/* May know base.  Reads no file and nothing that comes from a network. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_CA_H
#define PKI_CA_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct strs;

/* All dates are seconds since the epoch.  PEM goes in and out of buffers; those of private keys must be secret. */

/* Whether a certificate can have this DNS name: labels of letters, digits and inner hyphens (RFC 1123, 2.1). */
bool		 cert_name_valid(const char *name);

/* A self-signed CA, ECDSA P-256, SHA-256, path length 0 (RFC 5280, 4.2).  For `days` days from `now`. */
NODISCARD
struct err	*ca_create(struct buf *key_pem, struct buf *cert_pem, const char *common_name,
		    const char *organization, unsigned days, int64_t now);

struct cert_request {
	const struct strs	*dns_names;	/* the first is the common name too; at least one */
	const struct strs	*addresses;	/* IPv4 or IPv6 as text; may be empty */
	unsigned		 days;
	bool			 server;	/* extended key usage serverAuth, */
	bool			 client;	/* clientAuth */
};

/*
 * A new key (ECDSA P-256) and its certificate, signed by the CA, with a random 128-bit
 * serial and a start one day before `now`.  Fails with ERR_TRUST when the certificate
 * would outlive the CA or the CA's key and certificate do not belong together.
 */
NODISCARD
struct err	*cert_issue(struct buf *key_pem, struct buf *cert_pem, const struct cert_request *request,
		    const struct buf *ca_key_pem, const struct buf *ca_cert_pem, int64_t now);

/*
 * Why the certificate has to be made anew, as a text for a person ("expires in 12 days"), or NULL
 * when it has not: it is unreadable, not for this key, not signed by this CA, has other names or
 * addresses than the request, or less than `renew_days` left.  The caller's, free().
 */
char		*cert_stale(const struct buf *cert_pem, const struct buf *key_pem,
		    const struct cert_request *request, const struct buf *ca_cert_pem,
		    unsigned renew_days, int64_t now);

/* When a certificate ends, and its SHA-256 fingerprint as "AB:CD:…". */
NODISCARD
struct err	*cert_describe(const struct buf *cert_pem, int64_t *not_after, struct buf *fingerprint,
		    struct buf *text);

#endif
