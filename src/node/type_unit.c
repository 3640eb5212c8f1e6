/* node: unit resources, systemd's. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/err.h"
#include "base/json.h"
#include "node/run.h"

#include <string.h>

/* true, false, or not cared about */
static bool
wants(const struct item *item, const char *member, bool value)
{
	const json_t	*want = json_object_get(item->want, member);

	return want != NULL && json_is_true(want) == value;
}

static void
add_steps(struct item *item, const struct unit *unit, const char *owed)
{
	if (wants(item, "enabled", true) && ((!unit->enabled && !unit->fixed) || item->begun))
		item_step(item, "enable", NULL);
	if (wants(item, "enabled", false) && unit->enabled)
		item_step(item, "disable", NULL);
	if (wants(item, "active", false)) {
		if (unit->active)
			item_step(item, "stop", NULL);
		return;
	}
	/* What starts now has read everything that is new. */
	if (wants(item, "active", true) && !unit->active)
		item_step(item, "start", NULL);
	else if (unit->active && owed != NULL)
		item_step(item, strcmp(owed, "reload") == 0 ? "reload" : "restart", NULL);
}

static bool
must_enable(struct run *run, const struct item *item)
{
	const struct unit	*unit;
	struct err		*e;
	bool			 must;

	if (!wants(item, "enabled", true) || item->begun)
		return false;
	e = systemd_unit(&run->systemd, item->name, &unit);
	must = e == NULL && !unit->enabled && !unit->fixed && !unit->masked;
	err_free(e);	/* the look that follows tells it */
	return must;
}

/*
 * Every systemctl enable has systemd read all of its unit files again, which may take it half a second.  So those that
 * follow each other are enabled together, after their files were written, and one reload is for all of that.
 */
static struct err *
enable_together(struct run *run, struct item *first)
{
	const struct item	*end = run->items + run->item_count;
	struct strs		 names = { 0 };
	struct err		*e = NULL;

	systemd_forget(&run->systemd);
	for (struct item *item = first; item < end && item->type == &type_unit; item++) {
		if (!must_enable(run, item))
			continue;
		strs_add(&names, item->name);
		run_owe_later(run, item->id);
	}
	if (names.count > 0)
		e = run_owe_daemon_reload(run);
	/* What cannot be enabled says so when it is its turn. */
	if (e == NULL && names.count > 0 && systemd_enable(&run->systemd, &names))
		for (struct item *item = first; item < end && item->type == &type_unit; item++)
			item->begun = item->begun || strs_has(&names, item->name);
	strs_fini(&names);
	return e;
}

static struct err *
inspect(struct run *run, struct item *item)
{
	const struct unit	*unit;
	struct err		*e = NULL;

	if (run->acting && !item->gone && must_enable(run, item))
		e = enable_together(run, item);
	if (e == NULL && run->acting)
		e = run_daemon_reload(run);
	if (e == NULL)
		e = systemd_unit(&run->systemd, item->name, &unit);
	if (e != NULL)
		return e;
	if (unit->masked && (wants(item, "enabled", true) || wants(item, "active", true)))
		return err_hint(err_new(ERR_FAILED, "%s is masked", unit->name), "systemctl unmask %s", unit->name);
	json_decref(item->before);
	item->before = item_untouched(item) ? json_pack("{s:b, s:b}", "active", unit->active, "enabled",
	    unit->enabled) : NULL;
	add_steps(item, unit, run_owed(run, item));
	return NULL;
}

static struct err *
apply(struct run *run, struct item *item)
{
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < item->step_count; i++) {
		if (item->begun && strcmp(item->steps[i].action, "enable") == 0)
			continue;
		if (strcmp(item->steps[i].action, "reload") == 0)
			e = systemd_do(&run->systemd, "reload-or-restart", item->name);
		else
			e = systemd_do(&run->systemd, item->steps[i].action, item->name);
	}
	return e;
}

static struct err *
inspect_gone(struct run *run, struct item *item)
{
	const json_t		*before = json_object_get(item->entry, "before");
	const struct unit	*unit;
	struct err		*e;

	e = systemd_unit(&run->systemd, item->name, &unit);
	if (e != NULL || before == NULL || !unit->found)
		return e;
	if (!json_bool(before, "active") && wants(item, "active", true) && unit->active)
		item_step(item, "stop", NULL);
	if (!json_bool(before, "enabled") && wants(item, "enabled", true) && unit->enabled)
		item_step(item, "disable", NULL);
	return NULL;
}

static struct err *
remove_unit(struct run *run, struct item *item)
{
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < item->step_count; i++)
		e = systemd_do(&run->systemd, item->steps[i].action, item->name);
	return e;
}

const struct type type_unit = {
	.name = "unit",
	.before_once = true,
	.inspect = inspect,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_unit,
};
