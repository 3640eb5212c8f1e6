/* schema: checks values. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include "base/err.h"
#include "schema/format.h"
#include "schema/regex.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_MAX	1000000u	/* schemas applied in one check: about a tenth of a second */

unsigned
types_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return TYPE_OBJECT;
	case JSON_ARRAY:
		return TYPE_ARRAY;
	case JSON_STRING:
		return TYPE_STRING;
	case JSON_INTEGER:
		return TYPE_INTEGER | TYPE_NUMBER;
	case JSON_REAL:
		return number_integral(value) ? TYPE_INTEGER | TYPE_NUMBER : TYPE_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return TYPE_BOOLEAN;
	case JSON_NULL:
		break;
	}
	return TYPE_NULL;
}

static bool
among(const json_t *choices, const json_t *value)
{
	for (size_t i = 0; i < json_array_size(choices); i++) {
		if (json_same(json_array_get(choices, i), value))
			return true;
	}
	return false;
}

/* The value is beyond this limit. */
static bool
beyond(const struct look *look, const struct schema *schema, const char *keyword, const char *message,
    const json_t *limit)
{
	char *text;

	if (look->run->report == NULL)
		return false;
	text = problem_shown(limit);
	problem(look, schema, keyword, NULL, "must be %s %s", message, text);
	free(text);
	return false;
}

static bool
look_number(const struct look *look, const struct schema *schema)
{
	const json_t	*value = look->value;
	bool		 good = true;

	if (schema->minimum != NULL && number_compare(value, schema->minimum) < 0)
		good = beyond(look, schema, "minimum", "at least", schema->minimum);
	if (schema->maximum != NULL && number_compare(value, schema->maximum) > 0)
		good = beyond(look, schema, "maximum", "at most", schema->maximum);
	if (schema->exclusive_minimum != NULL && number_compare(value, schema->exclusive_minimum) <= 0)
		good = beyond(look, schema, "exclusiveMinimum", "more than", schema->exclusive_minimum);
	if (schema->exclusive_maximum != NULL && number_compare(value, schema->exclusive_maximum) >= 0)
		good = beyond(look, schema, "exclusiveMaximum", "less than", schema->exclusive_maximum);
	if (schema->multiple_of != NULL && !number_multiple(value, schema->multiple_of))
		good = beyond(look, schema, "multipleOf", "a multiple of", schema->multiple_of);
	return good;
}

/* Code points, not bytes. */
static json_int_t
text_length(const json_t *value)
{
	const char	*text = json_string_value(value);
	json_int_t	 length = 0;

	for (size_t i = 0; i < json_string_length(value); i++)
		length += ((unsigned char)text[i] & 0xc0) != 0x80;
	return length;
}

static bool
look_pattern(const struct look *look, const struct schema *schema)
{
	struct err	*e;
	bool		 matches;

	e = regex_match(schema->pattern, json_string_value(look->value), json_string_length(look->value), &matches);
	if (e != NULL)
		problem(look, schema, "pattern", NULL, "cannot be checked: %s", err_message(e));
	else if (!matches)
		problem(look, schema, "pattern", NULL, "must match \"%s\"",
		    json_string_value(json_object_get(schema->json, "pattern")));
	err_free(e);
	return matches;
}

static bool
look_string(const struct look *look, const struct schema *schema)
{
	json_int_t	length;
	bool		good = true;

	if (schema->min_length > 0 || schema->max_length != NO_COUNT) {
		length = text_length(look->value);
		if (length < schema->min_length)
			good = length == 0 ? problem(look, schema, "minLength", NULL, "must not be empty") :
			    problem(look, schema, "minLength", NULL, "must have at least %" JSON_INTEGER_FORMAT
			    " characters", schema->min_length);
		if (schema->max_length != NO_COUNT && length > schema->max_length)
			good = problem(look, schema, "maxLength", NULL, "must have at most %" JSON_INTEGER_FORMAT
			    " character%s", schema->max_length, schema->max_length == 1 ? "" : "s");
	}
	if (schema->pattern != NULL && !look_pattern(look, schema))
		good = false;
	return good;
}

/* What the value is by itself. */
static bool
look_value(const struct look *look, const struct schema *schema, unsigned types)
{
	char *text;

	if (schema->choices != NULL && !among(schema->choices, look->value))
		return problem_enum(look, schema);
	if (schema->constant != NULL && !json_same(schema->constant, look->value)) {
		if (look->run->report == NULL)
			return false;
		text = problem_shown(schema->constant);
		problem(look, schema, "const", NULL, "must be %s", text);
		free(text);
		return false;
	}
	if (schema->format != NULL && !format_good(schema->format, look->value))
		return problem(look, schema, "format", NULL, "%s", format_message(schema->format));
	if (types & TYPE_NUMBER)
		return look_number(look, schema);
	if (types & TYPE_STRING)
		return look_string(look, schema);
	if (types & TYPE_OBJECT)
		return look_object(look, schema);
	return !(types & TYPE_ARRAY) || look_array(look, schema);
}

/* One of several schemas, of which what it looked at counts only when the value is as it says. */
static bool
look_branch(const struct look *look, const struct schema *schema, bool quiet)
{
	struct look	 branch = *look;
	struct run	*run = look->run;
	schema_report	*report = run->report;
	struct seen	 seen;
	bool		 good;

	if (quiet)
		run->report = NULL;
	if (look->seen != NULL) {
		seen_init(&seen, look->value);
		branch.seen = &seen;
	}
	good = look_schema(&branch, schema);
	if (look->seen != NULL) {
		if (good)
			seen_merge(look->seen, &seen);
		seen_fini(&seen);
	}
	run->report = report;
	return good;
}

/* How many of the schemas hold: `enough` will do, unless what they looked at is asked for. */
static size_t
look_branches(const struct look *look, const struct schemas *list, size_t enough)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count && (count < enough || look->seen != NULL); i++)
		count += look_branch(look, list->items[i], true);
	return count;
}

static bool
look_not(const struct look *look, const struct schema *schema)
{
	if (!look_branch(look, schema->not_schema, true))
		return !look->run->stopped;
	return problem(look, schema, "not", NULL, "must not be as it is");
}

static bool
look_condition(const struct look *look, const struct schema *schema)
{
	const struct schema *then = look_branch(look, schema->if_schema, true) ? schema->then_schema :
	    schema->else_schema;

	return then == NULL || look_schema(look, then);
}

static bool
look_dependent(const struct look *look, const struct schema *schema)
{
	bool good = true;

	for (size_t i = 0; json_is_object(look->value) && i < schema->dependent_schemas.count; i++) {
		const struct member *member = &schema->dependent_schemas.items[i];

		if (!look_missing(look, json_object_get(look->value, member->key)) && !look_schema(look, member->schema))
			good = false;
	}
	return good;
}

/* The one that the outermost resource on the way here has by the name. */
static const struct schema *
dynamic_target(const struct look *look, const struct schema *schema)
{
	const struct schema	*target = schema->dynamic_ref;
	json_t			*number;

	if (schema->dynamic_name == NULL)
		return target;
	for (const struct dynamic *scope = look->scope; scope != NULL; scope = scope->outer) {
		if ((number = json_object_get(scope->resource->dynamic, schema->dynamic_name)) != NULL)
			target = schema->set->schemas[json_integer_value(number)];
	}
	return target;
}

/* What other schemas say of the same value. */
static bool
look_in_place(const struct look *look, const struct schema *schema)
{
	bool	 good = true;
	size_t	 count;

	if (schema->ref != NULL && !look_schema(look, schema->ref))
		good = false;
	if (schema->dynamic_ref != NULL && !look_schema(look, dynamic_target(look, schema)))
		good = false;
	for (size_t i = 0; i < schema->all_of.count; i++) {
		if (!look_schema(look, schema->all_of.items[i]))
			good = false;
	}
	if (schema->any_of.count > 0 && look_branches(look, &schema->any_of, 1) == 0)
		good = problem_forms(look, schema, "anyOf", &schema->any_of);
	if (schema->one_of.count > 0 && (count = look_branches(look, &schema->one_of, 2)) != 1)
		good = count == 0 ? problem_forms(look, schema, "oneOf", &schema->one_of) :
		    problem(look, schema, "oneOf", NULL, "has more than one of the forms that exclude each other");
	if (schema->not_schema != NULL && !look_not(look, schema))
		good = false;
	if (schema->if_schema != NULL && !look_condition(look, schema))
		good = false;
	if (schema->dependent_schemas.count > 0 && !look_dependent(look, schema))
		good = false;
	return good;
}

/* Everything that the schema says but what it says of the rest. */
static bool
look_all(const struct look *look, const struct schema *schema)
{
	unsigned	types = types_of(look->value);
	bool		good;

	if (schema->never)
		return problem(look, schema, "", NULL, "must not be there");
	if (schema->types != 0 && !(schema->types & types))
		return problem_type(look, schema);
	if (!(good = look_value(look, schema, types)) && look->run->report == NULL)
		return false;
	return look_in_place(look, schema) && good;
}

static bool
look_and_rest(const struct look *look, const struct schema *schema)
{
	struct look	own = *look;
	struct seen	seen;
	bool		good;

	if (schema->unevaluated_properties == NULL && schema->unevaluated_items == NULL)
		return look_all(look, schema);
	seen_init(&seen, look->value);
	own.seen = &seen;
	good = look_all(&own, schema) && look_unevaluated(&own, schema);
	if (good && look->seen != NULL)
		seen_merge(look->seen, &seen);
	seen_fini(&seen);
	return good;
}

bool
look_schema(const struct look *look, const struct schema *schema)
{
	struct run	*run = look->run;
	struct look	 inner;
	struct dynamic	 scope;
	bool		 good;

	if (run->view->passes != NULL && run->view->passes(run->view->arg, look->value))
		return true;
	if (run->stopped)
		return false;
	if (++run->steps > STEPS_MAX || run->depth >= SCHEMA_DEPTH) {
		run->stopped = true;
		return false;
	}
	run->depth++;
	if (look->scope != NULL && look->scope->resource == schema->resource) {
		good = look_and_rest(look, schema);
	} else {
		scope = (struct dynamic){ look->scope, schema->resource };
		inner = *look;
		inner.scope = &scope;
		good = look_and_rest(&inner, schema);
	}
	run->depth--;
	return good;
}

bool
schema_valid(const struct schema *schema, const json_t *value, const struct schema_view *view)
{
	struct run	run = { .view = view };
	struct look	look = { .run = &run, .value = value };

	if (look_schema(&look, schema))
		return true;
	if (view->report == NULL)
		return false;
	/* Once more, now for the words. */
	run = (struct run){ .view = view, .report = view->report, .arg = view->arg };
	look_schema(&look, schema);
	if (run.stopped) {
		run.stopped = false;
		problem(&look, schema, "", "its schema is too deep, or has too many forms to try",
		    "takes too long to check");
	}
	return false;
}
