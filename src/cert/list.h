/* cert: all of an instance that ends one day: CAs, certificates, revocation lists. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CERT_LIST_H
#define CERT_LIST_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct repo;

struct cert_row {
	char		*name;		/* "web1", "ca-next", "alice", "example.org" */
	char		*what;		/* "node", "client", "CA", "on web1" … */
	char		*path;
	char		*key;		/* "P-256", "ssh-ed25519"; "" for lists */
	char		*fingerprint;	/* SHA-256, "AB:CD:…"; for SSH that of the key, "SHA256:…" */
	int64_t		 ends;		/* CERT_ENDLESS */
	unsigned	 window;	/* days before its end from which something has to be done */
	bool		 revoked;
	bool		 disabled;	/* it is of a node that is */
	bool		 list;		/* of revocations, no certificate */
	bool		 ssh;		/* no X.509 */
	bool		 elsewhere;	/* on a node that gets it itself: no more is known here, and there is no file */
};
#define CERT_ENDLESS	INT64_MAX

/* Sorted by their end.  cert_list_fini(), also after an error. */
struct cert_list {
	struct cert_row	*rows;
	size_t		 count, cap;
};
NODISCARD
struct err	*cert_list_read(struct cert_list *list, const struct repo *repo, struct config *config);

/* The certificate that is called so, or is in that file; borrowed.  ERR_USAGE when there is none, or several. */
NODISCARD
struct err	*cert_list_find(const struct cert_list *list, const char *name, const struct cert_row **out);
void		 cert_list_fini(struct cert_list *list);

#endif
