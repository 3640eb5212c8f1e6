/* cmd: sysadmins as members of the vault. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_MEMBER_H
#define CMD_MEMBER_H

#include "base/mem.h"

#include <stdbool.h>

struct repo;
struct strs;

/* Write users/NAME/NAME.age, the user's public key of age. */
NODISCARD
struct err	*member_write(const struct repo *repo, const char *name, const char *recipient);

/*
 * Let a user into all vaults that there are.  For oneself (`self`) a key of age is made where no SSH key decrypts, and
 * it is no error that somebody else has to let one in.
 */
NODISCARD
struct err	*member_admit(const struct repo *repo, const char *name, bool self);

/* Shut users out of all of them, out of users/ too, and say what has to be replaced. */
NODISCARD
struct err	*member_expel(const struct repo *repo, const struct strs *names);

/* ERR_USAGE when somebody else has one of the keys on these lines: one of both could not be removed without the other. */
NODISCARD
struct err	*member_check_keys(const struct repo *repo, const char *name, const char *lines);

/* Say which environments only one person can open: should that key be lost, all in them is. */
NODISCARD
struct err	*member_warn(const struct repo *repo);

#endif
