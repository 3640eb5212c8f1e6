/* pki: lists of revoked certificates. */
/* May know base.  Reads no file and nothing that comes from a network. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_CRL_H
#define PKI_CRL_H

#include "base/mem.h"

#include <stdint.h>

struct buf;

struct crl_entry {
	const char	*serial;	/* hexadecimal digits, as cert_info has it */
	int64_t		 revoked;
};

/*
 * A list (RFC 5280, 5) of all that this CA has revoked, good for `days` days from `now`.  Its number is larger than that of
 * `old_pem`, which may be NULL or empty: seconds since the epoch, so that it grows though the old one is lost.
 */
NODISCARD
struct err	*crl_make(struct buf *crl_pem, const struct crl_entry *entries, size_t count,
		    const struct buf *ca_key_pem, const struct buf *ca_cert_pem, const struct buf *old_pem,
		    unsigned days, int64_t now);

/*
 * Why the list has to be made anew, as a text for a person, or NULL when it has not: it is not of this CA, has not just
 * these entries, or less than `renew_days` left.  The caller's, free().
 */
char		*crl_stale(const struct buf *crl_pem, const struct crl_entry *entries, size_t count,
		    const struct buf *ca_cert_pem, unsigned renew_days, int64_t now);

/* When there must be a new one. */
NODISCARD
struct err	*crl_ends(const struct buf *crl_pem, int64_t *ends);

/* Append its SHA-256 fingerprint, "AB:CD:…". */
NODISCARD
struct err	*crl_fingerprint(const struct buf *crl_pem, struct buf *out);

#endif
