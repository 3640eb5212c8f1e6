/* cmd: what two states of the instance differ in, for people and as JSON. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/compare.h"
#include "cmd/patch.h"
#include "cmd/progress.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What follows from all changes together. */
struct totals {
	size_t	restarts, reloads, commands;
};

/*
 * For each node the number of the first one that has the same events, the caller's, free(): they are shown under one
 * heading.  All but plain changes stand alone.
 */
static size_t *
find_groups(const struct comparison *comparison)
{
	size_t		*first = xcalloc(comparison->count + 1, sizeof(*first));
	json_t		*seen = json_object(), *number;
	struct buf	 text = { 0 };

	for (size_t i = 0; i < comparison->count; i++) {
		const struct node_change *change = &comparison->items[i];

		first[i] = i;
		if (change->fate != FATE_CHANGED || change->was != NULL)
			continue;
		buf_clear(&text);
		json_canonical(change->events, &text);
		if ((number = json_object_get(seen, buf_text(&text))) != NULL)
			first[i] = (size_t)json_integer_value(number);
		else
			json_object_set_new(seen, buf_text(&text), json_integer((json_int_t)i));
	}
	buf_fini(&text);
	json_decref(seen);
	return first;
}

/* What became of a node that is not merely changed. */
static char *
fate_text(const struct node_change *change)
{
	switch (change->fate) {
	case FATE_NEW:
		return xasprintf("new: %zu resources", change->resources);
	case FATE_ENABLED:
		return xasprintf("enabled: %zu resources", change->resources);
	case FATE_GONE:
		return xstrdup("gone: leap knows it no more, what it has stays");
	case FATE_DISABLED:
		return xstrdup("disabled: deploys leave it as it is");
	case FATE_CHANGED:
		break;
	}
	return change->was == NULL ? NULL : xasprintf("was %s", change->was);
}

static void
print_heading(const struct comparison *comparison, const size_t *first, size_t index)
{
	const struct node_change	*change = &comparison->items[index];
	struct buf			 line = { 0 };
	char				*text = fate_text(change);

	term_color(&line, stdout, TERM_BOLD, change->name);
	for (size_t i = index + 1; i < comparison->count; i++) {
		if (first[i] != index)
			continue;
		buf_addc(&line, ' ');
		term_color(&line, stdout, TERM_BOLD, comparison->items[i].name);
	}
	if (text != NULL)
		buf_addf(&line, " (%s)", text);
	buf_addc(&line, '\n');
	term_write(stdout, &line);
	buf_fini(&line);
	free(text);
}

static void
print_event(const json_t *event, bool patches)
{
	const char	*detail = json_str(event, "detail"), *patch = json_str(event, "patch");
	struct buf	 line = { 0 };

	buf_adds(&line, "  ");
	progress_event_text(&line, stdout, event);
	if (detail != NULL)
		buf_addf(&line, ": %s", detail);
	buf_addc(&line, '\n');
	term_write(stdout, &line);
	buf_fini(&line);
	if (patches && patch != NULL)
		patch_print(patch, SIZE_MAX);
}

/* What a whole node is made of is no news; that it is new is. */
static void
print_change(const struct comparison *comparison, const size_t *first, size_t index, bool patches)
{
	const struct node_change	*change = &comparison->items[index];
	const json_t			*event;
	size_t				 i;

	print_heading(comparison, first, index);
	if (change->fate != FATE_CHANGED)
		return;
	json_array_foreach(change->events, i, event)
		print_event(event, patches);
}

static void
count_follows(struct totals *totals, const struct node_change *change)
{
	const json_t	*event;
	size_t		 i;

	if (change->fate != FATE_CHANGED)
		return;
	json_array_foreach(change->events, i, event) {
		const char *action = json_str(event, "action");

		totals->restarts += strcmp(action, "restart") == 0;
		totals->reloads += strcmp(action, "reload") == 0;
		totals->commands += strcmp(action, "run") == 0;
	}
}

static void
add_total(struct buf *line, size_t count, const char *what)
{
	if (count > 0)
		buf_addf(line, "%s %zu %s%s", line->len > 0 ? "," : ";", count, what, count == 1 ? "" : "s");
}

static void
print_summary(const struct comparison *comparison)
{
	struct totals	 totals = { 0 };
	struct buf	 names = { 0 }, follows = { 0 };

	for (size_t i = 0; i < comparison->count; i++) {
		buf_addf(&names, "%s %s", i > 0 ? "," : "", comparison->items[i].name);
		count_follows(&totals, &comparison->items[i]);
	}
	add_total(&follows, totals.restarts, "restart");
	add_total(&follows, totals.reloads, "reload");
	add_total(&follows, totals.commands, "command");
	if (comparison->count > 0)
		out("%zu of %zu node%s change:%s%s\n", comparison->count, comparison->nodes,
		    comparison->nodes == 1 ? "" : "s", buf_text(&names), buf_text(&follows));
	else
		out("nothing changes on %zu node%s\n", comparison->nodes - comparison->failed,
		    comparison->nodes - comparison->failed == 1 ? "" : "s");
	if (comparison->failed > 0)
		out("%zu node%s could not be compared\n", comparison->failed, comparison->failed == 1 ? "" : "s");
	buf_fini(&names);
	buf_fini(&follows);
}

void
compare_print(const struct comparison *comparison, bool patches)
{
	size_t	*first = find_groups(comparison);

	for (size_t i = 0; i < comparison->count; i++) {
		if (first[i] == i)
			print_change(comparison, first, i, patches);
	}
	free(first);
	print_summary(comparison);
}

static json_t *
events_json(const struct node_change *change, bool patches)
{
	json_t	*events = change->events == NULL ? json_array() : json_deep_copy(change->events), *event;
	size_t	 i;

	json_array_foreach(events, i, event) {
		if (!patches)
			json_object_del(event, "patch");
	}
	return events;
}

static json_t *
change_json(const struct node_change *change, bool patches)
{
	static const char *const words[] = {
		[FATE_CHANGED] = "changed", [FATE_NEW] = "new", [FATE_GONE] = "gone", [FATE_ENABLED] = "enabled",
		[FATE_DISABLED] = "disabled",
	};
	json_t	*object = json_pack("{s:s, s:s, s:o}", "node", change->name, "change", words[change->fate], "events",
	    events_json(change, patches));

	if (change->was != NULL)
		json_object_set_new(object, "was", json_string(change->was));
	if (change->before[0] != '\0')
		json_object_set_new(object, "manifest_before", json_string(change->before));
	if (change->after[0] != '\0')
		json_object_set_new(object, "manifest_after", json_string(change->after));
	return object;
}

void
compare_print_json(const struct comparison *comparison, bool patches)
{
	json_t		*root, *nodes = json_array();
	struct buf	 text = { 0 };

	for (size_t i = 0; i < comparison->count; i++)
		json_array_append_new(nodes, change_json(&comparison->items[i], patches));
	root = json_pack("{s:s, s:s, s:i, s:i, s:o}", "before", comparison->before, "after", comparison->after,
	    "compared", (int)comparison->nodes, "failed", (int)comparison->failed, "nodes", nodes);
	json_pretty(root, &text);
	term_write(stdout, &text);
	buf_fini(&text);
	json_decref(root);
}
