/* node: file resources. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "node/content.h"
#include "node/owner.h"
#include "node/run.h"
#include "node/store.h"

#include <string.h>

/* Somebody else wrote over what leap had put there. */
static bool
is_foreign(const struct item *item, const struct seen *seen)
{
	return seen->exists && entry_foreign(item->entry, "sha256", seen->sha256);
}

static void
note_before(struct item *item, const struct seen *seen)
{
	bool	 theirs = seen->exists && !item_settled(item) && !entry_ours(item->entry, seen->sha256);

	json_decref(item->before);
	item->before = item_untouched(item) || theirs ? seen_to_json(seen) : NULL;
}

static struct err *
inspect(struct run *run, struct item *item)
{
	struct seen	 seen;
	struct buf	 detail = { 0 };
	const char	*want = item_str(item, "sha256");
	struct err	*e;

	e = seen_look_at(&seen, run, item);
	if (e != NULL)
		return e;
	if (seen.exists && !S_ISREG(seen.st.st_mode)) {
		if (!run_will_remove_path(run, item->name))
			return err_hint(err_new(ERR_FAILED, "%s is %s, not a file", item->name, seen_kind(&seen)),
			    "leap only replaces files by files; move it away");
		seen = (struct seen){ 0 };
	}
	note_before(item, &seen);
	item->lacks_content = false;
	if (strcmp(seen.sha256, want) != 0) {
		item->lacks_content = !store_has(want);
		buf_adds(&detail, "content");
		if (is_foreign(item, &seen))
			item_step(item, "keep", "somebody else changed it");
	}
	owner_step(run, item, &seen, &detail);
	buf_fini(&detail);
	return NULL;
}

static struct err *
claim(struct run *run, struct item *item)
{
	const char	*original = json_str(item->before, "sha256");

	(void)run;
	return original != NULL ? content_save(item->name, original) : NULL;
}

static struct err *
stage(struct run *run, struct item *item)
{
	const char	*want = item_str(item, "sha256");
	struct seen	 seen;
	struct meta	 meta;
	struct err	*e;

	e = owner_resolve(run, item, &meta);
	if (e == NULL)
		e = seen_look_at(&seen, run, item);
	if (e == NULL && strcmp(seen.sha256, want) != 0)
		e = content_stage(item->name, &meta, want, item->staged);
	return e;
}

/* Put the content at its place. */
static struct err *
go_live(struct item *item, const struct meta *meta)
{
	if (item->staged[0] != '\0')
		return content_take(item->name, item->staged);
	return content_put(item->name, meta, item_str(item, "sha256"));
}

static struct err *
apply(struct run *run, struct item *item)
{
	const char	*want = item_str(item, "sha256");
	struct seen	 seen;
	struct meta	 meta;
	struct spot	 spot;
	struct err	*e;

	e = owner_resolve(run, item, &meta);
	if (e == NULL)
		e = seen_look_at(&seen, run, item);
	if (e == NULL)
		e = run_owe_reload(run, item->name);
	if (e != NULL)
		return e;
	if (strcmp(seen.sha256, want) != 0) {
		if (is_foreign(item, &seen))
			e = content_keep(run, item->id, item->name);
		return e != NULL ? e : go_live(item, &meta);
	}
	e = spot_open(&spot, item->name, false);
	if (e == NULL)
		e = spot_set_meta(&spot, &meta);
	spot_close(&spot);
	return e;
}

/* Whether the file is again, or still, what it was before leap. */
static bool
is_original(const json_t *before, const struct seen *seen)
{
	struct meta	 meta;

	meta_from_json(&meta, before);
	return strcmp(json_str(before, "sha256"), seen->sha256) == 0 && meta.uid == seen->st.st_uid &&
	    meta.gid == seen->st.st_gid && meta.mode == (seen->st.st_mode & 07777);
}

static struct err *
inspect_gone(struct run *run, struct item *item)
{
	const json_t	*before = json_object_get(item->entry, "before");
	bool		 restore = json_str(before, "sha256") != NULL;
	struct seen	 seen;
	struct err	*e;

	e = seen_look_at(&seen, run, item);
	if (e != NULL || !seen.exists || !S_ISREG(seen.st.st_mode))
		return e;
	if (is_foreign(item, &seen))
		item_step(item, "keep", "somebody else changed it");
	else if (!entry_ours(item->entry, seen.sha256))
		return NULL;	/* leap never came so far as to write it */
	if (!restore)
		item_step(item, "remove", NULL);
	else if (!is_original(before, &seen))
		item_step(item, "update", "what was there before leap");
	return NULL;
}

static struct err *
remove_file(struct run *run, struct item *item)
{
	const json_t	*before = json_object_get(item->entry, "before");
	const char	*original = json_str(before, "sha256");
	struct meta	 meta;
	struct err	*e;

	e = run_owe_reload(run, item->name);
	if (e == NULL && item_has_step(item, "keep"))
		e = content_keep(run, item->id, item->name);
	if (e != NULL)
		return e;
	if (original == NULL)
		return content_remove(item->name);
	meta_from_json(&meta, before);
	return content_put(item->name, &meta, original);
}

const struct type type_file = {
	.name = "file",
	.token = "sha256",
	.inspect = inspect,
	.claim = claim,
	.stage = stage,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_file,
};
