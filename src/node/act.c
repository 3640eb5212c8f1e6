/* node: doing what the items' steps say, each announced before it is done. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/act.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "node/content.h"
#include "node/group.h"
#include "node/items.h"
#include "node/run.h"
#include "node/store.h"
#include "node/trial.h"
#include "node/types.h"

#include <string.h>

static const char *
token_of(const struct item *item)
{
	return item->type->token != NULL ? item_str(item, item->type->token) : NULL;
}

/*
 * Write down what leap is about to do with the item, and keep what it will overwrite, so that at any
 * later moment it is known whose the thing at its place is.
 */
static struct err *
claim(struct run *run, struct item *item)
{
	bool		 changed = item->entry == NULL || item->step_count > 0;
	struct err	*e = NULL;

	if (item->entry == NULL) {
		item->entry = entry_new(item->id, item->want, item->before);
		item->fresh = true;
		json_object_set(run->managed.entries, item->id, item->entry);
	} else if (!item_settled(item) && item->before != NULL && !(item->fresh && item->type->before_once) &&
	    !json_equal(json_object_get(item->entry, "before"), item->before)) {
		json_object_set(item->entry, "before", item->before);
		changed = true;
	}
	if (changed && item->type->claim != NULL)
		e = item->type->claim(run, item);
	if (changed && token_of(item) != NULL)
		entry_add_ours(item->entry, token_of(item));
	if (e == NULL && changed)
		journal_entry(&run->journal, item->entry);
	return e;
}

/* Everything is claimed, on the disk, before anything is touched. */
struct err *
act_claim_all(struct run *run)
{
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < run->gone_count; i++)
		if (run->gone[i].step_count > 0)
			e = run_owe(run, run->gone[i].id);
	for (size_t i = 0; e == NULL && i < run->item_count; i++) {
		struct item	*item = &run->items[i];

		run->failed_id = item->id;
		e = claim(run, item);
		/* A generation can only be gone back to when the store has all its contents. */
		if (e == NULL && strcmp(item->type->name, "file") == 0 && item->step_count == 0)
			e = content_save(item->name, item_str(item, "sha256"));
	}
	if (e == NULL)
		run->failed_id = NULL;
	if (e == NULL)
		e = store_sync();
	return e != NULL ? e : journal_commit(&run->journal, true);
}

/* What leap put there is there now.  Need not be synced: whoever finds only the claim comes to the same end. */
static void
settle(struct run *run, struct item *item)
{
	journal_paid(&run->journal, item->id);
	if (item->step_count > 0 || !item_settled(item) ||
	    !json_equal(json_object_get(item->entry, "want"), item->want)) {
		entry_settle(item->entry, item->want, token_of(item));
		journal_entry(&run->journal, item->entry);
	}
}

/* The look right before the act, and what must be so before it. */
static struct err *
look_again(struct run *run, struct item *item)
{
	struct err	*e;

	if (item->done)
		return NULL;
	item_clear_steps(item);
	e = item->type->inspect(run, item);
	if (e == NULL && item->step_count > 0 && !run->reverting)
		e = item_str(item, "check") != NULL ? trial_check(run, item) : trial_late(run, item);
	if (e == NULL && item->step_count > 0)
		e = claim(run, item);
	if (e == NULL && item->step_count > 0)
		run_owe_later(run, item->id);
	return e;
}

/* What was claimed, and what is owed, is on the disk. */
static struct err *
write_ahead(struct run *run)
{
	struct err	*e = store_sync();

	return e != NULL ? e : journal_commit(&run->journal, true);
}

static struct err *
act_on(struct run *run, struct item *item)
{
	struct err	*e = look_again(run, item);

	if (e == NULL && item_must_act(item))
		e = write_ahead(run);
	if (e == NULL && item_must_act(item))
		e = item->type->apply(run, item);
	if (e != NULL)
		return e;
	item_report(run, item);
	settle(run, item);
	return journal_commit(&run->journal, false);
}

/*
 * Files that follow each other: what they make necessary is written down together, and they go live together.  One
 * that cannot does not keep those before it from it.
 */
static struct err *
act_on_group(struct run *run, struct item *items, size_t count)
{
	struct err	*e = NULL, *early;
	size_t		 ready = 0, live = 0;

	while (e == NULL && ready < count) {
		e = look_again(run, &items[ready]);
		if (e != NULL)
			run->failed_id = items[ready].id;
		ready += e == NULL;
	}
	early = write_ahead(run);
	if (early != NULL)
		run->failed_id = items[0].id;
	else
		early = group_go_live(run, items, ready, &live);
	for (size_t i = 0; i < live; i++)
		settle(run, &items[i]);
	if (early != NULL) {
		err_free(e);
		e = early;
	}
	return err_join(e, journal_commit(&run->journal, false));
}

static struct err *
remove_one(struct run *run, struct item *item)
{
	struct err	*e;

	item_clear_steps(item);
	e = item->type->inspect_gone(run, item);
	if (e == NULL && item->step_count > 0)
		e = run_owe(run, item->id);
	if (e == NULL && item->step_count > 0)
		e = item->type->remove(run, item);
	if (e != NULL)
		return e;
	item_report(run, item);
	json_object_del(run->managed.entries, item->id);
	journal_gone(&run->journal, item->id);
	return journal_commit(&run->journal, false);
}

bool
act_must_stop(struct run *run)
{
	channel_flush(run->channel);
	if (run->reverting)
		return false;
	run->cancelled = run->cancelled || channel_stopped(run->channel);
	return run->cancelled;
}

/*
 * Remove what left the manifest.  What cannot be removed (a user who is logged in) does not keep
 * the rest from being done: it stays managed, and the deploy is a failed one.
 */
struct err *
act_remove_gone(struct run *run, bool last)
{
	struct err	*all = NULL, *e;

	for (size_t i = 0; i < run->gone_count; i++) {
		struct item	*item = &run->gone[i];

		if (item->last != last)
			continue;
		if (act_must_stop(run))
			break;
		e = remove_one(run, item);
		if (e == NULL)
			continue;
		run_event(run, item->id, "warn", "could not be removed", err_message(e));
		if (run->failed_id == NULL)
			run->failed_id = item->id;
		all = err_join(all, e);
	}
	return all;
}

struct err *
act_on_all(struct run *run)
{
	struct err	*all = NULL, *e;
	size_t		 count;

	for (size_t i = 0; i < run->item_count && !act_must_stop(run); i += count) {
		struct item	*item = &run->items[i];
		double		 begin = clock_now();

		count = group_length(run, item);
		e = count > 1 ? act_on_group(run, item, count) : act_on(run, item);
		run->seconds[item->type == &type_unit ? RUN_RESTARTS : RUN_APPLY] += clock_now() - begin;
		if (e == NULL)
			continue;
		if (count == 1)
			run->failed_id = item->id;
		all = err_join(all, run->reverting ? err_context(e, "%s", item->id) : e);
		if (!run->reverting)
			break;
	}
	return all;
}
