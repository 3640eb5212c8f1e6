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

/*
 * An account that was there before leap keeps in its entry's "before" what leap is about to change of it, from before
 * the change until that is given back: "uid", "group", "home", "shell", "comment".  "joined" has the groups that
 * leap puts a user into as its keys.
 */
static const char *const	members[] = { "uid", "group", "home", "shell", "comment" };

static json_t *
before_of(const struct item *item)
{
	return json_object_get(item->entry, "before");
}

/* A new reference. */
static json_t *
value_now(struct run *run, const struct account_user *user, const char *member)
{
	const struct account_group	*group;

	if (strcmp(member, "uid") == 0)
		return json_integer((json_int_t)user->uid);
	if (strcmp(member, "group") == 0) {
		group = accounts_group_of(&run->accounts, user->gid);
		return group != NULL ? json_text(group->name) : json_sprintf("%u", user->gid);
	}
	if (strcmp(member, "home") == 0)
		return json_text(user->home);
	return json_text(strcmp(member, "shell") == 0 ? user->shell : user->comment);
}

/* What the member shall be: as wanted, or given back; NULL when that is nothing to leap. */
static const json_t *
value_for(const struct item *item, const char *member)
{
	const json_t	*want = item->gone ? NULL : json_object_get(item->want, member);

	return want != NULL ? want : json_object_get(before_of(item), member);
}

/* Groups that the user must join, and those that leap put it into and now shall leave. */
static void
group_changes(struct run *run, const struct item *item, struct strs *join, struct strs *leave)
{
	struct strs	 want = { 0 };
	const char	*name;
	json_t		*value;

	if (!item->gone)
		wanted_groups(item->want, &want);
	for (size_t i = 0; i < want.count; i++)
		if (!is_member(run, want.items[i], item->name))
			strs_add(join, want.items[i]);
	json_object_foreach(json_object_get(before_of(item), "joined"), name, value)
		if (!strs_has(&want, name) && is_member(run, name, item->name) && !will_vanish(run, name))
			strs_add(leave, name);
	strs_fini(&want);
}

static bool
is_so(struct run *run, const struct account_user *user, const char *member, const json_t *value)
{
	json_t	*now = value_now(run, user, member);
	bool	 same = json_equal(now, value);
	gid_t	 gid;

	if (strcmp(member, "group") == 0)
		same = accounts_gid(&run->accounts, json_string_value(value), &gid) && gid == user->gid;
	json_decref(now);
	return same;
}

/* As text; the caller's, free(). */
static char *
text_of(const json_t *value)
{
	return json_is_integer(value) ? xasprintf("%lld", (long long)json_integer_value(value)) :
	    xstrdup(json_string_value(value));
}

static void
compare(struct run *run, const struct item *item, const struct account_user *user, struct buf *out)
{
	struct strs	 join = { 0 }, leave = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const json_t	*value = value_for(item, members[i]);
		json_t		*now = value_now(run, user, members[i]);
		char		*have = text_of(now), *want = value != NULL ? text_of(value) : NULL;

		if (value != NULL && !is_so(run, user, members[i], value))
			buf_addf(out, "%s%s %s -> %s", out->len > 0 ? ", " : "", members[i], have, want);
		json_decref(now);
		free(have);
		free(want);
	}
	group_changes(run, item, &join, &leave);
	for (size_t i = 0; i < join.count; i++)
		buf_addf(out, "%sjoins %s", out->len > 0 ? ", " : "", join.items[i]);
	for (size_t i = 0; i < leave.count; i++)
		buf_addf(out, "%sleaves %s", out->len > 0 ? ", " : "", leave.items[i]);
	strs_fini(&join);
	strs_fini(&leave);
}

/* What is as it was before, and not wanted otherwise, is somebody else's matter again. */
static void
let_go(struct run *run, const struct item *item, const struct account_user *user)
{
	json_t		*before = before_of(item), *joined = json_object_get(before, "joined"), *value;
	struct strs	 want = { 0 };
	const char	*name;
	void		*next;
	size_t		 had = json_object_size(before) + json_object_size(joined);

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		value = json_object_get(before, members[i]);
		if (value != NULL && json_object_get(item->want, members[i]) == NULL && is_so(run, user, members[i], value))
			json_object_del(before, members[i]);
	}
	wanted_groups(item->want, &want);
	json_object_foreach_safe(joined, next, name, value)
		if (!strs_has(&want, name) && !is_member(run, name, item->name))
			json_object_del(joined, name);
	run->noted = run->noted || json_object_size(before) + json_object_size(joined) != had;
	strs_fini(&want);
}

static struct err *
inspect(struct run *run, struct item *item)
{
	const struct account_user	*user = accounts_user(&run->accounts, item->name);
	struct buf			 detail = { 0 };

	json_decref(item->before);
	item->before = item_untouched(item) ? json_pack("{s:b}", "exists", user != NULL) : NULL;
	if (user != NULL) {
		let_go(run, item, user);
		compare(run, item, user, &detail);
	}
	if (user == NULL)
		item_step(item, "create", NULL);
	else if (detail.len > 0)
		item_step(item, "update", "%s", buf_text(&detail));
	buf_fini(&detail);
	return NULL;
}

static struct err *
claim(struct run *run, struct item *item)
{
	const struct account_user	*user = accounts_user(&run->accounts, item->name);
	json_t				*before = before_of(item), *value;
	struct strs			 join = { 0 }, leave = { 0 };

	for (size_t i = 0; user != NULL && json_bool(before, "exists") && i < ARRAY_LEN(members); i++) {
		value = json_object_get(item->want, members[i]);
		if (value != NULL && json_object_get(before, members[i]) == NULL && !is_so(run, user, members[i], value))
			json_object_set_new(before, members[i], value_now(run, user, members[i]));
	}
	group_changes(run, item, &join, &leave);
	if (join.count > 0 && json_object_get(before, "joined") == NULL)
		json_object_set_new(before, "joined", json_object());
	for (size_t i = 0; i < join.count; i++)
		json_object_set_new(json_object_get(before, "joined"), join.items[i], json_true());
	strs_fini(&join);
	strs_fini(&leave);
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

/* What useradd(8) and usermod(8) spell alike, but for the home. */
static void
add_common(struct call *call, const struct item *item, const char *home)
{
	const char *const	 options[ARRAY_LEN(members)] = { "--uid", "--gid", home, "--shell", "--comment" };

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const json_t	*value = value_for(item, members[i]);
		char		*text = value != NULL ? text_of(value) : NULL;

		if (text == NULL)
			continue;
		strs_add(&call->texts, text);
		add(call, options[i], call->texts.items[call->texts.count - 1]);
		free(text);
	}
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

	add_common(&call, item, "--home-dir");
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
change(struct run *run, struct item *item)
{
	struct call	 call = { .argv = { "usermod" }, .count = 1 };
	struct err	*e = NULL;

	add_common(&call, item, "--home");
	if (call.count > 1)
		e = finish(run, &call, item);
	strs_fini(&call.texts);
	return e != NULL ? e : change_groups(run, item);
}

static struct err *
apply(struct run *run, struct item *item)
{
	const struct account_user	*user;
	struct err			*e = item_has_step(item, "create") ? create(run, item) : change(run, item);

	user = e == NULL ? accounts_user(&run->accounts, item->name) : NULL;
	if (user != NULL)
		let_go(run, item, user);
	return e;
}

/* An account that leap made goes; one that was there before is given back what leap changed of it. */
static struct err *
inspect_gone(struct run *run, struct item *item)
{
	const json_t			*before = before_of(item);
	const struct account_user	*user = accounts_user(&run->accounts, item->name);
	struct buf			 detail = { 0 };

	if (before == NULL || user == NULL)
		return NULL;
	if (json_bool(before, "exists"))
		compare(run, item, user, &detail);
	if (!json_bool(before, "exists"))
		item_step(item, "remove", "its home %s stays", user->home);
	else if (detail.len > 0)
		item_step(item, "update", "%s", buf_text(&detail));
	buf_fini(&detail);
	return NULL;
}

static struct err *
remove_user(struct run *run, struct item *item)
{
	const char	*argv[] = { "userdel", "--", item->name, NULL };
	struct err	*e;

	if (item_has_step(item, "update"))
		return change(run, item);
	e = tool_run(argv, NULL, TOOL_SECONDS, NULL);
	accounts_forget(&run->accounts);
	return e;
}

const struct type type_user = {
	.name = "user",
	.inspect = inspect,
	.claim = claim,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_user,
};
