/* cmd: what the commands share that talk to an ACME server. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_ACME_H
#define CMD_ACME_H

#include "acme/acme.h"
#include "base/strs.h"
#include "cert/account.h"
#include "config/filter.h"

#include <stdbool.h>

struct context;
struct repo;

/*
 * Have the CA revoke files/cert/NAME.crt, after a question unless `yes`; the next "leap cert renew" replaces it, with a
 * new key.  ERR_USAGE when it is not one of "leap cert renew".
 */
NODISCARD
struct err	*acme_revoke_cert(struct context *context, const char *name, bool yes);

/*
 * Nodes of the instance prove that names are theirs: those with the service static that have a name serve a token,
 * those with the service dns have a TXT record.  Both are put there over SSH while it is needed and are no part of what
 * a deploy manages: /run/leap-acme, and with nsd a zone of its own.
 */
struct prover;

/* The nodes are those of the pinned environment, or else all; ones on this machine only where there are no others. */
struct prover	*prover_new(struct context *context);
void		 prover_free(struct prover *prover);

/* Add the nodes with the service static that have this name, or one that a wildcard is for.  The caller frees out->items. */
NODISCARD
struct err	*prover_sites(struct prover *prover, const char *name, struct node_list *out);

/*
 * How each of the names can be proven: as `only` says ("http-01", "dns-01"), or NULL, by http-01 where a node has the
 * name and by dns-01 elsewhere.  ERR_CONFIG, and what to do, where there is no way.
 */
NODISCARD
struct err	*prover_choose(struct prover *prover, const struct strs *names, const char *only,
		    enum acme_method *methods);

/* For acme_issue(); `acme` is lent until the next call. */
struct acme_solver prover_solver(struct prover *prover, struct acme *acme);

#endif
