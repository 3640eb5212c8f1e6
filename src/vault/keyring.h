/* vault: the keys of environments, and those of the sysadmin who runs the program. */
/* May know age, ssh, repo, base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_KEYRING_H
#define VAULT_KEYRING_H

#include "age/age.h"
#include "base/buf.h"

#include <jansson.h>

struct batch;

struct repo;
struct strs;

/*
 * vault/ENV.age is the environment's own key, encrypted to its members; vault/ENV.json says in clear which
 * recipient that key has, who the members are, by which of their keys, what former ones have seen, and which
 * secrets were given by a person, so that leap cannot make others in their place:
 *
 *   { "recipient": "age1…", "members": { "ann": ["ssh-ed25519 AAAA…"] }, "exposed": { "bob": ["secrets/…age"] },
 *     "given": ["secrets/…age"] }
 */
struct env_key {
	char			*env;
	json_t			*meta;		/* vault/ENV.json, */
	struct buf		 record;	/* and its text as it is on disk, or will be after the batch */
	struct age_recipient	*recipient;
	bool			 vouched;	/* the record is as it was signed, and so is the recipient */
	struct age_identity	*identity;	/* NULL: not opened yet */
	struct buf		 text;		/* of the identity, secret */
};

struct keyring;

/*
 * Finish what a run that was cut has begun; once, and again when this run itself has left something unfinished.  Call it
 * before anything of the vault is read.
 */
NODISCARD
struct err	*keyring_recover(const struct repo *repo);
void		 keyring_unfinished(const struct repo *repo);

/*
 * The environment's key as far as it can be known without opening it; NULL when there is none yet.  Borrowed.  ERR_TRUST
 * when there was one, or is only half of it: git has it, and nothing may be encrypted to another.
 */
NODISCARD
struct err	*keyring_env(const struct repo *repo, const char *env, struct env_key **out);

/* The same, opened with one of the sysadmin's keys.  ERR_TRUST when none of them does. */
NODISCARD
struct err	*keyring_open(const struct repo *repo, const char *env, struct env_key **out);

/* Open it if that takes no question; key->identity says whether it did. */
void		 keyring_try(const struct repo *repo, struct env_key *key);

/* Make the environment's first key, for all sysadmins there are, or one in the place of the old, which is forgotten. */
NODISCARD
struct err	*keyring_create(const struct repo *repo, const char *env, struct batch *batch, struct env_key **out);

/* Put vault/ENV.age and vault/ENV.json, for these members, into the batch. */
NODISCARD
struct err	*keyring_wrap(const struct repo *repo, struct env_key *key, const struct strs *members,
		    struct batch *batch);

/* Put vault/ENV.json alone into the batch. */
void		 keyring_record(struct env_key *key, struct batch *batch);

/* The batch is good only as long as the environment has this key and these members. */
void		 keyring_expect(const struct env_key *key, struct batch *batch);

/* The sysadmin's own keys as far as they are found, borrowed, and (NULL: nobody) who is asked for their passphrases. */
size_t		 keyring_identities(const struct repo *repo, struct age_identity ***out, const struct age_ask **ask);

/* All users that have such keys. */
NODISCARD
struct err	*member_candidates(const struct repo *repo, struct strs *out);

/* This run has changed what is to be signed. */
void		 keyring_set_due(const struct repo *repo, bool due);

/* Add the environments that have a key, or one of its files, sorted. */
NODISCARD
struct err	*keyring_envs(const struct repo *repo, struct strs *out);

#endif
