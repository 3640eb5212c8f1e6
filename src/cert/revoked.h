/* cert: the certificates that were revoked, files/ca/revoked.json, and the lists made of them. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CERT_REVOKED_H
#define CERT_REVOKED_H

#include "cert/authority.h"
#include "cert/say.h"

#include <jansson.h>

/*
 * The record is what counts, the lists (RFC 5280) follow from it:
 *
 *   [ { "name": "web1", "serial": "8F…", "ca": "AB:CD:…", "revoked": SECONDS, "ends": SECONDS }, ... ]
 *
 * An entry goes when its certificate has ended.  *out is a new reference, empty where there is no record.
 */
NODISCARD
struct err	*revoked_read(json_t **out, const struct repo *repo);

bool		 revoked_has(const json_t *list, const char *serial);

/* Put a certificate on record; ERR_USAGE when it is there, has ended, or none of the authority's CAs signed it. */
NODISCARD
struct err	*revoked_add(const struct repo *repo, enum authority authority, const char *name,
		    const struct buf *cert_pem, int64_t now);

/*
 * Make the list of each CA, files/ca/NAME.crl, where that is `wanted` or there is one, or something is revoked, and
 * crl_stale() says why; each is said to the user and counted.  With `look` nothing is made; one that is missing fails.
 */
NODISCARD
struct err	*crls_update(const struct repo *repo, bool wanted, bool look, int64_t now, cert_say *say,
		    unsigned *made);

#define CRL_DAYS	180u	/* that a list is good for */

#endif
