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
 * recipient that key has, who the members are, by which of their keys, and what former ones have seen:
 *
 *   { "recipient": "age1…", "members": { "ann": ["ssh-ed25519 AAAA…"] }, "exposed": { "bob": ["secrets/…age"] } }
 */
struct env_key {
	char			*env;
	json_t			*meta;		/* vault/ENV.json */
	struct age_recipient	*recipient;
	struct age_identity	*identity;	/* NULL: not opened yet */
	struct buf		 text;		/* of the identity, secret */
};

struct keyring;

/* The environment's key as far as it can be known without opening it; NULL when there is none yet.  Borrowed. */
NODISCARD
struct err	*keyring_env(const struct repo *repo, const char *env, struct env_key **out);

/* The same, opened with one of the sysadmin's keys.  ERR_TRUST when none of them does. */
NODISCARD
struct err	*keyring_open(const struct repo *repo, const char *env, struct env_key **out);

/* Make the environment's first key, for all sysadmins there are, or one in the place of the old, which is forgotten. */
NODISCARD
struct err	*keyring_create(const struct repo *repo, const char *env, struct batch *batch, struct env_key **out);

/* Put vault/ENV.age and vault/ENV.json, for these members, into the batch. */
NODISCARD
struct err	*keyring_wrap(const struct repo *repo, struct env_key *key, const struct strs *members,
		    struct batch *batch);

/* Put vault/ENV.json alone into the batch. */
void		 keyring_record(const struct env_key *key, struct batch *batch);

/* The keys of a user that files can be encrypted to: lines of "ssh-ed25519 …", "ssh-rsa …", "age1…". */
NODISCARD
struct err	*member_keys(const struct repo *repo, const char *user, struct strs *out);

/* All users that have such keys. */
NODISCARD
struct err	*member_candidates(const struct repo *repo, struct strs *out);

/* The environments that have a key. */
NODISCARD
struct err	*keyring_envs(const struct repo *repo, struct strs *out);

#endif
