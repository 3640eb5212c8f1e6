/* cmd: SSH host keys: those that are revoked. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_HOST_KEYS_H
#define CMD_HOST_KEYS_H

#include "base/mem.h"

struct repo;

#define SSH_REVOKED_PATH	"files/ca/ssh_revoked.pub"

/* Put a host key on record as revoked, "type base64 NODE"; once. */
NODISCARD
struct err	*host_key_revoke(const struct repo *repo, const char *key, const char *node);

#endif
