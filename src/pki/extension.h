/* pki: the parts that certificates are built from. */
/* May know base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_EXTENSION_H
#define PKI_EXTENSION_H

#include "base/mem.h"

#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>

struct strs;

#define DAY		((int64_t)24 * 60 * 60)
#define NAME_MAX_LEN	64	/* ub-common-name, ub-organization-name: RFC 5280, appendix A.1 */

/* All return whether it worked; if not, the reason is in OpenSSL's queue. */

/* Version 3, a serial, dates from a day before `now` (clocks differ), a public key; NULL when it did not work. */
X509		*part_cert(EVP_PKEY *key, int64_t now, unsigned days);

/* A field of a subject, "CN". */
bool		 part_subject(X509_NAME *name, const char *field, const char *text);

bool		 part_extension(X509 *cert, int nid, void *value, bool critical);

/* RFC 5280, 4.2.1.9.  A path length of 0: our CAs sign no CAs. */
bool		 part_constraints(X509 *cert, bool ca);

/* RFC 5280, 4.2.1.3. */
bool		 part_key_usage(X509 *cert, bool ca);

/* RFC 5280, 4.2.1.12; none when it is for neither. */
bool		 part_extended_usage(X509 *cert, bool server, bool client);

/* Subject and authority key identifiers (RFC 5280, 4.2.1.1 and 4.2.1.2). */
bool		 part_key_ids(X509 *cert, const X509 *issuer);

/* The identifier in the CA's certificate, or else of its key. */
ASN1_OCTET_STRING *part_key_id_of(const X509 *issuer);

/* RFC 5280, 4.2.1.6: each name and address once; NULL when it did not work. */
GENERAL_NAMES	*part_names(const struct strs *dns_names, const struct strs *addresses);

/* 4 or 16 bytes, or 0 when it is no address. */
int		 part_address(const char *text, unsigned char out[16]);

/* Name constraints (RFC 5280, 4.2.1.10): DNS names and mail of these domains; addresses if so. */
bool		 part_limits(X509 *cert, const struct strs *domains, bool addresses);

#endif
