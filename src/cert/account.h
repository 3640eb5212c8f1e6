/* cert: the instance's account with an ACME server, and where it keeps what it has from there. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CERT_ACCOUNT_H
#define CERT_ACCOUNT_H

#include "acme/acme.h"
#include "base/buf.h"

struct repo;

#define ACME_ACCOUNT_PATH	"files/acme/account.json"
#define ACME_KEY_PATH		"files/acme/account.key"	/* in the vault */
#define ACME_CERTS		"files/acme/certs"		/* NAME.json: what files/cert/NAME.crt is to be */
#define ACME_CERT_PATH		"files/cert/%s.crt"
#define ACME_CERT_KEY_PATH	"files/cert/%s.key"		/* in the vault */

/* The account: { "server": URL, "account": URL, "ca": PEM or missing }, and its key. */
struct account {
	char		*server, *url;
	struct buf	 ca_pem;	/* empty: the system's CAs */
	struct buf	 key;
};

/* ERR_USAGE with a hint when there is none.  account_fini() also after an error. */
NODISCARD
struct err	*account_read(struct account *out, const struct repo *repo);
void		 account_fini(struct account *account);

/* The same as settings, which borrow from it. */
struct acme_settings account_settings(const struct account *account);

#endif
