/* cert: a certificate that the instance wants from a CA: what it is to be, and what there is. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CERT_WISH_H
#define CERT_WISH_H

#include "acme/acme.h"
#include "base/buf.h"
#include "pki/public.h"

#include <stdbool.h>
#include <stdint.h>

struct repo;

/*
 * ACME_CERTS/NAME.json says what is wanted: { "names": [...], "server": URL, "challenge": "dns-01", "profile": "...",
 * "revoked": true }, the last three where they were asked for.  files/cert/NAME.crt and .key are what there is.
 */
struct wish {
	struct strs		 names;		/* the first is what it is called; in lower case */
	char			*challenge, *profile;	/* or NULL */
	char			*server;	/* whose it is; NULL: not one of ours */
	bool			 revoked;
	char			*env;		/* of its private key; NULL: none */

	struct buf		 pem, key;	/* empty: there is none */
	struct public_cert	 cert;
	int64_t			 renew_at;	/* as its life says, or better known */
};

/* Parse "www.example.org,example.org".  ERR_USAGE.  wish_fini() also after an error. */
NODISCARD
struct err	*wish_parse(struct wish *out, const char *names);

/* What was wanted of it before, where the wish does not say otherwise. */
NODISCARD
struct err	*wish_recall(struct wish *wish, const struct repo *repo);

/* Read the certificate, where there is one; and with wish_read() the key too, for which wish->env must be known. */
NODISCARD
struct err	*wish_read_cert(struct wish *wish, const struct repo *repo);
NODISCARD
struct err	*wish_read(struct wish *wish, const struct repo *repo);

/* Why it has to be renewed, for a person, the caller's; NULL: it has not. */
char		*wish_reason(const struct wish *wish, const char *server, int64_t now);

/* Write what is wanted; the key, the chain and that.  A run that is cut in between is made good by the next. */
NODISCARD
struct err	*wish_record(const struct wish *wish, const struct repo *repo, const char *server);
NODISCARD
struct err	*wish_save(const struct wish *wish, const struct repo *repo, const char *server,
		    const struct buf *chain);
void		 wish_fini(struct wish *wish);

#endif
