/* node: what one plan, apply or check works with. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/run.h"

#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"

#include <stdlib.h>
#include <string.h>

void
item_step(struct item *item, const char *action, const char *format, ...)
{
	struct step	*step;
	va_list		 args;

	item->steps = xrealloc(item->steps, item->step_count + 1, sizeof(*item->steps));
	step = &item->steps[item->step_count++];
	*step = (struct step){ .action = action };
	if (format == NULL)
		return;
	va_start(args, format);
	step->detail = xvasprintf(format, args);
	va_end(args);
}

void
item_clear_steps(struct item *item)
{
	for (size_t i = 0; i < item->step_count; i++)
		free(item->steps[i].detail);
	free(item->steps);
	item->steps = NULL;
	item->step_count = 0;
}

bool
item_has_step(const struct item *item, const char *action)
{
	for (size_t i = 0; i < item->step_count; i++)
		if (strcmp(item->steps[i].action, action) == 0)
			return true;
	return false;
}

const char *
item_str(const struct item *item, const char *member)
{
	return json_str(item->want, member);
}

bool
item_untouched(const struct item *item)
{
	return item->entry == NULL || item->fresh;
}

bool
item_must_act(const struct item *item)
{
	return item->step_count > 0 && !item->done;
}

bool
item_settled(const struct item *item)
{
	return item->entry != NULL && !json_bool(item->entry, "intent");
}

void
item_note(struct item *item, const char *key, json_t *take_value)
{
	json_t	*note = json_object_get(item->entry, "note");

	if (note == NULL) {
		note = json_object();
		json_object_set_new(item->entry, "note", note);
	}
	json_object_set_new(note, key, take_value);
}

const json_t *
item_noted(const struct item *item, const char *key)
{
	return json_object_get(json_object_get(item->entry, "note"), key);
}

static bool
names(const json_t *list, const char *id)
{
	const json_t	*one;
	size_t		 i;

	json_array_foreach(list, i, one)
		if (json_string_value(one) != NULL && strcmp(json_string_value(one), id) == 0)
			return true;
	return false;
}

/*
 * What a change of `id` makes necessary for `item`.  A resource that left the manifest is
 * named only in what was last applied.
 */
static const char *
watch_action(const struct item *item, const char *id, bool gone)
{
	const json_t	*lists = gone ? json_object_get(item->entry, "want") : item->want;

	for (size_t i = 0; i < MANIFEST_WATCHES; i++)
		if (names(json_object_get(lists, manifest_watches[i].member), id))
			return manifest_watches[i].action;
	return NULL;
}

/* A plan's changes that a watching item will see. */
static const char *
planned(const struct run *run, const struct item *item)
{
	const char	*found = NULL, *action;

	for (size_t i = 0; i < run->gone_count + run->item_count; i++) {
		const struct item	*other = i < run->gone_count ? &run->gone[i] : &run->items[i - run->gone_count];

		action = other->step_count > 0 && other != item ? watch_action(item, other->id, other->gone) : NULL;
		if (action != NULL && (found == NULL || strcmp(found, "reload") == 0))
			found = action;
	}
	return found;
}

static bool
watches_anything(const struct item *item)
{
	const json_t	*old = json_object_get(item->entry, "want");

	for (size_t i = 0; i < MANIFEST_WATCHES; i++)
		if (json_array_size(json_object_get(item->want, manifest_watches[i].member)) > 0 ||
		    json_array_size(json_object_get(old, manifest_watches[i].member)) > 0)
			return true;
	return false;
}

const char *
run_owed(const struct run *run, const struct item *item)
{
	const char	*owed = journal_owed(&run->journal, item->id);

	if (run->acting || !watches_anything(item))
		return owed;
	if (owed == NULL || strcmp(owed, "reload") == 0) {
		const char	*more = planned(run, item);

		owed = more != NULL ? more : owed;
	}
	return owed;
}

void
run_owe_later(struct run *run, const char *id)
{
	bool		 gone = json_object_get(run->by_id, id) == NULL;
	const char	*action;

	for (size_t i = 0; i < run->item_count; i++) {
		action = watch_action(&run->items[i], id, gone);
		if (action != NULL)
			journal_owe(&run->journal, run->items[i].id, action);
	}
	/* A daemon that ran before leap came runs on when leap goes, and must not keep what goes. */
	for (size_t i = 0; gone && i < run->gone_count; i++) {
		action = watch_action(&run->gone[i], id, true);
		if (action != NULL)
			journal_owe(&run->journal, run->gone[i].id, action);
	}
}

struct err *
run_owe(struct run *run, const char *id)
{
	run_owe_later(run, id);
	return journal_commit(&run->journal, true);
}

/* What is given back what it was before is not removed. */
static bool
will_go(const struct run *run, const struct item *item)
{
	return !run->acting && !item->last && item_has_step(item, "remove");
}

const struct item *
run_will_remove(const struct run *run, const char *id)
{
	for (size_t i = 0; i < run->gone_count; i++)
		if (strcmp(run->gone[i].id, id) == 0)
			return will_go(run, &run->gone[i]) ? &run->gone[i] : NULL;
	return NULL;
}

bool
run_will_remove_path(const struct run *run, const char *path)
{
	for (size_t i = 0; i < run->gone_count; i++)
		if (json_str(run->gone[i].want, "path") != NULL && strcmp(run->gone[i].name, path) == 0)
			return will_go(run, &run->gone[i]);
	return false;
}

bool
run_will_clear(const struct run *run, const char *path)
{
	for (size_t i = 0; i < run->gone_count; i++) {
		const struct item	*item = &run->gone[i];

		if (json_str(item->want, "path") != NULL && strcmp(item->type->name, "directory") != 0 &&
		    str_starts(path, item->name) && path[strlen(item->name)] == '/')
			return will_go(run, item);
	}
	return false;
}

static bool
is_unit_file(const char *path)
{
	return str_starts(path, "/etc/systemd/system/") || str_starts(path, "/usr/lib/systemd/system/") ||
	    str_starts(path, "/lib/systemd/system/") || str_starts(path, "/usr/local/lib/systemd/system/");
}

struct err *
run_owe_daemon_reload(struct run *run)
{
	journal_owe(&run->journal, DAEMON_RELOAD, DAEMON_RELOAD);
	return journal_commit(&run->journal, true);
}

struct err *
run_owe_reload(struct run *run, const char *path)
{
	return is_unit_file(path) ? run_owe_daemon_reload(run) : NULL;
}

struct err *
run_daemon_reload(struct run *run)
{
	struct err	*e;

	if (journal_owed(&run->journal, DAEMON_RELOAD) == NULL)
		return NULL;
	e = systemd_do(&run->systemd, "daemon-reload", NULL);
	if (e != NULL)
		return e;
	journal_paid(&run->journal, DAEMON_RELOAD);
	return journal_commit(&run->journal, false);
}

void
run_event(struct run *run, const char *id, const char *action, const char *detail, const char *error)
{
	json_t	*event = json_object();

	json_object_set_new(event, "resource", json_text(id));
	json_object_set_new(event, "action", json_string(action));
	if (detail != NULL)
		json_object_set_new(event, "detail", json_text(detail));
	if (error != NULL)
		json_object_set_new(event, "error", json_text(error));
	channel_add(run->channel, FRAME_EVENT, event);
}
