/* age: files encrypted to keys, in the format that the program age(1) reads and writes. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AGE_AGE_H
#define AGE_AGE_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct strs;

/*
 * The format is age v1, C2SP's age.md: X25519 and scrypt stanzas; and those for SSH keys, ssh-ed25519 and
 * ssh-rsa, as the program age has them.  Buffers for what is secret must be secret ones.
 */

/* Somebody to whom files are encrypted. */
struct age_recipient;

/*
 * From "age1…", "ssh-ed25519 AAAA…" or "ssh-rsa AAAA…"; a comment may follow.  ERR_CONFIG for what is not one of
 * these, with a hint for SSH keys that can sign only (ECDSA, FIDO).  *out is the caller's, age_recipient_free().
 */
NODISCARD
struct err	*age_recipient_new(struct age_recipient **out, const char *text);
void		 age_recipient_free(struct age_recipient *recipient);

/*
 * How a file shows that it is for this recipient: "ssh-ed25519 TAG", "ssh-rsa TAG" with four bytes of the key's
 * SHA-256 in base64; "X25519" for all native ones alike.  A claim that anybody could have written, no proof.
 */
void		 age_recipient_label(const struct age_recipient *recipient, struct buf *out);

/* Append the labels of those whom a file is for; "scrypt" is a passphrase. */
NODISCARD
struct err	*age_labels(struct strs *out, const void *data, size_t len);

/* Somebody who can decrypt. */
struct age_identity;

/*
 * From the text of a private key: "AGE-SECRET-KEY-1…" (lines with "#" before it are skipped), or a key of
 * ssh-keygen(1): Ed25519 or RSA, OpenSSH's format or PEM.  `name` is for questions and messages and is copied.  A key with
 * a passphrase is unlocked when a file wants it.  *out is the caller's, age_identity_free().
 */
NODISCARD
struct err	*age_identity_new(struct age_identity **out, const char *name, const char *text, size_t len);

/* One that opens files that are encrypted with this passphrase. */
void		 age_identity_passphrase(struct age_identity **out, const struct buf *passphrase);
void		 age_identity_free(struct age_identity *identity);

/* Append a new native identity's "AGE-SECRET-KEY-1…" and its recipient's "age1…", no newlines. */
NODISCARD
struct err	*age_generate(struct buf *identity, struct buf *recipient);

/* Get the passphrase of the key `name`, or fail. */
struct age_ask {
	struct err	*(*ask)(void *context, const char *name, struct buf *passphrase);
	void		*context;
};

/* Append the encrypted form of `data`, in binary. */
NODISCARD
struct err	*age_encrypt(struct buf *out, struct age_recipient *const *recipients, size_t count, const void *data,
		    size_t len);

/* The same to a passphrase; scrypt takes 2^work_factor × 1 KiB of memory (18: 256 MiB, half a second). */
NODISCARD
struct err	*age_encrypt_passphrase(struct buf *out, const struct buf *passphrase, unsigned work_factor,
		    const void *data, size_t len);

/*
 * Append what a file (binary or armored) has inside.  ERR_TRUST when none of the identities opens it, or it was changed
 * or cut; *out is as before then.  `ask` may be NULL: keys with passphrases are passed over.
 */
NODISCARD
struct err	*age_decrypt(struct buf *out, struct age_identity *const *identities, size_t count,
		    const struct age_ask *ask, const void *data, size_t len);

/* Append as text, "-----BEGIN AGE ENCRYPTED FILE-----". */
void		 age_armor(struct buf *out, const void *data, size_t len);

/* Append the bytes that armor stands for.  ERR_TRUST when it is not the one way to write them. */
NODISCARD
struct err	*age_unarmor(struct buf *out, const char *text, size_t len);
bool		 age_is_armored(const void *data, size_t len);

#endif
