/* node: plan, apply and check: one code, stopped earlier or later. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/apply.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/act.h"
#include "node/checks.h"
#include "node/confirm.h"
#include "node/generation.h"
#include "node/items.h"
#include "node/lock.h"
#include "node/mark.h"
#include "node/preview.h"
#include "node/run.h"
#include "node/state.h"
#include "node/status.h"
#include "node/store.h"
#include "node/transaction.h"
#include "node/trial.h"
#include "node/types.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An error text goes into one frame. */
#define ERROR_MAX	(64u << 10)

struct err *
apply_load(struct run *run)
{
	struct err	*e;

	e = managed_load(&run->managed, STATE_MANAGED);
	if (e == NULL)
		e = journal_load(&run->journal, STATE_JOURNAL, &run->managed);
	return e;
}

/* A cut apply may have left half-written things beside anything it wanted to write. */
static void
sweep(const struct run *run)
{
	static const char *const	 places[] = { STATE_MANAGED, STATE_STORE "/x", STATE_GENERATIONS "/x",
	    STATE_KEPT "/x", "/etc/sysctl.d/x", "/etc/leap/x" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		spot_sweep(places[i]);
	for (size_t i = 0; i < run->item_count; i++)
		if (run->items[i].name[0] == '/')
			spot_sweep(run->items[i].name);
	for (size_t i = 0; i < run->gone_count; i++)
		if (run->gone[i].name[0] == '/')
			spot_sweep(run->gone[i].name);
}

/* Tell a unit that left the manifest, but runs on, what changed below it. */
static struct err *
tell_unit(struct run *run, const char *id, const char *name, const char *action)
{
	const struct unit	*unit;
	struct err		*e;

	systemd_announce(&run->systemd, name);
	e = systemd_unit(&run->systemd, name, &unit);
	if (e != NULL || !unit->found || !unit->active)
		return e;
	e = systemd_do(&run->systemd, strcmp(action, "reload") == 0 ? "reload-or-restart" : action, name);
	if (e == NULL) {
		run_event(run, id, strcmp(action, "reload") == 0 ? "reload" : "restart", NULL, NULL);
		run->restarted++;
	}
	return e;
}

/* Nobody who is not in the manifest any more is owed anything when this is over. */
static struct err *
settle_debts(struct run *run)
{
	struct strs	 ids = { 0 };
	const char	*id;
	json_t		*action;
	struct err	*e = NULL;

	json_object_foreach(run->journal.owed, id, action)
		if (strchr(id, ':') != NULL && json_object_get(run->by_id, id) == NULL)
			strs_add(&ids, id);
	for (size_t i = 0; i < ids.count; i++) {
		if (str_starts(ids.items[i], "unit:"))
			e = err_join(e, tell_unit(run, ids.items[i], ids.items[i] + strlen("unit:"),
			    journal_owed(&run->journal, ids.items[i])));
		journal_paid(&run->journal, ids.items[i]);
	}
	strs_fini(&ids);
	return e;
}

/* managed.json becomes what it and the journal say together; then the journal can go. */
static struct err *
save_state(struct run *run, bool complete)
{
	struct strs	 ids = { 0 };
	struct err	*e;

	for (size_t i = 0; complete && i < run->item_count; i++)
		strs_add(&ids, run->items[i].id);
	managed_order(&run->managed, &ids);
	strs_fini(&ids);
	e = managed_save(&run->managed, STATE_MANAGED);
	return e != NULL ? e : journal_finish(&run->journal);
}

struct err *
apply_act(struct run *run)
{
	struct err	*removed = NULL, *e;

	run->acting = true;
	run->complete = false;
	if (run->journal.cut)
		sweep(run);
	e = journal_begin(&run->journal, run->request->who);
	if (e == NULL)
		e = act_claim_all(run);
	if (e == NULL && !run->reverting)
		e = trial_early(run);
	if (e != NULL)
		return run->reverting ? e : err_join(e, save_state(run, false));
	run->touched = true;
	removed = act_remove_gone(run, false);
	e = act_on_all(run);
	if (e == NULL && !run->reverting)
		e = trial_late(run, NULL);
	run->complete = e == NULL && !run->cancelled;
	if (run->complete || run->reverting) {
		removed = err_join(removed, act_remove_gone(run, true));
		e = err_join(e, run_daemon_reload(run));
		removed = err_join(removed, settle_debts(run));
	}
	e = err_join(e, removed);
	return err_join(e, save_state(run, run->complete));
}

/* Whether the node is as leap saw it when it planned; run->moved says. */
static struct err *
check_expected(struct run *run)
{
	struct err	*e;

	if (run->request->expect == NULL || *run->request->expect == '\0')
		return NULL;
	e = preview_state(run, run->state);
	run->moved = e == NULL && strcmp(run->state, run->request->expect) != 0;
	return e;
}

static struct err *
timed_checks(struct run *run, bool patient)
{
	double		 begin = clock_now();
	struct err	*e = checks_run(run, patient);

	run->seconds[RUN_CHECKS] += clock_now() - begin;
	return e;
}

/* What would be done, in the order in which it would be. */
static struct err *
tell_plan(struct run *run)
{
	struct err	*e = preview_state(run, run->state);

	run->planned = true;
	if (e != NULL)
		return e;
	for (size_t i = 0; i < run->gone_count; i++)
		if (!run->gone[i].last)
			item_report(run, &run->gone[i]);
	for (size_t i = 0; i < run->item_count; i++)
		item_report(run, &run->items[i]);
	for (size_t i = 0; i < run->gone_count; i++)
		if (run->gone[i].last)
			item_report(run, &run->gone[i]);
	return NULL;
}

static bool
is_rollback(const struct run *run)
{
	return strcmp(run->request->op, "rollback") == 0;
}

/* Under the lock, with the state loaded. */
static struct err *
apply_locked(struct run *run)
{
	double		 begin = clock_now();
	struct err	*e, *late;
	bool		 resting;

	run->generation = generation_last();
	e = items_inspect(run);
	run->seconds[RUN_LOOK] += clock_now() - begin;
	if (e == NULL)
		e = check_expected(run);
	if (e == NULL && run->request->careful && !items_at_rest(run))
		return tell_plan(run);
	if (e == NULL && !run->moved)
		e = is_rollback(run) ? transaction_contents(run) : items_fetch(run);
	if (e != NULL || run->moved || act_must_stop(run))
		return e;
	resting = items_at_rest(run);
	run->complete = resting;
	if (!resting)
		e = transaction_run(run);
	else if (run->noted)
		e = managed_save(&run->managed, STATE_MANAGED);
	if (e == NULL && !run->cancelled)
		e = timed_checks(run, true);
	late = index_save(&run->index, STATE_INDEX);
	late = err_join(late, generation_record(run, e != NULL || run->checks_failed > 0));
	return err_join(err_join(e, late), confirm_count(run));
}

static bool
stop_waiting(void *context)
{
	struct run	*run = context;

	return act_must_stop(run);
}

/* What the lock is for, in the words of who waits for it; the caller's. */
static char *
purpose(const struct request *request)
{
	if (strcmp(request->op, "rollback") == 0)
		return xstrdup("a rollback");
	return xasprintf("a deploy%s%.10s", *request->commit == '\0' ? "" : " of commit ", request->commit);
}

static struct err *
apply(struct run *run, char **holder)
{
	char		*what = purpose(run->request);
	struct lock	 lock = { .fd = -1 };
	struct err	*e;

	e = state_make();
	if (e == NULL)
		e = lock_take(&lock, holder, STATE_LOCK, run->request->who, what, run->request->lock_wait, stop_waiting, run);
	run->stale = lock.stale;
	if (e == NULL && *holder == NULL)
		e = mark_holds(run, holder);
	if (e == NULL && *holder == NULL)
		e = apply_load(run);
	if (e == NULL && *holder == NULL)
		e = confirm_settle(run, holder);
	if (e == NULL && *holder == NULL && is_rollback(run))
		e = transaction_choose(run);
	if (e == NULL && *holder == NULL) {
		items_build(run);
		e = apply_locked(run);
	}
	lock_release(&lock);
	free(what);
	return e;
}

static struct err *
plan(struct run *run)
{
	struct err	*e;

	e = apply_load(run);
	if (e != NULL)
		return e;
	items_build(run);
	e = items_inspect(run);
	if (e == NULL)
		e = tell_plan(run);
	run->generation = generation_last();
	return e;
}

static struct err *
check(struct run *run)
{
	run->managed.entries = json_object();
	items_build(run);
	run->generation = generation_last();
	return timed_checks(run, false);
}

static struct err *
status(struct run *run)
{
	unsigned	 unfinished;
	struct err	*e = apply_load(run);

	if (e != NULL)
		return e;
	run->generation = generation_current(&unfinished);
	if (strcmp(run->request->op, "fetch") == 0)
		return status_fetch(run);
	items_build(run);
	status_tell(run, unfinished > 0 || run->journal.cut);
	return NULL;
}

static struct err *
history(struct run *run)
{
	struct err	*e = apply_load(run);

	if (e == NULL)
		run->data = generation_history(run->journal.cut);
	return e;
}

static json_t *
make_result(const struct run *run, const struct err *e, const char *holder)
{
	json_t		*result;
	struct buf	 text = { 0 };
	const char	*word = "ok";

	if (holder != NULL)
		word = "locked";
	else if (run->moved)
		word = "moved";
	else if (run->planned && run->request->careful && e == NULL)
		word = "planned";
	else if (run->cancelled)
		word = "cancelled";
	else if (e != NULL || run->checks_failed > 0)
		word = "failed";
	result = json_pack("{s:s, s:i, s:i, s:i, s:i, s:i}", "result", word, "changed", (int)run->changed, "restarted",
	    (int)run->restarted, "generation", (int)run->generation, "checks", (int)run->checks, "checks_failed",
	    (int)run->checks_failed);
	if (holder != NULL)
		json_object_set_new(result, "lock", json_text(holder));
	if (run->marked)
		json_object_set_new(result, "marked", json_true());
	if (run->stale)
		json_object_set_new(result, "stale", json_true());
	if (run->reverted)
		json_object_set_new(result, "reverted", json_true());
	if (run->nonce != NULL) {
		json_object_set_new(result, "confirm", json_integer((json_int_t)run->confirm));
		json_object_set_new(result, "nonce", json_string(run->nonce));
	}
	if (run->data != NULL)
		json_object_set(result, "data", run->data);
	if (run->state[0] != '\0')
		json_object_set_new(result, "state", json_string(run->state));
	if (run->planned)
		json_object_set_new(result, "bytes", json_integer((json_int_t)items_missing_bytes(run)));
	json_object_set_new(result, "milliseconds", json_pack("{s:i, s:i, s:i, s:i}",
	    "look", (int)(run->seconds[RUN_LOOK] * 1000), "apply", (int)(run->seconds[RUN_APPLY] * 1000),
	    "restarts", (int)(run->seconds[RUN_RESTARTS] * 1000), "checks", (int)(run->seconds[RUN_CHECKS] * 1000)));
	if (e != NULL) {
		err_format(e, &text);
		while (text.len > 0 && (text.len > ERROR_MAX || text.data[text.len - 1] == '\n'))
			text.data[--text.len] = '\0';
		json_object_set_new(result, "error", json_text(buf_text(&text)));
	}
	if (e != NULL && run->failed_id != NULL)
		json_object_set_new(result, "resource", json_text(run->failed_id));
	buf_fini(&text);
	return result;
}

static struct err *
do_op(struct run *run, char **holder)
{
	const char	*op = run->request->op;

	if (strcmp(op, "apply") == 0 || strcmp(op, "rollback") == 0)
		return apply(run, holder);
	if (strcmp(op, "plan") == 0)
		return plan(run);
	if (strcmp(op, "status") == 0 || strcmp(op, "fetch") == 0)
		return status(run);
	if (strcmp(op, "confirm") == 0)
		return confirm_take(run, holder);
	if (strcmp(op, "lock") == 0)
		return mark_set(run, holder);
	if (strcmp(op, "unlock") == 0)
		return mark_remove(run);
	if (strcmp(op, "history") == 0)
		return history(run);
	return check(run);
}

void
apply_forget(struct run *run)
{
	items_fini(run);
	managed_fini(&run->managed);
	journal_fini(&run->journal);
	accounts_forget(&run->accounts);
	dpkg_forget(&run->dpkg);
	systemd_fini(&run->systemd);
	json_decref(run->checked);
	json_decref(run->unchecked);
	json_decref(run->data);
	json_decref(run->touches);
	run->checked = run->unchecked = run->data = run->touches = NULL;
	free(run->kept);
	free(run->blamed);
	free(run->nonce);
	run->kept = run->blamed = run->nonce = NULL;
}

void
run_do(struct run *run, json_t **result)
{
	char		*holder = NULL;
	struct err	*e;

	run->checked = json_object();
	run->unchecked = json_object();
	e = state_check();
	if (e == NULL)
		e = do_op(run, &holder);
	*result = make_result(run, e, holder);
	err_free(e);
	free(holder);
	apply_forget(run);
}
