/* pki: certificates that others sign: the requests for them, and what came of these. */
/* May know base.  What is read here came from a network: it never meets a CA's private key. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_PUBLIC_H
#define PKI_PUBLIC_H

#include "base/buf.h"
#include "base/strs.h"

#include <stdbool.h>
#include <stdint.h>

/* Append the base64url of the DER of a request (PKCS #10, RFC 2986) for these names, signed by the key. */
NODISCARD
struct err	*public_request(struct buf *out, const struct strs *names, const struct buf *key_pem);

/* What the first certificate of a PEM text says. */
struct public_cert {
	struct strs	 names;		/* those of DNS, in lower case, sorted */
	int64_t		 not_before, not_after;	/* seconds since the epoch */
	char		*ari_id;	/* RFC 9773, 4.1; NULL: it lacks what that is made of */
	struct buf	 der;		/* base64url, for RFC 8555, 7.6 */
};

/* ERR_TRUST when it cannot be read.  public_fini() also after an error. */
NODISCARD
struct err	*public_read(struct public_cert *out, const struct buf *pem);
void		 public_fini(struct public_cert *cert);

/* Whether the certificate is good for this name; "*.example.org" is for one label more (RFC 6125, 6.4.3). */
bool		 public_covers(const struct public_cert *cert, const char *name);

/*
 * Whether a chain that a CA handed out is fit for use: nothing but certificates, ten at most, each signed by the next,
 * the first for this key and all these names, and good at `now`.  ERR_TRUST says what is wrong.
 */
NODISCARD
struct err	*public_check(const struct buf *chain_pem, const struct strs *names, const struct buf *key_pem,
		    int64_t now);

/* Whether the first certificate is for this private key. */
bool		 public_matches(const struct buf *pem, const struct buf *key_pem);

#endif
