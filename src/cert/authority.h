/* cert: the provider's certificate authorities: their files and what the configuration says of them. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CERT_AUTHORITY_H
#define CERT_AUTHORITY_H

#include "base/buf.h"
#include "base/strs.h"
#include "pki/key.h"

#include <stdbool.h>
#include <stdint.h>

struct config;
struct repo;

/* One signs for nodes, the other for those who connect to them. */
enum authority { AUTHORITY_SERVERS, AUTHORITY_CLIENTS, AUTHORITIES };

/* While an authority is replaced there are two of its CAs, both trusted: the one that signs, and one of the others. */
enum ca_role { CA_NOW, CA_NEXT, CA_OLD, CA_ROLES };

/* "files/ca/ca.crt", "files/ca/client_ca-next.key", "files/ca/ca-old.crl": the caller's, free(). */
char		*ca_path(enum authority authority, enum ca_role role, const char *suffix);

/* "CA", "client CA". */
const char	*authority_name(enum authority authority);

/* Whether the certificate is there; whether it can sign, too. */
bool		 ca_exists(const struct repo *repo, enum authority authority, enum ca_role role);
bool		 ca_can_sign(const struct repo *repo, enum authority authority, enum ca_role role);

NODISCARD
struct err	*ca_read_cert(const struct repo *repo, enum authority authority, enum ca_role role, struct buf *pem);

/* ERR_TRUST and a hint when it is not here, or not that of the certificate. */
NODISCARD
struct err	*ca_read_key(const struct repo *repo, enum authority authority, enum ca_role role, struct buf *pem);

/* Append the certificates that are trusted: the one that signs, then the other if there is one. */
NODISCARD
struct err	*ca_bundle(const struct repo *repo, enum authority authority, struct buf *pem);

/* Which of them signed the certificate; CA_ROLES when none did. */
NODISCARD
struct err	*ca_signer(enum ca_role *role, const struct repo *repo, enum authority authority,
		    const struct buf *cert_pem);

/* Make one, as provider.ca says, for files that are not there. */
NODISCARD
struct err	*ca_make(const struct repo *repo, struct config *config, enum authority authority, enum ca_role role,
		    int64_t now);

/* Both files of a CA at the place of another; what is there is replaced.  The key first. */
NODISCARD
struct err	*ca_copy(const struct repo *repo, enum authority authority, enum ca_role from, enum ca_role to);

/* Remove its files; those that are not there are no mistake. */
NODISCARD
struct err	*ca_remove(const struct repo *repo, enum authority authority, enum ca_role role);

/* What the provider says of the certificates that are made in an environment (NULL: none). */
struct leaf_settings {
	enum key_type	 key_type;
	unsigned	 days;
	bool		 addresses;	/* of nodes: they have their IP address too */
};
NODISCARD
struct err	*leaf_settings_read(struct leaf_settings *out, struct config *config, const char *environment,
		    enum authority authority);

/* One that lasts `days` days is made anew when it has less than this many left: a third, 60 at most. */
unsigned	 renew_days(unsigned days);

/* Whole days from now on, negative ones for what has ended. */
int		 days_left(int64_t end, int64_t now);

/* The provider's name for certificates, or NULL.  Borrowed from the configuration. */
NODISCARD
struct err	*organization_read(const char **out, struct config *config);

#endif
