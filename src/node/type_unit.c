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
	if (wants(item, "enabled", true) && !unit->enabled && !unit->fixed)
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

static struct err *
inspect(struct run *run, struct item *item)
{
	const struct unit	*unit;
	struct err		*e;

	e = run->acting ? run_daemon_reload(run) : NULL;
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
