/* vault: private keys and secrets of an instance. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "base/mem.h"

#include <stdbool.h>

struct buf;
struct repo;

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
 * The secret `name` ([a-z0-9_-]+) of environment `env` (NULL: "default"), in
 * secrets/ENV/NAME; made of `length` random letters and digits (about 5.8 bits
 * each, without those that look alike) when it does not exist yet.
 */
NODISCARD
struct err	*vault_secret(const struct repo *repo, const char *env, const char *name, unsigned length,
		    struct buf *out);

#endif
