/* cmd: leap why --json. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/term.h"
#include "cmd/why.h"

#include <time.h>

static void
add_place(json_t *object, const struct explain_place *place)
{
	if (place->path == NULL)
		return;
	json_object_set_new(object, "file", json_string(place->path));
	json_object_set_new(object, "line", json_integer(place->line));
	if (place->column != 0)
		json_object_set_new(object, "column", json_integer(place->column));
}

/* As git writes it: in the author's own time (RFC 3339). */
static json_t *
date_json(const struct blame_line *line)
{
	time_t		 local = (time_t)(line->time + line->offset * 60);
	int		 minutes = line->offset < 0 ? -line->offset : line->offset;
	struct tm	 tm;
	char		 text[32];

	if (gmtime_r(&local, &tm) == NULL || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return json_null();
	return json_sprintf("%s%c%02d:%02d", text, line->offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* What others wrote need not be UTF-8. */
static json_t *
text_json(const char *text)
{
	struct buf	 visible = { 0 };
	json_t		*json;

	term_visible(&visible, text);
	json = json_string(buf_text(&visible));
	buf_fini(&visible);
	return json;
}

static void
add_commit(json_t *object, const struct blame_line *line)
{
	json_t *commit = NULL;

	if (line == NULL)
		return;
	if (line->state == BLAME_NONE)
		commit = json_null();
	else if (line->state == BLAME_UNCOMMITTED)
		commit = json_false();
	else
		commit = json_pack("{s:s, s:o, s:o, s:o}", "id", line->commit, "author", text_json(line->author), "date",
		    date_json(line), "summary", text_json(line->summary));
	json_object_set_new(object, "commit", commit);
}

static json_t *
layers_json(const struct why *why, const struct explain *explain)
{
	static const char *const effects[] = {
		[EXPLAIN_SETS] = "sets", [EXPLAIN_MERGES] = "merges", [EXPLAIN_ADDS] = "adds",
		[EXPLAIN_REMOVES] = "removes", [EXPLAIN_REPLACES] = "replaces", [EXPLAIN_CLEARS] = "clears",
		[EXPLAIN_NOTHING] = "nothing",
	};
	json_t *list = json_array(), *object;

	for (size_t i = 0; i < explain->layer_count; i++) {
		const struct explain_layer *layer = &explain->layers[i];

		object = json_pack("{s:s, s:s, s:s, s:b, s:b}", "layer", layer->title, "key", layer->key, "effect",
		    effects[layer->effect], "overridden", layer->overridden, "won", i == explain->origin);
		if (layer->value != NULL)
			json_object_set(object, "value", layer->value);
		add_place(object, &layer->place);
		add_commit(object, why_commit(why, &layer->place));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t	*fact_json(const struct why *why, const struct explain_fact *fact);

static void
add_facts(json_t *object, const struct why *why, const struct explain_fact *fact)
{
	json_t *list;

	if (fact->fact_count > 0) {
		list = json_array();
		for (size_t i = 0; i < fact->fact_count; i++)
			json_array_append_new(list, fact_json(why, &fact->facts[i]));
		json_object_set_new(object, "reads", list);
	}
	if (fact->repeated)
		json_object_set_new(object, "repeated", json_true());
	if (fact->cut > 0)
		json_object_set_new(object, "more", json_integer((json_int_t)fact->cut));
}

/* A property with its value, place, macro and what that read. */
static void
add_property(json_t *object, const struct why *why, const struct explain_fact *fact)
{
	struct buf text = { 0 };

	json_object_set_new(object, "property", json_string(fact->name));
	if (fact->error != NULL) {
		err_format(fact->error, &text);
		json_object_set_new(object, "error", text_json(buf_text(&text)));
		buf_fini(&text);
	} else if (fact->value != NULL)
		json_object_set(object, "value", fact->value);
	if (fact->macro != NULL)
		json_object_set_new(object, "macro", json_string(fact->macro));
	add_place(object, &fact->place);
	add_commit(object, why_commit(why, &fact->place));
	add_facts(object, why, fact);
}

static json_t *
fact_json(const struct why *why, const struct explain_fact *fact)
{
	static const char *const types[] = {
		[EXPLAIN_PROPERTY] = "property", [EXPLAIN_SELECTION] = "nodes", [EXPLAIN_FILE] = "file",
		[EXPLAIN_SECRET] = "secret", [EXPLAIN_FUNCTION] = "function",
	};
	json_t *object = json_pack("{s:s}", "type", types[fact->type]);

	if (fact->type == EXPLAIN_PROPERTY) {
		json_object_set_new(object, "of", json_string(fact->owner));
		add_property(object, why, fact);
		return object;
	}
	json_object_set_new(object, "name", json_string(fact->name));
	if (fact->type == EXPLAIN_SELECTION) {
		if (fact->filter != NULL)
			json_object_set(object, "filter", fact->filter);
		json_object_set(object, "nodes", fact->value);
	} else if (fact->type == EXPLAIN_FILE)
		json_object_set_new(object, "file", fact->owner != NULL ? json_string(fact->owner) : json_null());
	else if (fact->type == EXPLAIN_SECRET)
		json_object_set_new(object, "environment", json_string(fact->owner));
	add_place(object, &fact->place);
	return object;
}

static json_t *
rows_json(const struct why *why)
{
	json_t *list = json_array(), *object;

	for (size_t i = 0; i < why->leaves.count; i++) {
		const struct explain *row = why->rows[i];

		object = json_object();
		add_property(object, why, &row->fact);
		json_object_del(object, "more");
		if (row->origin < row->layer_count)
			json_object_set_new(object, "layer", json_string(row->layers[row->origin].title));
		json_array_append_new(list, object);
	}
	return list;
}

void
why_print_json(const struct why *why)
{
	json_t		*root = json_pack("{s:s}", "of", why->owner);
	struct buf	 text = { 0 };

	if (why->explain != NULL) {
		add_property(root, why, &why->explain->fact);
		json_object_set_new(root, "layers", layers_json(why, why->explain));
		if (why->explain->reason != NULL)
			json_object_set_new(root, "reason", json_string(why->explain->reason));
	}
	if (why->explain == NULL || why->leaves.count > 0)
		json_object_set_new(root, "properties", rows_json(why));
	json_pretty(root, &text);
	out("%s", buf_text(&text));
	buf_fini(&text);
	json_decref(root);
}
