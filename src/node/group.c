/* node: files that follow each other in the manifest go live together. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/group.h"

#include "base/err.h"
#include "base/json.h"
#include "node/act.h"
#include "node/items.h"
#include "node/run.h"
#include "node/trial.h"

#include <sys/stat.h>

#define GROUP_MAX	256u
#define GROUP_BYTES	(64 << 20)	/* of contents that are there twice for a moment */
#define SYNC_EACH_MAX	4u		/* more files are synced together with all else on their file system */

size_t
group_length(const struct run *run, const struct item *first)
{
	const struct item	*end = run->items + run->item_count, *item = first;
	json_int_t		 bytes = 0;

	/* On the way back what fails must not keep the rest from being done. */
	if (run->reverting || first->type->stage == NULL)
		return 1;
	for (; item < end && item - first < GROUP_MAX && bytes < GROUP_BYTES && item->type->stage != NULL; item++) {
		/* What is still to be checked wants to see at their places those that come before it. */
		if (item > first && trial_is_due(run, item))
			break;
		bytes += json_int(item->want, "size", 0);
	}
	return (size_t)(item - first);
}

/* Write all beside their places; *ready becomes how many could be. */
static struct err *
stage_all(struct run *run, struct item *items, size_t *ready)
{
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < *ready; i++) {
		if (item_must_act(&items[i]))
			e = items[i].type->stage(run, &items[i]);
		if (e != NULL) {
			run->failed_id = items[i].id;
			*ready = i;
		}
	}
	return e;
}

/* The device that the item's directory is on; its spot stays open. */
static struct err *
open_directory(const struct item *item, struct spot *spot, struct stat *st)
{
	struct err	*e = spot_open(spot, item->name, false);

	if (e == NULL && fstat(spot->dir, st) != 0)
		e = err_errno(ERR_FAILED, "%s", item->name);
	return e;
}

/* Bring what is beside to the disk. */
static struct err *
sync_staged(const struct item *items, size_t count)
{
	struct stat	 st, last = { 0 };
	struct spot	 spot;
	struct err	*e = NULL;
	size_t		 staged = 0;

	for (size_t i = 0; i < count; i++)
		staged += items[i].staged[0] != '\0';
	for (size_t i = 0; e == NULL && i < count; i++) {
		if (items[i].staged[0] == '\0')
			continue;
		e = open_directory(&items[i], &spot, &st);
		if (e == NULL && staged <= SYNC_EACH_MAX)
			e = spot_sync_staged(&spot, items[i].staged);
		else if (e == NULL && st.st_dev != last.st_dev)
			e = spot_sync_all(&spot);
		last = st;
		spot_close(&spot);
	}
	return e;
}

/* Rename them to their places and tell so; *live counts those that are done with. */
static struct err *
rename_all(struct run *run, struct item *items, size_t count, size_t *live)
{
	struct err	*e = NULL;

	for (; *live < count && !act_must_stop(run); (*live)++) {
		if (item_must_act(&items[*live]))
			e = items[*live].type->apply(run, &items[*live]);
		if (e != NULL) {
			run->failed_id = items[*live].id;
			break;
		}
		item_report(run, &items[*live]);
	}
	return e;
}

/* The new names reach the disk, each directory's once. */
static struct err *
sync_directories(const struct item *items, size_t count)
{
	struct stat	 st, last = { 0 };
	struct spot	 spot;
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < count; i++) {
		if (!item_must_act(&items[i]))
			continue;
		e = open_directory(&items[i], &spot, &st);
		if (e == NULL && (st.st_dev != last.st_dev || st.st_ino != last.st_ino))
			e = spot_sync(&spot);
		last = st;
		spot_close(&spot);
	}
	return e;
}

static void
unstage_all(struct item *items, size_t count)
{
	struct spot	 spot;

	for (size_t i = 0; i < count; i++) {
		if (items[i].staged[0] == '\0')
			continue;
		err_free(spot_open(&spot, items[i].name, true));	/* else the next run sweeps */
		if (spot.dir >= 0)
			spot_unstage(&spot, items[i].staged);
		spot_close(&spot);
	}
}

struct err *
group_go_live(struct run *run, struct item *items, size_t count, size_t *live)
{
	size_t		 ready = count;
	struct err	*e = stage_all(run, items, &ready), *early;

	*live = 0;
	early = sync_staged(items, ready);
	if (early != NULL)
		run->failed_id = items[0].id;
	else
		early = rename_all(run, items, ready, live);
	unstage_all(items + *live, count - *live);
	if (early != NULL) {
		err_free(e);
		e = early;
	}
	return err_join(e, sync_directories(items, *live));
}
