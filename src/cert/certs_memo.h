/* cert: remembers which certificates were found good, so that the next run need not read them. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CERT_CERTS_MEMO_H
#define CERT_CERTS_MEMO_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct cert_request;
struct repo;

/*
 * Checking a certificate and its key takes near a millisecond, too much for thousands of them.  What was found good once
 * is remembered by size, times and number of both files, as git's index does, with the names that it was asked to have
 * and the CA.  The file is the user's, $XDG_CACHE_HOME/leap/certificates/INSTANCE.json; without it all goes on, slower.
 */
struct certs_memo;

/*
 * What is known of this instance's certificates by this CA (and all else that `ca` has), certs_memo_close(); NULL where
 * files are not on disk.
 */
struct certs_memo *certs_memo_open(const struct repo *repo, const struct buf *ca);

/* Write what is new, unless nothing may be written. */
void		 certs_memo_close(struct certs_memo *take_memo);

/* One certificate of a node: files of the instance, and what it is asked to be. */
struct certs_memo_entry {
	const char			*node, *environment;	/* its name; NULL for none */
	const char			*cert_path, *key_path;
	const struct cert_request	*request;
};

/* Whether it was found good, files and all being as they were then, and ends at `until` or later. */
bool		 certs_memo_has(const struct certs_memo *memo, const struct certs_memo_entry *entry, int64_t until);

/* It is good, and ends at `ends`. */
void		 certs_memo_add(struct certs_memo *memo, const struct certs_memo_entry *entry, int64_t ends);

#endif
