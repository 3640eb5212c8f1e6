/* node: owner and mode as resources name them, and how they differ from what is. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/owner.h"

#include "base/buf.h"
#include "base/err.h"
#include "node/content.h"
#include "node/run.h"

#include <stdlib.h>
#include <string.h>

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
	if (!accounts_uid(&run->accounts, owner, &uid) || st->st_uid != uid)
		add_account(out, "owner", accounts_user_name(&run->accounts, st->st_uid), st->st_uid, owner);
	if (!accounts_gid(&run->accounts, group, &gid) || st->st_gid != gid) {
		have = accounts_group_of(&run->accounts, st->st_gid);
		add_account(out, "group", have != NULL ? have->name : NULL, st->st_gid, group);
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
