/* node: the kernel's packet filter. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_NFT_H
#define NODE_NFT_H

#include "base/sha256.h"

#include <stdbool.h>

struct buf;

/*
 * A text that changes whenever anything in the rules of this network namespace does: the
 * kernel's generation counter with the boot and the namespace that it counts in.  One netlink message,
 * no program.  The caller's, free().
 */
NODISCARD
struct err	*nft_generation(char **out);

/* Append the table as the kernel has it, without counters; nothing when there is no such table. */
NODISCARD
struct err	*nft_table(const char *name, struct buf *out);

/* The hash of that; "" when there is no such table. */
NODISCARD
struct err	*nft_table_hash(const char *name, char out[SHA256_HEX_SIZE]);

/* Replace the table by what `rules` defines, in one transaction; or, with `dry`, only see whether that would work. */
NODISCARD
struct err	*nft_load(const char *name, const struct buf *rules, bool dry);

/* Delete the table.  That it is not there is no error. */
NODISCARD
struct err	*nft_delete(const char *name);

#endif
