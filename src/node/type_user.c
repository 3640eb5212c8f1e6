/* node: user resources. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/run.h"
#include "node/tool.h"

#include <stdlib.h>
#include <string.h>

/* The groups that `want` names, NULL for a resource that is not there. */
static void
wanted_groups(const json_t *want, struct strs *out)
{
	const json_t	*name;
	size_t		 i;

	json_array_foreach(json_object_get(want, "groups"), i, name)
		strs_add(out, json_string_value(name));
}

static bool
is_member(struct run *run, const char *group, const char *user)
{
	const struct account_group	*found = accounts_group(&run->accounts, group);

	return found != NULL && strs_has(&found->members, user);
}

/* A group that is removed before the user is looked at takes its members along. */
static bool
will_vanish(const struct run *run, const char *group)
{
	char	*id = xasprintf("group:%s", group);
	bool	 vanishes = run_will_remove(run, id) != NULL;

	free(id);
	return vanishes;
}

/* Groups that the user must join, and those that leap put it into and now shall leave. */
static void
group_changes(struct run *run, const struct item *item, struct strs *join, struct strs *leave)
{
	struct strs	 want = { 0 }, had = { 0 };

	wanted_groups(item->want, &want);
	if (item->entry != NULL && item_settled(item))
		wanted_groups(json_object_get(item->entry, "want"), &had);
	for (size_t i = 0; i < want.count; i++)
		if (!is_member(run, want.items[i], item->name))
			strs_add(join, want.items[i]);
	for (size_t i = 0; i < had.count; i++)
		if (!strs_has(&want, had.items[i]) && is_member(run, had.items[i], item->name) &&
		    !will_vanish(run, had.items[i]))
			strs_add(leave, had.items[i]);
	strs_fini(&want);
	strs_fini(&had);
}

static void
compare_text(const struct item *item, const char *member, const char *have, struct buf *out)
{
	const char	*want = item_str(item, member);

	if (want != NULL && strcmp(want, have) != 0)
		buf_addf(out, "%s%s %s -> %s", out->len > 0 ? ", " : "", member, have, want);
}

static void
compare(struct run *run, const struct item *item, const struct account_user *user, struct buf *out)
{
	json_int_t	 uid = json_int(item->want, "uid", -1);
	const char	*group = item_str(item, "group");
	struct strs	 join = { 0 }, leave = { 0 };
	gid_t		 gid;

	if (uid >= 0 && (uid_t)uid != user->uid)
		buf_addf(out, "uid %u -> %lld", user->uid, (long long)uid);
	if (group != NULL && (!accounts_gid(&run->accounts, group, &gid) || gid != user->gid))
		buf_addf(out, "%sgroup -> %s", out->len > 0 ? ", " : "", group);
	compare_text(item, "home", user->home, out);
	compare_text(item, "shell", user->shell, out);
	compare_text(item, "comment", user->comment, out);
	group_changes(run, item, &join, &leave);
	for (size_t i = 0; i < join.count; i++)
		buf_addf(out, "%sjoins %s", out->len > 0 ? ", " : "", join.items[i]);
	for (size_t i = 0; i < leave.count; i++)
		buf_addf(out, "%sleaves %s", out->len > 0 ? ", " : "", leave.items[i]);
	strs_fini(&join);
	strs_fini(&leave);
}

static struct err *
inspect(struct run *run, struct item *item)
{
	const struct account_user	*user = accounts_user(&run->accounts, item->name);
	struct buf			 detail = { 0 };

	json_decref(item->before);
	item->before = item_untouched(item) ? json_pack("{s:b}", "exists", user != NULL) : NULL;
	if (user != NULL)
		compare(run, item, user, &detail);
	if (user == NULL)
		item_step(item, "create", NULL);
	else if (detail.len > 0)
		item_step(item, "update", "%s", buf_text(&detail));
	buf_fini(&detail);
	return NULL;
}

/* Arguments of one call; `texts` owns those that are made up. */
struct call {
	const char	*argv[32];
	size_t		 count;
	struct strs	 texts;
};

static void
add(struct call *call, const char *option, const char *value)
{
	if (value == NULL)
		return;
	call->argv[call->count++] = option;
	call->argv[call->count++] = value;
}

/* What useradd(8) and usermod(8) spell alike. */
static void
add_common(struct call *call, const struct item *item)
{
	json_int_t	 uid = json_int(item->want, "uid", -1);

	if (uid >= 0) {
		strs_addf(&call->texts, "%lld", (long long)uid);
		add(call, "--uid", call->texts.items[call->texts.count - 1]);
	}
	add(call, "--gid", item_str(item, "group"));
	add(call, "--home-dir", item_str(item, "home"));
	add(call, "--shell", item_str(item, "shell"));
	add(call, "--comment", item_str(item, "comment"));
}

static struct err *
finish(struct run *run, struct call *call, const struct item *item)
{
	struct err	*e;

	call->argv[call->count++] = "--";
	call->argv[call->count++] = item->name;
	e = tool_run(call->argv, NULL, TOOL_SECONDS, NULL);
	accounts_forget(&run->accounts);
	strs_fini(&call->texts);
	return e;
}

static struct err *
create(struct run *run, struct item *item)
{
	struct call	 call = { .argv = { "useradd" }, .count = 1 };
	struct strs	 groups = { 0 };
	struct buf	 list = { 0 };
	struct err	*e;

	add_common(&call, item);
	/* useradd refuses to make the user's own group when one of that name is there; it is the one meant. */
	if (item_str(item, "group") == NULL && accounts_group(&run->accounts, item->name) != NULL)
		add(&call, "--gid", item->name);
	wanted_groups(item->want, &groups);
	strs_join(&groups, ",", &list);
	if (groups.count > 0)
		add(&call, "--groups", buf_text(&list));
	if (json_bool(item->want, "system"))
		call.argv[call.count++] = "--system";
	call.argv[call.count++] = json_bool(item->want, "create_home") ? "--create-home" : "--no-create-home";
	e = finish(run, &call, item);
	strs_fini(&groups);
	buf_fini(&list);
	return e;
}

static struct err *
change_groups(struct run *run, struct item *item)
{
	struct strs	 join = { 0 }, leave = { 0 };
	struct err	*e = NULL;

	group_changes(run, item, &join, &leave);
	for (size_t i = 0; e == NULL && i < join.count; i++) {
		const char	*argv[] = { "gpasswd", "--add", item->name, join.items[i], NULL };

		e = tool_run(argv, NULL, TOOL_SECONDS, NULL);
	}
	for (size_t i = 0; e == NULL && i < leave.count; i++) {
		const char	*argv[] = { "gpasswd", "--delete", item->name, leave.items[i], NULL };

		e = tool_run(argv, NULL, TOOL_SECONDS, NULL);
	}
	accounts_forget(&run->accounts);
	strs_fini(&join);
	strs_fini(&leave);
	return e;
}

static struct err *
apply(struct run *run, struct item *item)
{
	struct call	 call = { .argv = { "usermod" }, .count = 1 };
	struct err	*e = NULL;

	if (item_has_step(item, "create"))
		return create(run, item);
	add_common(&call, item);
	for (size_t i = 1; i < call.count; i++)
		if (strcmp(call.argv[i], "--home-dir") == 0)
			call.argv[i] = "--home";
	if (call.count > 1)
		e = finish(run, &call, item);
	strs_fini(&call.texts);
	return e != NULL ? e : change_groups(run, item);
}

static struct err *
inspect_gone(struct run *run, struct item *item)
{
	const json_t			*before = json_object_get(item->entry, "before");
	const struct account_user	*user = accounts_user(&run->accounts, item->name);

	if (before != NULL && !json_bool(before, "exists") && user != NULL)
		item_step(item, "remove", "its home %s stays", user->home);
	return NULL;
}

static struct err *
remove_user(struct run *run, struct item *item)
{
	const char	*argv[] = { "userdel", "--", item->name, NULL };
	struct err	*e = tool_run(argv, NULL, TOOL_SECONDS, NULL);

	accounts_forget(&run->accounts);
	return e;
}

const struct type type_user = {
	.name = "user",
	.inspect = inspect,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_user,
};
