/* node: users and groups, from /etc/passwd and /etc/group. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* getpwnam() would load name service modules, which a static program cannot; fgetpwent() only parses. */
static void
load_users(struct accounts *accounts)
{
	FILE			*fp = fopen("/etc/passwd", "re");
	const struct passwd	*entry;
	size_t			 cap = 0;

	while (fp != NULL && (entry = fgetpwent(fp)) != NULL) {
		if (accounts->user_count == cap) {
			cap = cap != 0 ? cap * 2 : 64;
			accounts->users = xrealloc(accounts->users, cap, sizeof(*accounts->users));
		}
		accounts->users[accounts->user_count++] = (struct account_user){
			.name = xstrdup(entry->pw_name), .uid = entry->pw_uid, .gid = entry->pw_gid,
			.home = xstrdup(entry->pw_dir), .shell = xstrdup(entry->pw_shell),
			.comment = xstrdup(entry->pw_gecos),
		};
	}
	if (fp != NULL)
		fclose(fp);
}

static void
load_groups(struct accounts *accounts)
{
	FILE			*fp = fopen("/etc/group", "re");
	const struct group	*entry;
	struct account_group	*put;
	size_t			 cap = 0;

	while (fp != NULL && (entry = fgetgrent(fp)) != NULL) {
		if (accounts->group_count == cap) {
			cap = cap != 0 ? cap * 2 : 64;
			accounts->groups = xrealloc(accounts->groups, cap, sizeof(*accounts->groups));
		}
		put = &accounts->groups[accounts->group_count++];
		*put = (struct account_group){ .name = xstrdup(entry->gr_name), .gid = entry->gr_gid };
		for (char **member = entry->gr_mem; *member != NULL; member++)
			strs_add(&put->members, *member);
	}
	if (fp != NULL)
		fclose(fp);
}

static void
load(struct accounts *accounts)
{
	if (accounts->loaded)
		return;
	load_users(accounts);
	load_groups(accounts);
	accounts->loaded = true;
}

void
accounts_forget(struct accounts *accounts)
{
	for (size_t i = 0; i < accounts->user_count; i++) {
		free(accounts->users[i].name);
		free(accounts->users[i].home);
		free(accounts->users[i].shell);
		free(accounts->users[i].comment);
	}
	for (size_t i = 0; i < accounts->group_count; i++) {
		free(accounts->groups[i].name);
		strs_fini(&accounts->groups[i].members);
	}
	free(accounts->users);
	free(accounts->groups);
	*accounts = (struct accounts){ 0 };
}

const struct account_user *
accounts_user(struct accounts *accounts, const char *name)
{
	load(accounts);
	for (size_t i = 0; i < accounts->user_count; i++)
		if (strcmp(accounts->users[i].name, name) == 0)
			return &accounts->users[i];
	return NULL;
}

const struct account_group *
accounts_group(struct accounts *accounts, const char *name)
{
	load(accounts);
	for (size_t i = 0; i < accounts->group_count; i++)
		if (strcmp(accounts->groups[i].name, name) == 0)
			return &accounts->groups[i];
	return NULL;
}

const struct account_group *
accounts_group_of(struct accounts *accounts, gid_t gid)
{
	load(accounts);
	for (size_t i = 0; i < accounts->group_count; i++)
		if (accounts->groups[i].gid == gid)
			return &accounts->groups[i];
	return NULL;
}

const char *
accounts_user_name(struct accounts *accounts, uid_t uid)
{
	load(accounts);
	for (size_t i = 0; i < accounts->user_count; i++)
		if (accounts->users[i].uid == uid)
			return accounts->users[i].name;
	return NULL;
}

static bool
number(const char *text, unsigned *out)
{
	char		*end;
	unsigned long	 value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value > 4294967294UL)
		return false;
	*out = (unsigned)value;
	return true;
}

bool
accounts_uid(struct accounts *accounts, const char *name, uid_t *uid)
{
	const struct account_user	*user;

	*uid = 0;
	if (strcmp(name, "root") == 0)
		return true;
	user = accounts_user(accounts, name);
	if (user != NULL)
		*uid = user->uid;
	return user != NULL || number(name, uid);
}

bool
accounts_gid(struct accounts *accounts, const char *name, gid_t *gid)
{
	const struct account_group	*group;

	*gid = 0;
	if (strcmp(name, "root") == 0)
		return true;
	group = accounts_group(accounts, name);
	if (group != NULL)
		*gid = group->gid;
	return group != NULL || number(name, gid);
}
