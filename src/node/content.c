/* node: what files and firewalls share: looking at a path, and putting content there. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/content.h"

#include "base/err.h"
#include "base/json.h"
#include "node/kept.h"
#include "node/run.h"
#include "node/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Whether a content of this size cannot be any that leap wants, put or found at the item's place. */
static bool
is_strange_size(const struct item *item, json_int_t size)
{
	const json_t	*before = json_object_get(item->entry, "before");

	/*
	 * Until it is settled, what is there may have to be kept as what was there before; after a cut, leap may have
	 * put one of several contents, of which only one has its size written down.
	 */
	return item_settled(item) && json_array_size(json_object_get(item->entry, "ours")) == 1 &&
	    json_int(item->want, "size", size) != size &&
	    json_int(json_object_get(item->entry, "want"), "size", size) != size &&
	    (json_str(before, "sha256") == NULL || json_int(before, "size", size) != size);
}

static struct err *
look(struct seen *seen, struct run *run, const char *path, const struct item *item)
{
	struct spot	 spot;
	struct err	*e;

	*seen = (struct seen){ 0 };
	if (run_will_clear(run, path))
		return NULL;
	e = spot_open(&spot, path, true);
	if (e != NULL || spot.dir < 0)
		return e;
	if (fstatat(spot.dir, spot.name, &seen->st, AT_SYMLINK_NOFOLLOW) == 0)
		seen->exists = true;
	else if (errno != ENOENT)
		e = err_errno(ERR_FAILED, "%s", path);
	if (seen->exists && S_ISREG(seen->st.st_mode) && (item == NULL || !is_strange_size(item, seen->st.st_size)))
		e = index_sha256(&run->index, path, spot.dir, spot.name, &seen->st, seen->sha256);
	spot_close(&spot);
	return e;
}

struct err *
seen_look(struct seen *seen, struct run *run, const char *path)
{
	return look(seen, run, path, NULL);
}

struct err *
seen_look_at(struct seen *seen, struct run *run, const struct item *item)
{
	return look(seen, run, item->name, item);
}

json_t *
seen_to_json(const struct seen *seen)
{
	json_t	*before;

	if (!seen->exists)
		return json_object();
	before = json_pack("{s:i, s:I, s:I}", "mode", (int)(seen->st.st_mode & 07777), "uid",
	    (json_int_t)seen->st.st_uid, "gid", (json_int_t)seen->st.st_gid);
	if (seen->sha256[0] != '\0') {
		json_object_set_new(before, "sha256", json_string(seen->sha256));
		json_object_set_new(before, "size", json_integer(seen->st.st_size));
	}
	return before;
}

const char *
seen_kind(const struct seen *seen)
{
	if (S_ISDIR(seen->st.st_mode))
		return "a directory";
	if (S_ISLNK(seen->st.st_mode))
		return "a symbolic link";
	return S_ISREG(seen->st.st_mode) ? "a file" : "a special file";
}

void
meta_from_json(struct meta *meta, const json_t *before)
{
	meta->mode = (mode_t)json_int(before, "mode", 0600);
	meta->uid = (uid_t)json_int(before, "uid", 0);
	meta->gid = (gid_t)json_int(before, "gid", 0);
}

struct err *
content_put(const char *path, const struct meta *meta, const char *sha256)
{
	struct spot	 spot = { .dir = -1 };
	struct err	*e;
	int		 from = -1;

	e = store_open(sha256, &from);
	if (e == NULL)
		e = spot_open(&spot, path, false);
	if (e == NULL)
		e = spot_put(&spot, meta, from);
	if (e == NULL)
		e = spot_sync(&spot);
	if (from >= 0)
		close(from);
	spot_close(&spot);
	return e;
}

struct err *
content_stage(const char *path, const struct meta *meta, const char *sha256, char temp[SPOT_TEMP_SIZE])
{
	struct spot	 spot = { .dir = -1 };
	struct err	*e;
	int		 from = -1;

	e = store_open(sha256, &from);
	if (e == NULL)
		e = spot_open(&spot, path, false);
	if (e == NULL)
		e = spot_stage(&spot, meta, from, temp);
	if (from >= 0)
		close(from);
	spot_close(&spot);
	return e;
}

struct err *
content_take(const char *path, char temp[SPOT_TEMP_SIZE])
{
	struct spot	 spot;
	struct err	*e;

	e = spot_open(&spot, path, false);
	if (e == NULL)
		e = spot_take(&spot, temp);
	spot_close(&spot);
	return e;
}

struct err *
content_save(const char *path, const char *sha256)
{
	struct spot	 spot;
	struct err	*e;
	int		 from;

	if (store_has(sha256))
		return NULL;
	e = spot_open(&spot, path, false);
	if (e != NULL)
		return e;
	from = openat(spot.dir, spot.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (from < 0)
		e = err_errno(ERR_FAILED, "%s", path);
	else
		e = store_put_file(sha256, from, path);
	if (from >= 0)
		close(from);
	spot_close(&spot);
	return e;
}

struct err *
content_remove(const char *path)
{
	struct spot	 spot;
	struct err	*e;

	e = spot_open(&spot, path, true);
	if (e != NULL || spot.dir < 0)
		return e;
	if (unlinkat(spot.dir, spot.name, 0) != 0 && errno != ENOENT)
		e = err_errno(ERR_FAILED, "%s: cannot remove it", path);
	if (e == NULL)
		e = spot_sync(&spot);
	spot_close(&spot);
	return e;
}

struct err *
content_keep(struct run *run, const char *id, const char *path)
{
	struct spot	 spot;
	struct err	*e;
	char		*kept = NULL;

	e = spot_open(&spot, path, false);
	if (e == NULL)
		e = kept_add(&run->kept, &spot, &kept);
	if (e == NULL)
		run_event(run, id, "keep", kept, NULL);
	free(kept);
	spot_close(&spot);
	return e;
}
