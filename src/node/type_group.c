/* node: group resources. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/err.h"
#include "base/json.h"
#include "node/run.h"
#include "node/tool.h"

#include <stdlib.h>

static struct err *
inspect(struct run *run, struct item *item)
{
	const struct account_group	*group = accounts_group(&run->accounts, item->name);
	json_int_t			 gid = json_int(item->want, "gid", -1);

	json_decref(item->before);
	item->before = item_untouched(item) ? json_pack("{s:b}", "exists", group != NULL) : NULL;
	if (group == NULL)
		item_step(item, "create", NULL);
	else if (gid >= 0 && (gid_t)gid != group->gid)
		item_step(item, "update", "gid %u -> %lld", group->gid, (long long)gid);
	return NULL;
}

static struct err *
apply(struct run *run, struct item *item)
{
	json_int_t	 gid = json_int(item->want, "gid", -1);
	char		 number[24];
	const char	*argv[8];
	size_t		 count = 0;
	struct err	*e;

	snprintf(number, sizeof(number), "%lld", (long long)gid);
	argv[count++] = item_has_step(item, "create") ? "groupadd" : "groupmod";
	if (item_has_step(item, "create") && json_bool(item->want, "system"))
		argv[count++] = "--system";
	if (gid >= 0) {
		argv[count++] = "--gid";
		argv[count++] = number;
	}
	argv[count++] = "--";
	argv[count++] = item->name;
	argv[count] = NULL;
	e = tool_run(argv, NULL, TOOL_SECONDS, NULL);
	accounts_forget(&run->accounts);
	return e;
}

/* Whether a user that stays has it as its own group, which no tool removes. */
static bool
is_needed(struct run *run, const struct account_group *group)
{
	const struct account_user	*user;
	bool				 needed = false;
	char				*id;

	for (size_t i = 0; group != NULL && !needed && i < run->accounts.user_count; i++) {
		user = &run->accounts.users[i];
		id = xasprintf("user:%s", user->name);
		needed = user->gid == group->gid && run_will_remove(run, id) == NULL;
		free(id);
	}
	return needed;
}

static struct err *
inspect_gone(struct run *run, struct item *item)
{
	const json_t	*before = json_object_get(item->entry, "before");

	if (!run->acting)
		item->last = is_needed(run, accounts_group(&run->accounts, item->name));
	if (before != NULL && !json_bool(before, "exists") && accounts_group(&run->accounts, item->name) != NULL)
		item_step(item, "remove", NULL);
	return NULL;
}

static struct err *
remove_group(struct run *run, struct item *item)
{
	const char	*argv[] = { "groupdel", "--", item->name, NULL };
	struct err	*e = tool_run(argv, NULL, TOOL_SECONDS, NULL);

	accounts_forget(&run->accounts);
	return e;
}

const struct type type_group = {
	.name = "group",
	.inspect = inspect,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_group,
};
