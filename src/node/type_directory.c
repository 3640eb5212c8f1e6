/* node: directory resources. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "node/content.h"
#include "node/owner.h"
#include "node/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct err *
inspect(struct run *run, struct item *item)
{
	struct seen	 seen;
	struct buf	 detail = { 0 };
	struct err	*e;

	e = seen_look(&seen, run, item->name);
	if (e != NULL)
		return e;
	if (seen.exists && !S_ISDIR(seen.st.st_mode)) {
		if (!run_will_remove_path(run, item->name))
			return err_hint(err_new(ERR_FAILED, "%s is %s, not a directory", item->name, seen_kind(&seen)),
			    "move it away, or name the directory that it leads to");
		seen = (struct seen){ 0 };
	}
	json_decref(item->before);
	item->before = item_untouched(item) ? seen_to_json(&seen) : NULL;
	owner_step(run, item, &seen, &detail);
	buf_fini(&detail);
	return NULL;
}

static struct err *
apply(struct run *run, struct item *item)
{
	struct meta	 meta;
	struct spot	 spot = { .dir = -1 };
	struct err	*e;

	e = owner_resolve(run, item, &meta);
	if (e == NULL)
		e = spot_open(&spot, item->name, false);
	/* Closed to all but root until it belongs to its owner. */
	if (e == NULL && mkdirat(spot.dir, spot.name, meta.mode & 0700) != 0 && errno != EEXIST)
		e = err_errno(ERR_FAILED, "%s", item->name);
	if (e == NULL)
		e = spot_set_meta(&spot, &meta);
	if (e == NULL)
		e = spot_sync(&spot);
	spot_close(&spot);
	return e;
}

static bool
created(const struct item *item)
{
	const json_t	*before = json_object_get(item->entry, "before");

	return before != NULL && json_object_get(before, "mode") == NULL;
}

/* Whether nothing is left in the directory when all that leaves the manifest is removed. */
static struct err *
will_be_empty(struct run *run, const struct item *item, bool *empty)
{
	struct spot	 spot;
	struct dirent	*entry;
	DIR		*dir;
	char		*path;
	struct err	*e;
	int		 fd;

	e = spot_open(&spot, item->name, false);
	if (e != NULL)
		return e;
	fd = openat(spot.dir, spot.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	*empty = true;
	while (dir != NULL && *empty && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		path = path_join(item->name, entry->d_name);
		*empty = run_will_remove_path(run, path);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
	else
		e = err_errno(ERR_FAILED, "%s", item->name);
	spot_close(&spot);
	return e;
}

static struct err *
inspect_gone(struct run *run, struct item *item)
{
	const json_t	*before = json_object_get(item->entry, "before");
	struct seen	 seen;
	struct meta	 meta;
	struct err	*e;
	bool		 empty;

	e = seen_look(&seen, run, item->name);
	if (e != NULL || !seen.exists || !S_ISDIR(seen.st.st_mode))
		return e;
	if (created(item)) {
		e = will_be_empty(run, item, &empty);
		if (e == NULL && empty)
			item_step(item, "remove", NULL);
		else if (e == NULL)
			item_step(item, "warn", "not empty, so it stays");
		return e;
	}
	meta_from_json(&meta, before);
	if (before != NULL && item_settled(item) && (meta.uid != seen.st.st_uid || meta.gid != seen.st.st_gid ||
	    meta.mode != (seen.st.st_mode & 07777)))
		item_step(item, "update", "owner and mode as before leap");
	return NULL;
}

/* Only an empty directory goes; what others put there is theirs. */
static struct err *
remove_directory(struct run *run, struct item *item)
{
	struct meta	 meta;
	struct spot	 spot;
	struct err	*e;

	e = spot_open(&spot, item->name, true);
	(void)run;
	if (e != NULL || spot.dir < 0 || item_has_step(item, "warn"))
		goto out;
	meta_from_json(&meta, json_object_get(item->entry, "before"));
	if (!created(item)) {
		e = spot_set_meta(&spot, &meta);
	} else if (unlinkat(spot.dir, spot.name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
		if (errno != ENOTEMPTY && errno != EEXIST && errno != EBUSY) {
			e = err_errno(ERR_FAILED, "%s: cannot remove it", item->name);
		} else {
			item_clear_steps(item);
			item_step(item, "warn", "it stays: %s", strerror(errno));
		}
	}
out:
	spot_close(&spot);
	return e;
}

const struct type type_directory = {
	.name = "directory",
	.inspect = inspect,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_directory,
};
