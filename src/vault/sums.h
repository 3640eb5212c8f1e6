/* vault: which files make up the vault, and their hashes, as sha256sum(1) lists them. */
/* May know repo, base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_SUMS_H
#define VAULT_SUMS_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct buf;
struct repo;

/*
 * What somebody could replace and nobody would see: encrypted files, which anybody can write; who may open them; and
 * the keys of sysadmins.  Lists are objects of hexadecimal SHA-256 by paths in the instance.
 */
bool		 sums_cover(const char *path);

/* Of all such files as they are, a new reference. */
NODISCARD
struct err	*sums_scan(json_t **out, const struct repo *repo);

/* "HASH  PATH" lines, sorted by path; sums_parse() takes nothing else and says which line is wrong. */
void		 sums_write(const json_t *sums, struct buf *out);
NODISCARD
struct err	*sums_parse(json_t **out, const char *name, const char *text, size_t len);

/* The hash in a list, NULL when it has no such path. */
const char	*sums_of(const json_t *sums, const char *path);

#endif
