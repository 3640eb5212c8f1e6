/* cmd: whether the vault is as its sysadmins signed it, before a command relies on it. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SEAL_H
#define CMD_SEAL_H

#include "base/mem.h"

#include <stdbool.h>

struct repo;

/*
 * ERR_TRUST, with all that is wrong, unless `anyway`: then that is said to the user, as it is of a vault that never was
 * signed.  A state that is good is remembered.
 */
NODISCARD
struct err	*seal_check(const struct repo *repo, bool anyway);

/* Only say so. */
NODISCARD
struct err	*seal_warn(const struct repo *repo);

#endif
