/* vault: private keys and secrets of an instance. */
/* May know age, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct repo;
struct strs;

/*
 * Files that are encrypted at rest: the key of an environment's vault, vault/ENV.age, is encrypted to that environment's
 * sysadmins, and everything else to that key, one file each: PATH.age for PATH.  They are age v1, armored, so that
 * the program age(1) opens them.  Paths in this interface are without ".age".  Whatever is read or written is registered with
 * mask_register(); buffers must be secret ones.  Where nothing may be written (repo->read_only) nothing is opened
 * either: a text that follows from the encrypted file stands in for its content.
 */

/* A file by its path in the instance ("files/nodes/web1/web1.key"), of environment `env` (NULL: "default"). */
NODISCARD
struct err	*vault_read(const struct repo *repo, const char *env, const char *path, struct buf *out);

/*
 * A file that has this content already, as far as the vault opens without a question, stays as it is.  Makes the
 * environment's vault.
 */
NODISCARD
struct err	*vault_write(const struct repo *repo, const char *env, const char *path, const void *data, size_t len);

/* Whether that is so: the file has this content. */
bool		 vault_has_this(const struct repo *repo, const char *env, const char *path, const void *data, size_t len);

/* Several, all together or not at all. */
struct vault_item {
	const char	*env, *path;
	const void	*data;
	size_t		 len;
	bool		 given;		/* by a person: leap could not make another one */
	bool		 plain;		/* no secret, but of no use without one: PATH itself, as it is */
};
NODISCARD
struct err	*vault_write_all(const struct repo *repo, const struct vault_item *items, size_t count);
bool		 vault_given(const struct repo *repo, const char *env, const char *path);
bool		 vault_has(const struct repo *repo, const char *path);

/* What is not there is no mistake. */
NODISCARD
struct err	*vault_remove(const struct repo *repo, const char *path);

/*
 * Let the vault of this instance be opened: `ask` gets the passphrase of the key `name` (NULL: keys with
 * passphrases are passed over).  vault_fini() forgets all keys; NULL is fine.
 */
void		 vault_setup(struct repo *repo,
		    struct err *(*ask)(void *context, const char *name, struct buf *passphrase), void *context);
void		 vault_fini(struct repo *repo);

/*
 * Register the values of all secrets with mask_register(), so that mask_has() knows them: as far as the vault can be
 * opened, without a question where vault_setup() got nobody to ask.  Nothing is written.  Returns how many there were.
 */
size_t		 vault_reveal(const struct repo *repo);

/* Where a sysadmin's own key of age is, for those whose SSH key cannot decrypt: the caller's, free(); NULL: no home. */
char		*vault_identity_path(void);

/*
 * Encrypt the keys of these environments for `user` too; the user's keys are those in users/NAME.  ERR_TRUST when
 * the one who asks cannot open them.
 */
NODISCARD
struct err	*vault_admit(const struct repo *repo, const char *user, const struct strs *envs);

/*
 * Shut users out and remove them from users/: each environment that one of them could open gets another key, all its
 * files are encrypted to that, and what they have seen, which is added to `seen`, is on record until it is replaced.  All
 * or nothing.  ERR_USAGE when somebody else has a key of theirs, which would go on opening it all.
 */
NODISCARD
struct err	*vault_expel(const struct repo *repo, const struct strs *users, struct strs *seen);

/*
 * Add the paths of what `user` has seen of an environment (NULL: of all) and nobody has replaced or removed since,
 * sorted.  Who is a member still sees all; that is not listed.
 */
NODISCARD
struct err	*vault_exposed(const struct repo *repo, const char *env, const char *user, struct strs *out);

/*
 * Who can open what, and what is wrong with that, as far as it can be known without any private key:
 *
 *   { "environments": [{ "environment": "live", "secrets": 4, "members": { "ann": ["ssh-ed25519"] },
 *         "people": 1, "exposed": { "bob": ["secrets/live/db"] } }],
 *     "problems": [{ "file": "vault/live.age", "problem": "…", "hint": "…", "warning": false }] }
 *
 * Members who share a key are one of the "people".  Labels of recipients are claims: whoever can write a file can write
 * those.  *out is a new reference.
 */
NODISCARD
struct err	*vault_audit(json_t **out, const struct repo *repo);

/* Add the environments that have a vault, or (`user` not NULL) those whose vault that user can open. */
NODISCARD
struct err	*vault_environments(const struct repo *repo, const char *user, struct strs *out);

/* Add the user's keys that files can be encrypted to: lines of "ssh-ed25519 ...", "ssh-rsa ...", "age1...". */
NODISCARD
struct err	*vault_member_keys(const struct repo *repo, const char *user, struct strs *out);

/* The same with those that can only sign. */
NODISCARD
struct err	*vault_user_keys(const struct repo *repo, const char *user, struct strs *out);

/* Add the users, but for these, who have one of the keys on these lines. */
NODISCARD
struct err	*vault_key_holders(const struct repo *repo, const struct strs *lines, const struct strs *except,
		    struct strs *out);

/* Add the paths of all encrypted files but the environments' keys, sorted. */
NODISCARD
struct err	*vault_files(const struct repo *repo, struct strs *out);

#define SECRET_MIN	8u	/* characters */
#define SECRET_MAX	1024u

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
 * secrets/ENV/NAME.age; made when it does not exist yet.  One that exists stays as
 * it is, whatever its length, but must have the form: any text has SECRET_TEXT's.
 * Where nothing may be written (repo->read_only) it gets a
 * stand-in, the same each time, that follows from environment and name.
 */
NODISCARD
struct err	*vault_secret(const struct repo *repo, const char *env, const char *name,
		    const struct secret_kind *kind, struct buf *out);

/* The path of a secret for vault_read() and the others, "secrets/ENV/NAME": the caller's, free().  ERR_CONFIG for bad names. */
NODISCARD
struct err	*secret_path(char **out, const char *env, const char *name);

/* Whether a file, "secrets/ENV/NAME.age", is a secret by its name; *word is "ENV/NAME" then: the caller's, free(), or NULL. */
bool		 secret_file(const char *file, char **word);

/* Append a new value: nothing but that, no file is touched.  ERR_CONFIG when there is no such kind. */
NODISCARD
struct err	*secret_invent(const char *name, const struct secret_kind *kind, struct buf *out);

/* A path's secret, read without the newline at its end. */
NODISCARD
struct err	*secret_read(const struct repo *repo, const char *env, const char *path, struct buf *out);

/* Whether the value could be of this kind. */
bool		 secret_is(const struct secret_kind *kind, const char *text, size_t len);

/* The characters that secrets of this form are made of. */
const char	*secret_letters(enum secret_form form);

#endif
