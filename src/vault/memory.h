/* vault: what this machine remembers of an instance's vault, where nobody who can push to git can change it. */
/* May know repo, base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_MEMORY_H
#define VAULT_MEMORY_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct batch;
struct repo;

/*
 * In the user's directory for state, a directory for each instance, by its real path.  memory.json is the vault as it
 * was when its signature was last accepted here:
 *
 *   { "instance": "/home/ann/provider", "serial": 7, "signers": { "ann": ["ssh-ed25519 AAAA…"] },
 *     "files": { "vault/live.age": "HASH" } }
 *
 * and `own` lists what leap has changed here since: "HASH  PATH", or "-  PATH" for what it removed.  A line is there
 * before the file changes, so that a run that is cut leaves no change of which nobody knows whose it is.
 */
struct memory {
	json_t	*signers, *files;	/* NULL: nothing was ever accepted */
	json_int_t serial;		/* of what was deployed last; 0: it had none */
	json_t	*own;			/* hash, or null for what was removed, by path */
	size_t	 own_len;		/* bytes of the file that it was read from */
};

/* A machine without a home directory remembers nothing.  memory_fini(). */
NODISCARD
struct err	*memory_read(struct memory *out, const struct repo *repo);
void		 memory_fini(struct memory *memory);

/* What is there now is accepted; it is not written where it is the same. */
NODISCARD
struct err	*memory_accept(const struct repo *repo, const struct memory *before, json_int_t serial,
		    const json_t *signers, const json_t *files);

/* Add to what leap has changed; `data` is NULL for a file that is removed. */
NODISCARD
struct err	*memory_own(const struct repo *repo, const char *path, const void *data, size_t len);
NODISCARD
struct err	*memory_own_batch(const struct batch *batch);

/* All of that is signed; what another run has added since it was read stays. */
NODISCARD
struct err	*memory_own_clear(const struct repo *repo, const struct memory *memory);

/* Whether leap made the file as it is (`hash`; NULL: it is gone). */
bool		 memory_is_own(const struct memory *memory, const char *path, const char *hash);

#endif
