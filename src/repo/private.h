/* repo: what a private key looks like, of whatever kind. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_PRIVATE_H
#define REPO_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a file with this content has a private key in it: PEM and OpenSSH's, encrypted or not, or its DER; of age,
 * OpenPGP, PuTTY, Tor's onion services, WireGuard, OpenVPN, or as a JWK.  A mere mention of one, a public key or a
 * certificate is none; nor is what can be told from a public one by nobody, as the bare 32 bytes of WireGuard.
 */
bool		 has_private_key(const char *text, size_t len);

#endif
