/* vault: private keys and secrets of an instance. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct repo;
struct strs;

/*
 * For now one plain file of mode 0600 each, which .gitignore keeps out of git;
 * this interface stays when they become age files.  Whatever is read is
 * registered with mask_register(), and `out` must be a secret buffer.
 */

/* A private key by its path in the instance ("files/nodes/web1/web1.key"). */
NODISCARD
struct err	*vault_read(const struct repo *repo, const char *path, struct buf *out);
NODISCARD
struct err	*vault_write(const struct repo *repo, const char *path, const void *data, size_t len);
bool		 vault_has(const struct repo *repo, const char *path);
NODISCARD
struct err	*vault_remove(const struct repo *repo, const char *path);

/*
 * Let the vault of this instance be opened: `ask` gets the passphrase of the key `name` (NULL: keys with
 * passphrases are passed over).  vault_fini() forgets all keys; NULL is fine.
 */
void		 vault_setup(struct repo *repo,
		    struct err *(*ask)(void *context, const char *name, struct buf *passphrase), void *context);
void		 vault_fini(struct repo *repo);

/* Where a sysadmin's own key of age is, for those whose SSH key cannot decrypt: the caller's, free(); NULL: no home. */
char		*vault_identity_path(void);

/*
 * Encrypt the keys of these environments for `user` too; the user's keys are those in users/NAME.  ERR_TRUST when
 * the one who asks cannot open them.
 */
NODISCARD
struct err	*vault_admit(const struct repo *repo, const char *user, const struct strs *envs);

/*
 * Shut a user out: each environment that the user could open gets another key, all its files are encrypted to that, and
 * what the user has seen, which is added to `seen`, is on record until it is replaced.  All or nothing.
 */
NODISCARD
struct err	*vault_expel(const struct repo *repo, const char *user, struct strs *seen);

/* Add the environments that have a vault, or (`user` not NULL) those whose vault that user can open. */
NODISCARD
struct err	*vault_environments(const struct repo *repo, const char *user, struct strs *out);

/* Add the paths of all encrypted files but the environments' keys, sorted. */
NODISCARD
struct err	*vault_files(const struct repo *repo, struct strs *out);

/* What a secret is made of. */
enum secret_form {
	SECRET_TEXT,		/* letters and digits without those that look alike, about 5.8 bits each */
	SECRET_HEX,		/* lower-case hexadecimal digits, 4 bits each */
	SECRET_BASE32,		/* A-Z and 2-7, 5 bits each (RFC 4648, 6) */
	SECRET_NUMBER,		/* a decimal number, each of the range as likely */
};

struct secret_kind {
	enum secret_form	 form;
	unsigned		 length;	/* characters; not for numbers */
	uint64_t		 first, last;	/* both are in the range; for numbers only */
};

/*
 * The secret `name` ([a-z0-9_-]+) of environment `env` (NULL: "default"), in
 * secrets/ENV/NAME; made when it does not exist yet.  One that exists stays as
 * it is, whatever its length, but must have the form: any text has SECRET_TEXT's.
 * Where nothing may be written (repo->read_only) one that is missing gets a
 * stand-in, the same each time, that follows from environment and name.
 */
NODISCARD
struct err	*vault_secret(const struct repo *repo, const char *env, const char *name,
		    const struct secret_kind *kind, struct buf *out);

/* The characters that secrets of this form are made of. */
const char	*secret_letters(enum secret_form form);

#endif
