/* node: owner and mode as resources name them, and how they differ from what is. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/owner.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "node/content.h"
#include "node/run.h"

#include <stdlib.h>
#include <string.h>

/* What the number of an account will be when its resource says so; else -1.  An apply has done it by then. */
static json_int_t
planned_id(const struct run *run, const char *type, const char *name)
{
	char		*id = xasprintf("%s:%s", type, name);
	const json_t	*at = run->acting ? NULL : json_object_get(run->by_id, id);
	json_int_t	 number = -1;

	if (at != NULL)
		number = json_int(run->items[json_integer_value(at)].want, strcmp(type, "user") == 0 ? "uid" : "gid", -1);
	free(id);
	return number;
}

static bool
find_user(struct run *run, const char *name, uid_t *uid)
{
	json_int_t	 planned = planned_id(run, "user", name);

	*uid = (uid_t)planned;
	return planned >= 0 || accounts_uid(&run->accounts, name, uid);
}

static bool
find_group(struct run *run, const char *name, gid_t *gid)
{
	json_int_t	 planned = planned_id(run, "group", name);

	*gid = (gid_t)planned;
	return planned >= 0 || accounts_gid(&run->accounts, name, gid);
}

/* The name that belongs to the number once all accounts are as wanted, borrowed; NULL for none. */
static const char *
name_of(const struct run *run, const char *type, unsigned number, const char *now)
{
	json_int_t	 planned = now != NULL ? planned_id(run, type, now) : -1;
	char		*id = now != NULL ? xasprintf("%s:%s", type, now) : NULL;
	bool		 stays = now != NULL && (planned < 0 || planned == number) && run_will_remove(run, id) == NULL;

	free(id);
	if (stays)
		return now;
	for (size_t i = 0; i < run->item_count; i++)
		if (strcmp(run->items[i].type->name, type) == 0 && planned_id(run, type, run->items[i].name) == number)
			return run->items[i].name;
	return NULL;
}

static mode_t
wanted_mode(const struct item *item)
{
	return (mode_t)strtoul(item_str(item, "mode"), NULL, 8);
}

struct err *
owner_resolve(struct run *run, const struct item *item, struct meta *meta)
{
	const char	*owner = item_str(item, "owner"), *group = item_str(item, "group");

	meta->mode = wanted_mode(item);
	if (!accounts_uid(&run->accounts, owner, &meta->uid))
		return err_hint(err_new(ERR_FAILED, "%s: there is no user \"%s\"", item->name, owner),
		    "write a user resource, or the package that brings it, before it");
	if (!accounts_gid(&run->accounts, group, &meta->gid))
		return err_hint(err_new(ERR_FAILED, "%s: there is no group \"%s\"", item->name, group),
		    "write a group resource, or the package that brings it, before it");
	return NULL;
}

static void
add_account(struct buf *out, const char *what, const char *have, unsigned id, const char *want)
{
	buf_addf(out, "%s%s ", out->len > 0 ? ", " : "", what);
	if (have != NULL)
		buf_adds(out, have);
	else
		buf_addf(out, "%u", id);
	buf_addf(out, " -> %s", want);
}

static void
add_differences(struct run *run, const struct item *item, const struct stat *st, struct buf *out)
{
	const char			*owner = item_str(item, "owner"), *group = item_str(item, "group");
	const struct account_group	*have;
	mode_t				 mode = wanted_mode(item);
	uid_t				 uid;
	gid_t				 gid;

	if ((st->st_mode & 07777) != mode)
		buf_addf(out, "%smode %04o -> %04o", out->len > 0 ? ", " : "", (unsigned)st->st_mode & 07777, mode);
	if (!find_user(run, owner, &uid) || st->st_uid != uid)
		add_account(out, "owner", name_of(run, "user", st->st_uid, accounts_user_name(&run->accounts, st->st_uid)),
		    st->st_uid, owner);
	if (!find_group(run, group, &gid) || st->st_gid != gid) {
		have = accounts_group_of(&run->accounts, st->st_gid);
		add_account(out, "group", name_of(run, "group", st->st_gid, have != NULL ? have->name : NULL),
		    st->st_gid, group);
	}
}

void
owner_step(struct run *run, struct item *item, const struct seen *seen, struct buf *detail)
{
	if (!seen->exists) {
		item_step(item, "create", NULL);
		return;
	}
	add_differences(run, item, &seen->st, detail);
	if (detail->len > 0)
		item_step(item, "update", "%s", buf_text(detail));
}
