/* node: link resources, symbolic links. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/err.h"
#include "base/json.h"
#include "node/content.h"
#include "node/run.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Where the link leads, or "" when there is nothing.  Fails when there is something else. */
static struct err *
look(struct run *run, const struct item *item, struct seen *seen, char target[PATH_MAX])
{
	struct spot	 spot;
	struct err	*e;
	ssize_t		 len = 0;

	target[0] = '\0';
	e = seen_look(seen, run, item->name);
	if (e != NULL || !seen->exists || !S_ISLNK(seen->st.st_mode))
		return e;
	e = spot_open(&spot, item->name, false);
	if (e == NULL)
		len = readlinkat(spot.dir, spot.name, target, PATH_MAX - 1);
	if (e == NULL && len < 0)
		e = err_errno(ERR_FAILED, "%s", item->name);
	spot_close(&spot);
	target[len > 0 ? len : 0] = '\0';
	return e;
}

static bool
is_foreign(const struct item *item, const char *target)
{
	return target[0] != '\0' && entry_foreign(item->entry, "target", target);
}

static void
note_before(struct item *item, const char *target)
{
	bool	 theirs = target[0] != '\0' && !item_settled(item) && !entry_ours(item->entry, target);

	json_decref(item->before);
	item->before = NULL;
	if (item_untouched(item) || theirs)
		item->before = target[0] != '\0' ? json_pack("{s:o}", "target", json_text(target)) : json_object();
}

static struct err *
inspect(struct run *run, struct item *item)
{
	const char	*want = item_str(item, "target");
	char		 have[PATH_MAX];
	struct seen	 seen;
	struct err	*e;

	e = look(run, item, &seen, have);
	if (e != NULL)
		return e;
	if (seen.exists && have[0] == '\0' && !run_will_remove_path(run, item->name))
		return err_hint(err_new(ERR_FAILED, "%s is %s, not a symbolic link", item->name, seen_kind(&seen)),
		    "leap only replaces links by links; move it away");
	note_before(item, have);
	if (strcmp(have, want) == 0)
		return NULL;
	if (is_foreign(item, have))
		item_step(item, "keep", "somebody else changed it");
	if (have[0] == '\0')
		item_step(item, "create", "-> %s", want);
	else
		item_step(item, "update", "%s -> %s", have, want);
	return NULL;
}

static struct err *
put(struct run *run, const struct item *item, const char *target)
{
	struct spot	 spot = { .dir = -1 };
	struct err	*e;

	e = run_owe_reload(run, item->name);
	if (e == NULL && item_has_step(item, "keep"))
		e = content_keep(run, item->id, item->name);
	if (e == NULL)
		e = spot_open(&spot, item->name, false);
	if (e == NULL)
		e = spot_put_link(&spot, target);
	if (e == NULL)
		e = spot_sync(&spot);
	spot_close(&spot);
	return e;
}

static struct err *
apply(struct run *run, struct item *item)
{
	return put(run, item, item_str(item, "target"));
}

static struct err *
inspect_gone(struct run *run, struct item *item)
{
	const char	*original = json_str(json_object_get(item->entry, "before"), "target");
	char		 have[PATH_MAX];
	struct seen	 seen;
	struct err	*e;

	e = look(run, item, &seen, have);
	if (e != NULL || have[0] == '\0')
		return e;
	if (is_foreign(item, have))
		item_step(item, "keep", "somebody else changed it");
	else if (!entry_ours(item->entry, have))
		return NULL;
	if (original == NULL)
		item_step(item, "remove", NULL);
	else if (strcmp(original, have) != 0)
		item_step(item, "update", "%s -> %s, as before leap", have, original);
	return NULL;
}

static struct err *
remove_link(struct run *run, struct item *item)
{
	const char	*original = json_str(json_object_get(item->entry, "before"), "target");
	struct err	*e;

	if (original != NULL)
		return put(run, item, original);
	e = run_owe_reload(run, item->name);
	if (e == NULL && item_has_step(item, "keep"))
		e = content_keep(run, item->id, item->name);
	return e != NULL ? e : content_remove(item->name);
}

const struct type type_link = {
	.name = "link",
	.token = "target",
	.inspect = inspect,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_link,
};
