/* pki: public keys of OpenPGP, as far as it takes to tell whose they are. */
/* May know base.  What is read here others wrote: it never meets a private key of leap's. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_OPENPGP_H
#define PKI_OPENPGP_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPENPGP_FINGERPRINT_SIZE	65

/* openpgp_fini(), also after an error. */
struct openpgp_key {
	unsigned	 version;	/* 4 or 6 */
	char		 fingerprint[OPENPGP_FINGERPRINT_SIZE];	/* 40 or 64 upper-case hexadecimal digits */
	char		*user_id;	/* the first; NULL: it has none */
	int64_t		 created, expires;	/* seconds since the epoch; expires 0: never */
	bool		 revoked;
};

/*
 * Read one transferable public key (RFC 9580, 10.1), armored or not.  ERR_CONFIG for all else: private keys, several
 * keys, versions that are broken or unknown.  The fingerprint follows from the key; what it says of its own end is
 * taken from its signatures on itself, which are not verified: that can make a key look older than it is, never younger
 * than whoever wrote the file wants.
 */
NODISCARD
struct err	*openpgp_read(struct openpgp_key *out, const void *data, size_t len);
void		 openpgp_fini(struct openpgp_key *key);

#endif
