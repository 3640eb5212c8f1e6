/* cmd: leap why, for people. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/term.h"
#include "cmd/why.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VALUE_HEAD	400u	/* characters of a value in the first line, */
#define VALUE_LAYER	120u	/* in the last column of a table, */
#define VALUE_CELL	48u	/* and in others */
#define ALIKE_SHOWN	5u	/* facts of one name but several nodes, when there are more than */
#define ALIKE_MOST	8u

/* Add a text in one line, at most `most` characters of it, without secrets: its width must not tell theirs. */
static void
add_short(struct buf *out, const char *text, unsigned most)
{
	struct buf	 shown = { .secret = true };
	unsigned	 seen = 0;
	size_t		 n = 0, room = 0;

	buf_adds(&shown, text);
	mask_apply(&shown);
	for (; n < shown.len && seen <= most; n++) {
		if (((unsigned char)shown.data[n] & 0xc0) == 0x80)
			continue;
		if (seen++ == most - strlen("..."))
			room = n;
	}
	if (seen > most) {
		buf_add(out, buf_text(&shown), room);
		buf_adds(out, "...");
	} else
		buf_add(out, buf_text(&shown), shown.len);
	buf_fini(&shown);
}

/* A value as JSON, a macro without its quotes. */
static void
add_value(struct buf *out, const json_t *value, unsigned most)
{
	const char	*string = json_string_value(value);
	struct buf	 text = { .secret = true };

	if (string != NULL && (str_starts(string, "= ") || str_starts(string, "=> ")))
		buf_adds(&text, string);
	else
		json_canonical(value, &text);
	add_short(out, buf_text(&text), most);
	buf_fini(&text);
}

static void
cell(struct table *table, enum term_color color, struct buf *text)
{
	table_add(table, "%s", buf_text(text));
	table_color(table, color);
	buf_clear(text);
}

static void
headings(struct table *table, const char *const *titles, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		table_add(table, "%s", titles[i]);
		table_color(table, TERM_BOLD);
	}
}

static void
add_place(struct buf *out, const struct explain_place *place)
{
	if (place->path != NULL)
		buf_addf(out, "%s:%u", place->path, place->line);
}

static const char *
effect_word(const struct explain_layer *layer)
{
	static const char *const words[] = {
		[EXPLAIN_SETS] = "sets it", [EXPLAIN_MERGES] = "adds keys", [EXPLAIN_ADDS] = "adds to it",
		[EXPLAIN_REMOVES] = "takes from it", [EXPLAIN_REPLACES] = "replaces it",
		[EXPLAIN_CLEARS] = "takes it away", [EXPLAIN_NOTHING] = "changes nothing",
	};

	return layer->overridden ? "overridden" : words[layer->effect];
}

static void
layer_row(struct table *table, const struct why *why, size_t i)
{
	const struct explain_layer	*layer = &why->explain->layers[i];
	bool				 won = i == why->explain->origin;
	enum term_color			 color = layer->overridden ? TERM_DIM : TERM_PLAIN;
	struct buf			 text = { 0 };

	table_add(table, "%s", won ? "*" : "");
	table_color(table, TERM_GREEN);
	buf_adds(&text, layer->title);
	cell(table, won ? TERM_GREEN : color, &text);
	add_place(&text, &layer->place);
	if (layer->place.column != 0)
		buf_addf(&text, ":%u", layer->place.column);
	cell(table, color, &text);
	buf_adds(&text, effect_word(layer));
	cell(table, color, &text);
	buf_addf(&text, "\"%s\"%s", layer->key, layer->value == NULL ? "" : ": ");
	if (layer->value != NULL)
		add_value(&text, layer->value, VALUE_LAYER);
	cell(table, color, &text);
	buf_fini(&text);
}

static void
print_layers(const struct why *why)
{
	static const char *const	 titles[] = { "", "LAYER", "PLACE", "EFFECT", "SAYS" };
	const struct explain		*explain = why->explain;
	struct table			*table = table_new(ARRAY_LEN(titles));

	headings(table, titles, ARRAY_LEN(titles));
	for (size_t i = 0; i < explain->layer_count; i++)
		layer_row(table, why, i);
	table_print(table, stdout);
	table_free(table);
	if (explain->reason != NULL)
		out("\n%s\n", explain->reason);
}

static void
commit_row(struct table *table, const struct explain_place *place, const struct blame_line *line)
{
	time_t		 local = (time_t)(line->time + line->offset * 60);
	struct tm	 tm;
	char		 date[32] = "";
	bool		 committed = line->state == BLAME_COMMITTED;

	table_add(table, "%s:%u", place->path, place->line);
	if (committed && gmtime_r(&local, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	table_add(table, "%.8s", committed ? line->commit : "-");
	table_color(table, TERM_YELLOW);
	table_add(table, "%s", committed ? date : "-");
	table_add(table, "%s", committed ? line->author : "-");
	table_add(table, "%s", committed ? line->summary : line->state == BLAME_NONE ? "not in git" : "not committed yet");
}

static bool
is_repeated(const struct why *why, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (why->places[j]->text == why->places[i]->text && why->places[j]->line == why->places[i]->line)
			return true;
	}
	return false;
}

/* Who wrote the lines last, each line once. */
static void
print_commits(const struct why *why)
{
	static const char *const	 titles[] = { "LINE", "COMMIT", "DATE", "AUTHOR", "SUMMARY" };
	struct table			*table = table_new(ARRAY_LEN(titles));

	headings(table, titles, ARRAY_LEN(titles));
	for (size_t i = 0; i < why->place_count; i++) {
		if (!is_repeated(why, i))
			commit_row(table, why->places[i], &why->lines[i]);
	}
	out("\n");
	table_print(table, stdout);
	table_free(table);
}

/* What a macro read: its name as one would write it. */
static void
add_name(struct buf *out, const struct explain_fact *fact)
{
	const char	*key;
	json_t		*want;
	bool		 first = true;

	switch (fact->type) {
	case EXPLAIN_PROPERTY:
		buf_addf(out, "%s:%s", fact->owner, fact->name);
		return;
	case EXPLAIN_FILE:
		buf_addf(out, "file \"%s\"", fact->name);
		return;
	case EXPLAIN_SECRET:
		buf_addf(out, "secret \"%s\"", fact->name);
		return;
	case EXPLAIN_FUNCTION:
		buf_addf(out, "%s()", fact->name);
		return;
	case EXPLAIN_SELECTION:
		break;
	}
	buf_adds(out, fact->name);
	if (fact->filter == NULL)
		return;
	buf_addc(out, '{');
	json_object_foreach(fact->filter, key, want) {
		buf_addf(out, "%s%s=", first ? "" : ", ", key);
		add_value(out, want, VALUE_CELL);
		first = false;
	}
	buf_addc(out, '}');
}

/* What it was. */
static void
add_result(struct buf *out, const struct explain_fact *fact)
{
	if (fact->error != NULL)
		buf_adds(out, "fails");
	else if (fact->type == EXPLAIN_SELECTION)
		buf_addf(out, "%zu node%s", json_array_size(fact->value), json_array_size(fact->value) == 1 ? "" : "s");
	else if (fact->type == EXPLAIN_SECRET)
		buf_adds(out, MASK_TEXT);
	else if (fact->type == EXPLAIN_PROPERTY && fact->value == NULL)
		buf_adds(out, "not set");
	else if (fact->value != NULL)
		add_value(out, fact->value, VALUE_CELL);
}

/* Where that came from. */
static void
add_from(struct buf *out, const struct explain_fact *fact)
{
	struct buf	 names = { 0 };
	json_t		*name;
	size_t		 i;

	switch (fact->type) {
	case EXPLAIN_SELECTION:
		json_array_foreach(fact->value, i, name) {
			buf_addf(&names, "%s%s", i > 0 ? ", " : "", json_string_value(name));
		}
		add_short(out, buf_text(&names), VALUE_CELL);
		buf_fini(&names);
		break;
	case EXPLAIN_FILE:
		buf_adds(out, fact->owner != NULL ? fact->owner : "there is none");
		break;
	case EXPLAIN_SECRET:
		buf_addf(out, "of environment %s", fact->owner);
		break;
	case EXPLAIN_PROPERTY:
	case EXPLAIN_FUNCTION:
		add_place(out, &fact->place);
	}
}

static void	 fact_rows(struct table *table, const struct explain_fact *fact, unsigned indent);

static void
fact_row(struct table *table, const struct explain_fact *fact, unsigned indent)
{
	struct buf text = { 0 };

	buf_addf(&text, "%*s", (int)indent * 2, "");
	add_name(&text, fact);
	cell(table, TERM_PLAIN, &text);
	add_result(&text, fact);
	cell(table, fact->error != NULL ? TERM_RED : TERM_PLAIN, &text);
	add_from(&text, fact);
	cell(table, TERM_DIM, &text);
	if (fact->macro != NULL)
		buf_adds(&text, fact->macro);
	if (fact->repeated)
		buf_adds(&text, "  (see above)");
	if (fact->cut > 0)
		buf_adds(&text, "  (goes on: see --depth)");
	cell(table, TERM_CYAN, &text);
	buf_fini(&text);
	fact_rows(table, fact, indent + 1);
}

static size_t
count_of(const json_t *counts, const char *name)
{
	return (size_t)json_int(counts, name, 0);
}

static void
count_one(json_t *counts, const char *name)
{
	json_object_set_new_nocheck(counts, name, json_integer((json_int_t)count_of(counts, name) + 1));
}

/* The facts below one; of many nodes' same property the first few. */
static void
fact_rows(struct table *table, const struct explain_fact *fact, unsigned indent)
{
	json_t *all = json_object(), *seen = json_object();

	for (size_t i = 0; i < fact->fact_count; i++)
		count_one(all, fact->facts[i].name);
	for (size_t i = 0; i < fact->fact_count; i++) {
		const char	*name = fact->facts[i].name;
		size_t		 total = count_of(all, name), before = count_of(seen, name);

		count_one(seen, name);
		if (total <= ALIKE_MOST || before < ALIKE_SHOWN) {
			fact_row(table, &fact->facts[i], indent);
		} else if (before == ALIKE_SHOWN) {
			table_add(table, "%*s...", (int)indent * 2, "");
			table_add(table, "and %zu more", total - ALIKE_SHOWN);
			table_add(table, "--json lists them");
			table_color(table, TERM_DIM);
			table_add(table, "%s", "");
		}
	}
	json_decref(all);
	json_decref(seen);
}

static void
print_facts(const struct explain_fact *fact)
{
	static const char *const	 titles[] = { "READ", "VALUE", "FROM", "MACRO" };
	struct table			*table;
	struct buf			 line = { 0 };

	if (fact->macro != NULL) {
		buf_adds(&line, "\n");
		term_color(&line, stdout, TERM_CYAN, fact->macro);
		buf_adds(&line, fact->fact_count > 0 ? "\n\n" : fact->cut > 0 ? "  (goes on: see --depth)\n" :
		    fact->error == NULL ? "  reads nothing\n" : "\n");
		term_write(stdout, &line);
		buf_fini(&line);
	} else if (fact->fact_count > 0)
		out("\n");
	if (fact->fact_count == 0)
		return;
	table = table_new(ARRAY_LEN(titles));
	headings(table, titles, ARRAY_LEN(titles));
	fact_rows(table, fact, 0);
	table_print(table, stdout);
	table_free(table);
}

static void
print_properties(const struct why *why)
{
	static const char *const	 titles[] = { "PROPERTY", "VALUE", "FROM", "MACRO" };
	struct table			*table = table_new(ARRAY_LEN(titles));
	struct buf			 text = { 0 };

	headings(table, titles, ARRAY_LEN(titles));
	for (size_t i = 0; i < why->leaves.count; i++) {
		const struct explain		*row = why->rows[i];
		const struct explain_fact	*fact = &row->fact;

		table_add(table, "%s", fact->name);
		add_result(&text, fact);
		cell(table, fact->error != NULL ? TERM_RED : TERM_PLAIN, &text);
		add_place(&text, &fact->place);
		cell(table, TERM_DIM, &text);
		if (fact->macro != NULL)
			buf_adds(&text, fact->macro);
		else if (fact->cut > 0)		/* in the list */
			add_value(&text, row->merged, VALUE_CELL);
		cell(table, TERM_CYAN, &text);
	}
	table_print(table, stdout);
	table_free(table);
	buf_fini(&text);
}

/* web1:dns.aliases = ["www.example.org"] */
static void
print_head(const struct why *why)
{
	const struct explain_fact	*fact = &why->explain->fact;
	struct buf			 line = { 0 }, name = { 0 };

	buf_addf(&name, "%s:%s", why->owner, fact->name);
	term_color(&line, stdout, TERM_BOLD, buf_text(&name));
	if (fact->error != NULL)
		buf_adds(&line, " has no value: its macro fails");
	else if (json_is_object(fact->value) && fact->macro == NULL)
		buf_addf(&line, " has %zu key%s", json_object_size(fact->value), json_object_size(fact->value) == 1 ? "" :
		    "s");
	else {
		buf_adds(&line, " = ");
		add_value(&line, fact->value, VALUE_HEAD);
	}
	buf_adds(&line, "\n\n");
	term_write(stdout, &line);
	buf_fini(&line);
	buf_fini(&name);
}

void
why_print(const struct why *why)
{
	if (why->explain != NULL) {
		print_head(why);
		print_layers(why);
	}
	if (why->leaves.count > 0) {
		if (why->explain != NULL)
			out("\n");
		print_properties(why);
	} else if (why->explain != NULL)
		print_facts(&why->explain->fact);
	if (why->explain != NULL)
		print_commits(why);
}
