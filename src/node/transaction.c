/* node: an apply that fails takes the node back to the generation before. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/transaction.h"

#include "base/err.h"
#include "base/json.h"
#include "node/apply.h"
#include "node/confirm.h"
#include "node/generation.h"
#include "node/items.h"
#include "node/run.h"
#include "node/state.h"

#include <stdlib.h>
#include <string.h>

struct err *
transaction_contents(const struct run *run)
{
	for (size_t i = 0; i < run->item_count; i++)
		if (run->items[i].lacks_content)
			return err_hint(err_new(ERR_FAILED, "the content of %s is not on this node any more",
			    run->items[i].id), "deploy the commit that it came from: leap deploy --rev COMMIT");
	return NULL;
}

static struct err *
no_generation(unsigned number)
{
	if (number == 0)
		return err_hint(err_new(ERR_FAILED, "there is no generation to go back to"),
		    "leap history shows those that there are");
	return err_hint(err_new(ERR_FAILED, "there is no generation %u that was applied to its end", number),
	    "leap history shows those that there are");
}

struct err *
transaction_choose(struct run *run)
{
	unsigned	 number = run->request->generation;
	struct manifest	 old = { 0 };
	struct err	*e;

	if (number == 0)
		number = generation_before();
	if (number == 0 || !generation_applied(number))
		return no_generation(number != 0 ? number : run->request->generation);
	e = generation_load(number, json_str(run->manifest->root, "node"), &old);
	if (e != NULL)
		return e;
	manifest_fini(run->manifest);
	*run->manifest = old;
	run->went_back = true;
	run->back_to = run->origin = number;
	return NULL;
}

/* Forget what was looked at: all of it may have changed. */
static void
look_away(struct run *run)
{
	items_fini(run);
	accounts_forget(&run->accounts);
	dpkg_forget(&run->dpkg);
	systemd_forget(&run->systemd);
}

static void
announce(struct run *run, unsigned generation, const char *why)
{
	char	*id = xasprintf("generation:%u", generation);

	run_event(run, id, "revert", why, NULL);
	free(id);
}

static struct err *
apply_old(struct run *run, struct manifest *old)
{
	struct manifest	*forward = run->manifest;
	struct err	*e;

	run->manifest = old;
	run->acting = false;
	items_build(run);
	e = items_inspect(run);
	if (e == NULL)
		e = transaction_contents(run);
	if (e == NULL)
		e = apply_act(run);
	look_away(run);
	run->manifest = forward;
	return e;
}

struct err *
transaction_back(struct run *run, unsigned generation, const char *why)
{
	const unsigned	 changed = run->changed, restarted = run->restarted;
	json_t		*touches = json_deep_copy(run->touches);
	const bool	 cancelled = run->cancelled;
	struct manifest	 old = { 0 };
	struct err	*e;

	e = generation_load(generation, json_str(run->manifest->root, "node"), &old);
	if (e != NULL) {
		json_decref(touches);
		return e;
	}
	run->blamed = run->failed_id != NULL ? xstrdup(run->failed_id) : NULL;
	announce(run, generation, why);
	look_away(run);
	run->reverting = true;
	run->cancelled = false;
	e = apply_old(run, &old);
	run->reverting = false;
	run->complete = false;
	run->cancelled = cancelled;
	/* What the deploy itself did is what is told. */
	run->changed = changed;
	run->restarted = restarted;
	json_decref(run->touches);
	run->touches = touches;
	run->failed_id = run->blamed;
	if (e == NULL) {
		run->went_back = true;
		run->back_to = generation;
	}
	manifest_fini(&old);
	return e;
}

static struct err *
undo(struct run *run, unsigned generation, struct err *take_e)
{
	char		*why = run->failed_id == NULL ? xstrdup(err_message(take_e)) :
	    xasprintf("%s: %s", run->failed_id, err_message(take_e));
	struct err	*e = transaction_back(run, generation, why);

	free(why);
	if (e != NULL) {
		take_e = err_note(take_e, NULL, "and it could not go back to generation %u: %s", generation, err_message(e));
		err_free(e);
		return take_e;
	}
	run->reverted = true;
	e = confirm_disarm(run);
	take_e = err_note(take_e, NULL, "the node is back at generation %u", generation);
	return err_join(take_e, e);
}

/* Why the node is left in the middle. */
static struct err *
left_alone(const struct run *run, struct err *take_e)
{
	return err_note(take_e, NULL, "%s: what was done stays, and the next deploy goes on from there",
	    run->request->keep ? "the node is left as it is, because of --keep" : "there is no generation to go back to");
}

struct err *
transaction_run(struct run *run)
{
	unsigned	 unfinished, before = generation_current(&unfinished);
	struct err	*e;

	e = confirm_arm(run, before);
	if (e == NULL)
		e = apply_act(run);
	/* What it went back to earlier, or was to go back to, it is not in. */
	if (run->origin > 0 ? !run->complete : run->touched)
		run->went_back = false;
	if (e == NULL || !run->touched || run->complete || run->cancelled)
		return e;
	return run->request->keep || before == 0 ? left_alone(run, e) : undo(run, before, e);
}

/* Look, and go as far back as it goes. */
static struct err *
act_alone(struct run *run)
{
	struct err	*e;

	items_build(run);
	e = items_inspect(run);
	if (e == NULL)
		e = transaction_contents(run);
	if (e == NULL)
		e = apply_act(run);
	return e;
}

struct err *
transaction_alone(struct run *run, unsigned generation)
{
	struct manifest	 old = { 0 };
	struct err	*e, *late;

	e = generation_load(generation, json_str(run->manifest->root, "node"), &old);
	if (e != NULL)
		return e;
	manifest_fini(run->manifest);
	*run->manifest = old;
	run->reverting = true;
	run->went_back = true;
	run->back_to = run->origin = generation;
	e = apply_load(run);
	if (e == NULL)
		e = act_alone(run);
	late = index_save(&run->index, STATE_INDEX);
	return err_join(e, err_join(late, generation_record(run, e != NULL)));
}
