/* node: how the node differs from what was deployed and from what would be; and giving back a managed file. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/status.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "node/content.h"
#include "node/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a change elsewhere makes necessary is no difference of the resource itself. */
static bool
is_difference(const struct item *item, const struct step *step)
{
	if (strcmp(step->action, "restart") == 0 || strcmp(step->action, "reload") == 0)
		return false;
	return strcmp(step->action, "run") != 0 || json_array_size(json_object_get(item->want, "on")) == 0;
}

/* "update content, mode 0644 -> 0600; ..."; "" when there is no difference. */
static void
add_differences(const struct item *item, struct buf *out)
{
	for (size_t i = 0; i < item->step_count; i++) {
		const struct step	*step = &item->steps[i];

		if (strcmp(step->action, "keep") == 0 || !is_difference(item, step))
			continue;
		buf_addf(out, "%s%s%s%s", out->len > 0 ? "; " : "", step->action, step->detail != NULL ? " " : "",
		    step->detail != NULL ? step->detail : "");
	}
}

/* Look at the resource as if `want` was wanted of it. */
static struct err *
look_for(struct run *run, const struct item *item, json_t *want, struct buf *out)
{
	struct item	 other = { .type = item->type, .id = item->id, .name = json_str(want, resource_key(item->type->name)),
	    .want = want, .entry = item->entry };
	struct err	*e = other.type->inspect(run, &other);

	add_differences(&other, out);
	item_clear_steps(&other);
	json_decref(other.before);
	/* cppcheck-suppress returnDanglingLifetime ; the error keeps nothing of it */
	return e;
}

static void
add(struct run *run, const char *id, const char *state, const char *detail)
{
	json_t	*one = json_pack("{s:o, s:s, s:o}", "resource", json_text(id), "state", state, "detail", json_text(detail));

	json_array_append_new(json_object_get(run->data, "resources"), one);
}

/* What leap left there, when it knows; else NULL. */
static json_t *
deployed(const struct item *item)
{
	return item_settled(item) ? json_object_get(item->entry, "want") : NULL;
}

/* `wanted` is what a deploy would do. */
static void
tell(struct run *run, const struct item *item, const struct buf *wanted)
{
	struct buf	 drift = { 0 };
	json_t		*left = deployed(item);
	struct err	*e;

	if (wanted->len == 0 && journal_owed(&run->journal, item->id) != NULL)
		return;		/* see add_owed() */
	if (wanted->len == 0) {
		json_object_set_new(run->data, "in_sync", json_integer(json_int(run->data, "in_sync", 0) + 1));
		return;
	}
	e = left != NULL ? look_for(run, item, left, &drift) : NULL;
	if (e != NULL)
		add(run, item->id, "unknown", err_message(e));
	else if (drift.len == 0)
		add(run, item->id, "undeployed", buf_text(wanted));
	else
		add(run, item->id, !item->gone && json_equal(left, item->want) ? "drifted" : "both", buf_text(wanted));
	err_free(e);
	buf_fini(&drift);
}

static void
tell_one(struct run *run, struct item *item)
{
	struct buf	 wanted = { 0 };
	struct err	*e = item->gone ? item->type->inspect_gone(run, item) : item->type->inspect(run, item);

	add_differences(item, &wanted);
	if (e != NULL)
		add(run, item->id, "unknown", err_message(e));
	else
		tell(run, item, &wanted);
	err_free(e);
	buf_fini(&wanted);
}

/* Whatever the resource is like: what changed below it does not show in it. */
static void
add_owed(struct run *run)
{
	const char	*id;
	json_t		*action;

	json_object_foreach(run->journal.owed, id, action)
		add(run, strcmp(id, DAEMON_RELOAD) == 0 ? "systemd" : id, "owed", json_string_value(action));
}

void
status_tell(struct run *run, bool unfinished)
{
	run->data = json_pack("{s:i, s:b, s:[]}", "in_sync", 0, "unfinished", unfinished, "resources");
	for (size_t i = 0; i < run->gone_count; i++)
		tell_one(run, &run->gone[i]);
	for (size_t i = 0; i < run->item_count; i++)
		tell_one(run, &run->items[i]);
	add_owed(run);
}

static struct err *
read_content(const char *path, struct buf *out)
{
	struct spot	 spot;
	struct err	*e = spot_open(&spot, path, false);
	ssize_t		 got = 1;
	int		 fd;

	if (e != NULL)
		return e;
	fd = openat(spot.dir, spot.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	while (fd >= 0 && got != 0 && out->len <= FETCH_MAX) {
		buf_reserve(out, FETCH_MAX + 1);
		got = read(fd, out->data + out->len, FETCH_MAX + 1);
		if (got < 0 && errno != EINTR)
			break;
		out->len += got > 0 ? (size_t)got : 0;
	}
	if (fd < 0 || got < 0)
		e = err_errno(ERR_FAILED, "%s", path);
	else if (out->len > FETCH_MAX)
		e = err_new(ERR_FAILED, "%s is larger than %u MiB", path, FETCH_MAX >> 20);
	if (fd >= 0)
		close(fd);
	spot_close(&spot);
	return e;
}

static struct err *
may_be_fetched(struct run *run, const char *path, struct seen *seen)
{
	char		*id = xasprintf("file:%s", path);
	const json_t	*entry = managed_get(&run->managed, id);
	struct err	*e = NULL;

	if (entry == NULL)
		e = err_hint(err_new(ERR_FAILED, "leap does not manage a file %s here", path),
		    "only what leap put there can be brought back");
	else if (json_bool(json_object_get(entry, "want"), "secret"))
		e = err_hint(err_new(ERR_FAILED, "%s has secrets", path), "change the secret where it is made");
	free(id);
	if (e == NULL)
		e = seen_look(seen, run, path);
	if (e == NULL && (!seen->exists || !S_ISREG(seen->st.st_mode)))
		e = err_new(ERR_FAILED, "%s is %s", path, seen->exists ? seen_kind(seen) : "not there");
	return e;
}

struct err *
status_fetch(struct run *run)
{
	const char			*path = run->request->path;
	const struct account_group	*group;
	const char			*owner;
	struct buf			 content = { 0 }, text = { 0 };
	struct seen			 seen;
	struct err			*e = may_be_fetched(run, path, &seen);

	if (e == NULL)
		e = read_content(path, &content);
	if (e != NULL)
		goto out;
	buf_adds(&text, "");
	base64_encode(content.data, content.len, true, &text);
	owner = accounts_user_name(&run->accounts, seen.st.st_uid);
	group = accounts_group_of(&run->accounts, seen.st.st_gid);
	run->data = json_pack("{s:s, s:s, s:o, s:s, s:s}", "path", path, "content", buf_text(&text), "mode",
	    json_sprintf("%04o", (unsigned)seen.st.st_mode & 07777), "owner", owner != NULL ? owner : "", "group",
	    group != NULL ? group->name : "");
out:
	buf_fini(&content);
	buf_fini(&text);
	return e;
}
