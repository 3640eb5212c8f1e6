/* pki: certificate authorities and the certificates they sign. */
/* May know base.  Reads no file and nothing that comes from a network. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_CA_H
#define PKI_CA_H

#include "pki/key.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct strs;

/* All dates are seconds since the epoch.  PEM goes in and out of buffers; those of private keys must be secret. */

/* Whether a certificate can have this DNS name: labels of letters, digits and inner hyphens (RFC 1123, 2.1). */
bool		 cert_name_valid(const char *name);

/* The same, or such a name behind "*." (RFC 6125, 6.4.3): for certificates that others sign. */
bool		 cert_wildcard_valid(const char *name);

struct ca_request {
	const char		*common_name;
	const char		*organization;	/* NULL: none */
	enum key_type		 key_type;
	unsigned		 days;
	const struct strs	*domains;	/* all names that it signs are of these or below; NULL or empty: any */
	bool			 addresses;	/* where names are limited, IP addresses are allowed none the less */
	bool			 clients;	/* it signs certificates of clients only */
};

/*
 * A self-signed CA, SHA-256, path length 0 (RFC 5280, 4.2), from a day before `now`.  `domains` become critical name
 * constraints (RFC 5280, 4.2.1.10), which clients hold it to; they leave no other kind of name open.
 */
NODISCARD
struct err	*ca_create(struct buf *key_pem, struct buf *cert_pem, const struct ca_request *request, int64_t now);

/* The domains that a CA is limited to, and whether it may sign addresses; none: it is not limited. */
NODISCARD
struct err	*ca_limits(const struct buf *ca_cert_pem, struct strs *domains, bool *addresses);

/* Whether a name is one of these domains, or below one; any is when there are none. */
bool		 ca_name_allowed(const struct strs *domains, const char *name);

struct cert_request {
	const struct strs	*dns_names;	/* the first is the common name too, unless that is given */
	const struct strs	*addresses;	/* IPv4 or IPv6 as text; may be empty */
	unsigned		 days;
	enum key_type		 key_type;
	bool			 server;	/* extended key usage serverAuth, */
	bool			 client;	/* clientAuth */
	const char		*common_name;	/* of a client, which needs no names then; or NULL */
};

/*
 * A CA that signs, read once for many certificates; several threads may use it at a time.  Fails with ERR_TRUST when its
 * key and certificate do not belong together.  The caller's, issuer_free().
 */
struct issuer;
NODISCARD
struct err	*issuer_new(struct issuer **out, const struct buf *ca_key_pem, const struct buf *ca_cert_pem);
void		 issuer_free(struct issuer *issuer);

/*
 * A new key and its certificate, signed by the CA, with a random 128-bit serial and a start one day before `now`.  Fails
 * with ERR_TRUST when the certificate would outlive the CA, and with ERR_CONFIG when a name is not one that the CA is
 * limited to.
 */
NODISCARD
struct err	*issuer_sign(const struct issuer *issuer, struct buf *key_pem, struct buf *cert_pem,
		    const struct cert_request *request, int64_t now);

/* The same, by a CA that is read for this one only. */
NODISCARD
struct err	*cert_issue(struct buf *key_pem, struct buf *cert_pem, const struct cert_request *request,
		    const struct buf *ca_key_pem, const struct buf *ca_cert_pem, int64_t now);

/* What stands in until another CA has signed for `key_pem`: a certificate that signs itself.  Wildcards are fine. */
NODISCARD
struct err	*cert_stand_in(struct buf *cert_pem, const struct buf *key_pem, const struct strs *dns_names,
		    unsigned days, int64_t now);

/*
 * Why the certificate has to be made anew, as a text for a person ("expires in 12 days"), or NULL when it has not: it is
 * unreadable, not for this key, not signed by this CA, has other names, addresses, use or type of key than the request,
 * or less than `renew_days` left.  The key may be NULL, not to be looked at.  The caller's, free().
 */
char		*cert_stale(const struct buf *cert_pem, const struct buf *key_pem,
		    const struct cert_request *request, const struct buf *ca_cert_pem,
		    unsigned renew_days, int64_t now);

/* When a certificate ends, its SHA-256 fingerprint as "AB:CD:…", and all it says as text; each may be NULL. */
NODISCARD
struct err	*cert_describe(const struct buf *cert_pem, int64_t *not_after, struct buf *fingerprint,
		    struct buf *text);

/* What lists of certificates show.  cert_info_fini(). */
struct cert_info {
	char	*subject;	/* the common name, "" when there is none */
	char	*serial;	/* upper-case hexadecimal digits */
	char	*key;		/* "P-256", "RSA-3072", "ED25519" */
	int64_t	 starts, ends;
	bool	 self_signed;
};
NODISCARD
struct err	*cert_info_read(struct cert_info *out, const struct buf *cert_pem);
void		 cert_info_fini(struct cert_info *info);

/* Whether this CA's key signed it. */
bool		 cert_is_of(const struct buf *cert_pem, const struct buf *ca_cert_pem);

#endif
