/* vault: a sysadmin's own key that signs. */
/* May know age, ssh, repo, base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_SIGNER_H
#define VAULT_SIGNER_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct buf;
struct repo;

#define SIGNED_FOR	"leap-vault"

/*
 * The SSH keys of users, { "ann": ["ssh-ed25519 AAAA…"] }: of all, or of those (`members`) who can open a vault.  A
 * file that is none of keys counts for nothing here.  A new reference.
 */
NODISCARD
struct err	*signers_now(json_t **out, const struct repo *repo, bool members);

/* Whose key it is; NULL: nobody's of these.  Borrowed. */
const char	*signer_of(const json_t *signers, const char *key);

/*
 * Append a signature of the text by a private key of who runs the program that is one of these signers'.  In this
 * order: a key that needs no passphrase, or had it; the agent's; one whose passphrase is asked for; one that only
 * ssh-keygen(1) can use: ECDSA, or held by a security key.  ERR_TRUST when there is none.
 */
NODISCARD
struct err	*signer_sign(const struct repo *repo, const json_t *signers, const struct buf *text, struct buf *out);

#endif
