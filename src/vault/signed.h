/* vault: whether the vault is as a sysadmin signed it, and signing it. */
/* May know age, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_SIGNED_H
#define VAULT_SIGNED_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct repo;

/*
 * Files are encrypted to public keys: whoever can push to git could put others in their place, or make themselves
 * a sysadmin.  So vault/SHA256SUMS lists all files of the vault and of users/, and vault/SHA256SUMS.sig is its
 * signature by an SSH key of somebody who can open a vault, for the name space "leap-vault": sha256sum -c and
 * ssh-keygen -Y verify check the same.  Who may sign is what users/ says; that users/ is not another's is what this
 * machine remembers (vault/memory.h): a signer must have been one when a signature was last accepted here.  At first
 * sight whoever signed is believed.
 */
#define SUMS_FILE	"vault/SHA256SUMS"
#define SUMS_SIGNATURE	SUMS_FILE ".sig"

/*
 * Signed along with the rest: how often the vault was signed.  What has a lower number than what was deployed from here is
 * refused, though a sysadmin once signed it: or whoever can push could bring back a sysadmin who left, or an old secret.
 */
#define SUMS_SERIAL	SUMS_FILE ".serial"

struct vault_signed {
	char		*signer, *fingerprint;	/* of a signature that counts; else NULL */
	bool		 first;			/* this machine sees it for the first time */
	size_t		 own;			/* files that leap changed here and has not signed yet */
	/*
	 * Each with its place and rule, joined; NULL: all is as it was signed.  A vault that was never signed is one
	 * warning.  What leap changed here itself is none.
	 */
	struct err	*problems;
};

/* Compare; without any private key.  vault_signed_fini(). */
NODISCARD
struct err	*vault_signed(struct vault_signed *out, const struct repo *repo);
void		 vault_signed_fini(struct vault_signed *state);

/* ERR_TRUST when the file is not as it was signed, or as leap itself has left it here. */
NODISCARD
struct err	*vault_unchanged(const struct repo *repo, const char *path);

/*
 * From now on signers must be those of this state, and (`deployed`) older ones are refused.  Nothing is remembered while
 * there are problems.
 */
NODISCARD
struct err	*vault_accept(const struct repo *repo, bool deployed);

/*
 * Sign what leap itself has changed here, if the rest is signed by somebody who is trusted, or leap made all of the
 * vault.  Nothing happens where nothing has changed, or the vault never was signed.  ERR_TRUST when that may not be
 * done, or when there is no key to do it with; then it stays to be done.
 */
NODISCARD
struct err	*vault_sign_own(const struct repo *repo);

/* Sign all as it is, and trust it here.  *changed is false when that was so already. */
NODISCARD
struct err	*vault_sign_all(const struct repo *repo, bool *changed);

/* Whether this run has changed anything that is to be signed. */
bool		 vault_sign_due(const struct repo *repo);

/* leap is about to write a file of users/, or (`data` NULL) to remove it; what goes through the vault need not be told. */
NODISCARD
struct err	*vault_own(const struct repo *repo, const char *path, const void *data, size_t len);

/* Whoever runs the program vouches for a user's files as they are. */
NODISCARD
struct err	*vault_own_user(const struct repo *repo, const char *user);

/* A new instance has come to this path. */
void		 vault_forget(const struct repo *repo);

#endif
