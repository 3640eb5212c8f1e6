/* age: signatures by SSH keys, as ssh-keygen(1) -Y makes and checks them. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AGE_SSHSIG_H
#define AGE_SSHSIG_H

#include "age/age.h"

/*
 * OpenSSH's PROTOCOL.sshsig.  The name space says what a signature is for, so that one made for something else does not
 * count here.  A public key is its wire form (RFC 4253, 6.6).
 */

/*
 * Whether the armored signature is one of `data`; the public key that made it is appended to `key`, and says nothing
 * about whose that is.  Ed25519, ECDSA, RSA (SHA-2 only), and Ed25519 and ECDSA P-256 held by a security key that
 * was touched.  ERR_TRUST for all else, also for what is not the one way to write a signature down.
 */
NODISCARD
struct err	*sshsig_verify(struct buf *key, const char *name_space, const char *text, size_t len, const void *data,
		    size_t data_len);

/*
 * Append the armored signature of `data` by an SSH identity.  One that is locked is unlocked first: ERR_TRUST when that
 * fails.  ERR_CONFIG for an identity that is no SSH key.
 */
NODISCARD
struct err	*sshsig_sign(struct buf *out, struct age_identity *identity, const struct age_ask *ask,
		    const char *name_space, const void *data, size_t data_len);

/* An SSH identity's public key, borrowed; empty for all others.  *locked: it wants its passphrase still. */
const struct buf *age_identity_key(const struct age_identity *identity, bool *locked);

#endif
