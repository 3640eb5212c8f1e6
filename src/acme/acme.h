/* acme: certificates from an ACME server (RFC 8555), for domains that a solver proves to be ours. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ACME_ACME_H
#define ACME_ACME_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acme;
struct buf;
struct strs;

struct acme_settings {
	const char		*server;	/* the URL of its directory */
	const struct buf	*ca_pem;	/* the CAs that the server's own certificate may be of; NULL: the system's */
	const struct buf	*account_key;	/* ECDSA P-256, PEM */
	const char		*account;	/* the account's URL; NULL before acme_register() */
	bool			(*stopped)(void);	/* all calls fail soon when it becomes true; may be NULL */
};

/* The URL that a name ("letsencrypt", "letsencrypt-staging") stands for, or `name` itself where it is one, else NULL. */
const char	*acme_server(const char *name);

/* Fetch the directory.  *out is the caller's, acme_close(); it borrows the settings. */
NODISCARD
struct err	*acme_open(struct acme **out, const struct acme_settings *settings);
void		 acme_close(struct acme *acme);

/* What the server wants to be agreed to: a URL, cleaned, borrowed; NULL: nothing. */
const char	*acme_terms(const struct acme *acme);

/* Whether a new account needs an external binding; the profiles that are offered, borrowed. */
bool		 acme_needs_binding(const struct acme *acme);
const struct strs *acme_profiles(const struct acme *acme);

/*
 * Make the account of the key, or find it when there is one.  `contacts` are mail addresses; `kid` and `mac_key` are of
 * an external account, RFC 8555, 7.3.4, NULL without.  *account is its URL, the caller's, free().
 */
NODISCARD
struct err	*acme_register(struct acme *acme, const struct strs *contacts, const char *kid,
		    const struct buf *mac_key, char **account);

enum acme_method { ACME_HTTP, ACME_DNS };
const char	*acme_method_name(enum acme_method method);	/* "http-01" */

/* What must be found at a name: RFC 8555, 8.3 and 8.4. */
struct acme_proof {
	char			*name;		/* with "*." in front of a wildcard's */
	enum acme_method	 method;
	char			*token;		/* ACME_HTTP: at http://NAME/.well-known/acme-challenge/TOKEN; base64url, */
	char			*text;		/* this text; ACME_DNS: in a TXT record of _acme-challenge.NAME, without "*." */
};

/* publish() returns when all can be found; withdraw() is called after it, whatever came of it. */
struct acme_solver {
	struct err	*(*publish)(void *context, const struct acme_proof *proofs, size_t count);
	void		 (*withdraw)(void *context, const struct acme_proof *proofs, size_t count);
	void		 *context;
};

struct acme_wish {
	const struct strs	*names;		/* in lower case */
	const enum acme_method	*methods;	/* as many */
	const struct buf	*key_pem;	/* of the certificate */
	const char		*profile;	/* or NULL */
	const char		*replaces;	/* the ari_id of the one before, or NULL */
	const struct acme_solver *solver;
};

/*
 * Order a certificate, prove, fetch: at most five minutes.  The chain that is appended passed public_check() at `now`.
 * Errors of the server's are ERR_FAILED and have what it said; a chain that is not as it should be is ERR_TRUST.
 */
NODISCARD
struct err	*acme_issue(struct acme *acme, const struct acme_wish *wish, int64_t now, struct buf *chain_pem);

/* RFC 5280, 5.3.1. */
enum acme_reason { ACME_UNSPECIFIED = 0, ACME_COMPROMISED = 1, ACME_SUPERSEDED = 4, ACME_CESSATION = 5 };

/* Revoke a certificate of this account.  One that is revoked already is no error. */
NODISCARD
struct err	*acme_revoke(struct acme *acme, const struct buf *cert_pem, enum acme_reason reason);

/* When the server would like a certificate to be renewed (RFC 9773). */
struct acme_window {
	int64_t	start, end;	/* 0: it does not say */
};
NODISCARD
struct err	*acme_window(struct acme *acme, const char *ari_id, struct acme_window *out);

/*
 * From when on a certificate should be renewed: at two thirds of its life; or, where the server has a window, at a
 * moment in that which depends on the certificate only, but never later than at five sixths.
 */
int64_t		 acme_renew_at(int64_t not_before, int64_t not_after, const struct acme_window *window,
		    const char *ari_id);

/*
 * The client of `acme` as one that asks a node's web server: append what is at http://NAME/PATH at this address.
 * acme_ask_txt(): whether the name server at the address has this TXT record, asked over UDP.
 */
NODISCARD
struct err	*acme_probe(struct acme *acme, struct buf *out, const char *name, const char *address, const char *path);
NODISCARD
struct err	*acme_ask_txt(const char *address, const char *name, const char *text, bool *found);

#endif
