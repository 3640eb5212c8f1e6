/* cmd: what leap check found, in an order, each mistake once. */
/* May know config, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/findings.h"

#include "base/buf.h"
#include "base/json.h"
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#define OTHER_RULE	"configuration"		/* of what says no other */

void
findings_add(struct findings *findings, struct err *take_e)
{
	size_t count = findings->count + err_count(take_e);

	if (take_e == NULL)
		return;
	findings->owned = xrealloc(findings->owned, findings->owned_count + 1, sizeof(struct err *));
	findings->owned[findings->owned_count++] = take_e;
	findings->items = xrealloc(findings->items, count, sizeof(*findings->items));
	for (const struct err *e = take_e; e != NULL; e = err_next(e), findings->count++)
		findings->items[findings->count] = (struct finding){ .e = e, .number = findings->count };
}

void
findings_fini(struct findings *findings)
{
	for (size_t i = 0; i < findings->owned_count; i++)
		err_free(findings->owned[i]);
	free(findings->owned);
	free(findings->items);
	*findings = (struct findings){ 0 };
}

const char *
finding_rule(const struct finding *finding)
{
	const char *rule = err_rule_name(finding->e);

	return rule != NULL ? rule : OTHER_RULE;
}

/* What has no place comes first. */
static const struct place *
place_of(const struct finding *finding)
{
	static const struct place nowhere = { .path = "" };
	const struct place *place = err_place(finding->e);

	return place != NULL ? place : &nowhere;
}

static int
compare_numbers(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare(const void *a, const void *b)
{
	const struct finding	*one = a, *two = b;
	const struct place	*here = place_of(one), *there = place_of(two);
	int			 order = strcmp(here->path, there->path);

	if (order == 0)
		order = compare_numbers(here->line, there->line);
	if (order == 0)
		order = compare_numbers(here->column, there->column);
	if (order == 0)
		order = err_is_warning(one->e) - err_is_warning(two->e);
	return order != 0 ? order : compare_numbers(one->number, two->number);
}

/* Whether `next`, which is sorted behind `kept`, need not be said beside it. */
static bool
is_same(const struct finding *kept, const struct finding *next)
{
	const struct place *here = place_of(kept), *there = place_of(next);

	if (strcmp(here->path, there->path) != 0 || here->line != there->line || here->column != there->column)
		return false;
	if (here->line == 0)
		return strcmp(err_message(kept->e), err_message(next->e)) == 0;
	return here->column != 0 || strcmp(finding_rule(kept), finding_rule(next)) == 0;
}

/* Leave out `next`, and count it where it is another case of what is said. */
static void
absorb(struct finding *kept, const struct finding *next)
{
	if (strcmp(finding_rule(kept), finding_rule(next)) == 0 &&
	    strcmp(err_message(kept->e), err_message(next->e)) != 0)
		kept->more++;
}

void
findings_sort(struct findings *findings)
{
	struct finding	*items = findings->items;
	size_t		 count = 0;
	const char	*path = NULL;

	if (findings->count > 0)
		qsort(items, findings->count, sizeof(*items), compare);
	for (size_t i = 0; i < findings->count; i++) {
		if (strcmp(finding_rule(&items[i]), RULE_CONSEQUENCE) == 0)
			continue;
		if (count > 0 && is_same(&items[count - 1], &items[i]))
			absorb(&items[count - 1], &items[i]);
		else
			items[count++] = items[i];
	}
	findings->count = count;
	findings->errors = findings->warnings = findings->files = 0;
	for (size_t i = 0; i < count; i++) {
		*(err_is_warning(items[i].e) ? &findings->warnings : &findings->errors) += 1;
		if (err_place(items[i].e) != NULL && (path == NULL || strcmp(path, place_of(&items[i])->path) != 0))
			findings->files++;
		path = place_of(&items[i])->path;
	}
}

static void
add_count(struct buf *out, size_t count, const char *what)
{
	buf_addf(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

void
findings_summary(const struct findings *findings, struct buf *out)
{
	if (findings->errors > 0 || findings->warnings == 0)
		add_count(out, findings->errors, "error");
	if (findings->errors > 0 && findings->warnings > 0)
		buf_adds(out, " and ");
	if (findings->warnings > 0)
		add_count(out, findings->warnings, "warning");
	if (findings->files > 0) {
		buf_adds(out, " in ");
		add_count(out, findings->files, "file");
	}
}

void
findings_text(const struct findings *findings, struct buf *out)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];

		if (i > 0 && strcmp(place_of(finding)->path, place_of(finding - 1)->path) != 0)
			buf_addc(out, '\n');
		err_format_finding(finding->e, out);
		if (finding->more > 0)
			buf_addf(out, "  and %zu more like it here\n", finding->more);
	}
}

json_t *
finding_string(const char *text)
{
	json_t	*value = json_string(text);
	char	*plain;

	if (value != NULL)
		return value;
	plain = xstrdup(text);
	for (char *at = plain; *at != '\0'; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	value = json_string(plain);
	free(plain);
	return value;
}

static void
set_place(json_t *object, const struct place *place)
{
	if (place == NULL)
		return;
	json_object_set_new(object, "file", finding_string(place->path));
	if (place->line != 0)
		json_object_set_new(object, "line", json_integer(place->line));
	if (place->line != 0 && place->column != 0)
		json_object_set_new(object, "column", json_integer(place->column));
}

static json_t *
finding_json(const struct finding *finding)
{
	json_t			*object = json_pack("{s:s, s:s, s:o}", "level",
	    err_is_warning(finding->e) ? "warning" : "error", "rule", finding_rule(finding), "message",
	    finding_string(err_message(finding->e)));
	json_t			*notes = json_array(), *note;
	const struct place	*place;
	const char		*text;

	set_place(object, err_place(finding->e));
	if (err_hint_text(finding->e) != NULL)
		json_object_set_new(object, "hint", finding_string(err_hint_text(finding->e)));
	if (finding->more > 0)
		json_object_set_new(object, "more", json_integer((json_int_t)finding->more));
	for (size_t i = 0; (text = err_note_text(finding->e, i, &place)) != NULL; i++) {
		note = json_pack("{s:o}", "message", finding_string(text));
		set_place(note, place);
		json_array_append_new(notes, note);
	}
	if (json_array_size(notes) > 0)
		json_object_set(object, "notes", notes);
	json_decref(notes);
	return object;
}

void
findings_json(const struct findings *findings, size_t nodes, struct buf *out)
{
	json_t *all = json_array(), *root;

	for (size_t i = 0; i < findings->count; i++)
		json_array_append_new(all, finding_json(&findings->items[i]));
	root = json_pack("{s:I, s:I, s:I, s:o}", "errors", (json_int_t)findings->errors, "warnings",
	    (json_int_t)findings->warnings, "nodes", (json_int_t)nodes, "problems", all);
	json_pretty(root, out);
	json_decref(root);
}
