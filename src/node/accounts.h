/* node: users and groups, from /etc/passwd and /etc/group. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_ACCOUNTS_H
#define NODE_ACCOUNTS_H

#include "base/strs.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct account_user {
	char	*name;
	uid_t	 uid;
	gid_t	 gid;
	char	*home, *shell, *comment;
};

struct account_group {
	char		*name;
	gid_t		 gid;
	struct strs	 members;
};

/* Read when first asked; a static program has no other name services, and a server's own accounts are here. */
struct accounts {
	struct account_user	*users;
	size_t		 user_count;
	struct account_group	*groups;
	size_t		 group_count;
	bool		 loaded;
};

/* Forget what was read: something may have changed it. */
void			 accounts_forget(struct accounts *accounts);

/* The account, borrowed, or NULL. */
const struct account_user	*accounts_user(struct accounts *accounts, const char *name);
const struct account_group	*accounts_group(struct accounts *accounts, const char *name);
const struct account_group	*accounts_group_of(struct accounts *accounts, gid_t gid);
const char		*accounts_user_name(struct accounts *accounts, uid_t uid);

/* Names or decimal numbers.  False when there is no such account. */
bool			 accounts_uid(struct accounts *accounts, const char *name, uid_t *uid);
bool			 accounts_gid(struct accounts *accounts, const char *name, gid_t *gid);

#endif
