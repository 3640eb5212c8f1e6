/* schema: checks what is in objects and arrays. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include "base/err.h"
#include "schema/regex.h"

#include <stdlib.h>
#include <string.h>

bool
look_missing(const struct look *look, const json_t *member)
{
	return member == NULL || (look->run->view->nulls_missing && json_is_null(member));
}

static size_t
count_members(const struct look *look)
{
	size_t		 count = 0;
	const char	*key;
	json_t		*member;

	json_object_foreach((json_t *)(uintptr_t)look->value, key, member) {
		count += !look_missing(look, member);
	}
	return count;
}

/* A member or element; which of its own are looked at is another question. */
static bool
look_child(const struct look *look, const struct schema *schema, const char *key, size_t index, const json_t *value)
{
	struct step	step = { look->step, key, index };
	struct look	child = { .run = look->run, .value = value, .step = &step, .scope = look->scope };

	return look_schema(&child, schema);
}

/* A member that no schema knows: the one for such members says whether it may be. */
static bool
look_other(const struct look *look, const struct schema *schema, const char *keyword, const struct schema *others,
    const char *key, const json_t *value)
{
	struct step	step = { look->step, key, 0 };
	struct look	child = { .run = look->run, .value = value, .step = &step, .scope = look->scope };

	return others->never ? problem_unknown(&child, schema, keyword) : look_schema(&child, others);
}

static bool
look_name(const struct look *look, const struct schema *schema, const char *key)
{
	struct step	 step = { look->step, key, 0 };
	struct look	 name = { .run = look->run, .step = &step, .scope = look->scope };
	schema_report	*report = look->run->report;
	json_t		*text = json_string(key);
	bool		 good;

	name.value = text;
	look->run->report = NULL;
	good = look_schema(&name, schema->property_names);
	look->run->report = report;
	if (!good)
		problem_name(&name, schema);
	json_decref(text);
	return good;
}

static int
compare_key(const void *key, const void *member)
{
	return strcmp(key, ((const struct member *)member)->key);
}

static const struct schema *
find_member(const struct members *members, const char *key)
{
	const struct member *found = members->count == 0 ? NULL :
	    bsearch(key, members->items, members->count, sizeof(*members->items), compare_key);

	return found == NULL ? NULL : found->schema;
}

/* By all patterns that match the key; *known is set when one does. */
static bool
look_patterns(const struct look *look, const struct schema *schema, const char *key, const json_t *value, bool *known)
{
	bool	 good = true, matches;

	for (size_t i = 0; i < schema->pattern_properties.count; i++) {
		const struct member	*member = &schema->pattern_properties.items[i];
		struct err		*e = regex_match(member->regex, key, strlen(key), &matches);

		if (e != NULL)
			good = problem(look, schema, "patternProperties", NULL, "cannot be checked: %s", err_message(e));
		err_free(e);
		if (!matches)
			continue;
		*known = true;
		if (!look_child(look, member->schema, key, 0, value))
			good = false;
	}
	return good;
}

static bool
look_member(const struct look *look, const struct schema *schema, size_t place, const char *key, const json_t *value)
{
	const struct schema	*property = find_member(&schema->properties, key);
	bool			 known = property != NULL, good = true;

	if (schema->property_names != NULL && !look_name(look, schema, key))
		good = false;
	if (property != NULL && !look_child(look, property, key, 0, value))
		good = false;
	if (schema->pattern_properties.count > 0 && !look_patterns(look, schema, key, value, &known))
		good = false;
	if (!known && schema->additional_properties != NULL) {
		known = true;
		if (!look_other(look, schema, "additionalProperties", schema->additional_properties, key, value))
			good = false;
	}
	if (known)
		seen_add(look->seen, place);
	return good;
}

static bool
look_members(const struct look *look, const struct schema *schema)
{
	const char	*key;
	json_t		*value;
	size_t		 place = 0;
	bool		 good = true;

	if (schema->properties.count == 0 && schema->pattern_properties.count == 0 &&
	    schema->additional_properties == NULL && schema->property_names == NULL)
		return true;
	json_object_foreach((json_t *)(uintptr_t)look->value, key, value) {
		if (!look_missing(look, value) && !look_member(look, schema, place, key, value)) {
			good = false;
			if (look->run->report == NULL)
				break;
		}
		place++;
	}
	return good;
}

/* `because` is the member that needs the others, or NULL. */
static bool
look_required(const struct look *look, const struct schema *schema, const json_t *names, const char *because)
{
	bool good = true;

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (!look_missing(look, json_object_get(look->value, name)))
			continue;
		good = because == NULL ? problem(look, schema, "required", NULL, "must have \"%s\"", name) :
		    problem(look, schema, "dependentRequired", NULL, "must have \"%s\", because it has \"%s\"", name,
		    because);
	}
	return good;
}

static bool
look_size(const struct look *look, const struct schema *schema)
{
	json_int_t	count;
	bool		good = true;

	if (schema->min_properties == NO_COUNT && schema->max_properties == NO_COUNT)
		return true;
	count = (json_int_t)count_members(look);
	if (count < schema->min_properties)
		good = problem(look, schema, "minProperties", NULL, "must have at least %" JSON_INTEGER_FORMAT
		    " propert%s", schema->min_properties, schema->min_properties == 1 ? "y" : "ies");
	if (schema->max_properties != NO_COUNT && count > schema->max_properties)
		good = problem(look, schema, "maxProperties", NULL, "must have at most %" JSON_INTEGER_FORMAT
		    " propert%s", schema->max_properties, schema->max_properties == 1 ? "y" : "ies");
	return good;
}

bool
look_object(const struct look *look, const struct schema *schema)
{
	const char	*key;
	json_t		*names;
	bool		 good = look_size(look, schema);

	if (!look_required(look, schema, schema->required, NULL))
		good = false;
	json_object_foreach((json_t *)(uintptr_t)schema->dependent_required, key, names) {
		if (!look_missing(look, json_object_get(look->value, key)) && !look_required(look, schema, names, key))
			good = false;
	}
	if (!good && look->run->report == NULL)
		return false;
	return look_members(look, schema) && good;
}

static bool
look_contains(const struct look *look, const struct schema *schema)
{
	json_int_t	 least = schema->min_contains == NO_COUNT ? 1 : schema->min_contains, count = 0;
	schema_report	*report = look->run->report;
	const char	*hint = json_string_value(json_object_get(schema->contains->json, "description"));
	json_t		*element;
	size_t		 i;

	look->run->report = NULL;
	json_array_foreach(look->value, i, element) {
		if (!look_child(look, schema->contains, NULL, i, element))
			continue;
		seen_add(look->seen, i);
		count++;
	}
	look->run->report = report;
	if (count < least)
		return problem(look, schema, schema->min_contains == NO_COUNT ? "contains" : "minContains", hint,
		    "must have at least %" JSON_INTEGER_FORMAT " of certain elements", least);
	if (schema->max_contains != NO_COUNT && count > schema->max_contains)
		return problem(look, schema, "maxContains", hint, "must have at most %" JSON_INTEGER_FORMAT
		    " of certain elements", schema->max_contains);
	return true;
}

static bool
look_elements(const struct look *look, const struct schema *schema)
{
	size_t	 count = json_array_size(look->value), first = schema->prefix_items.count, i;
	bool	 good = true;

	for (i = 0; i < count && (good || look->run->report != NULL); i++) {
		const struct schema *element = i < first ? schema->prefix_items.items[i] : schema->items;

		if (element == NULL)
			break;
		if (!look_child(look, element, NULL, i, json_array_get(look->value, i)))
			good = false;
	}
	seen_add_before(look->seen, schema->items != NULL || first > count ? count : first);
	return good;
}

static bool
look_count(const struct look *look, const struct schema *schema)
{
	json_int_t	count = (json_int_t)json_array_size(look->value);

	if (count < schema->min_items)
		return problem(look, schema, "minItems", NULL, "must have at least %" JSON_INTEGER_FORMAT " element%s",
		    schema->min_items, schema->min_items == 1 ? "" : "s");
	if (schema->max_items != NO_COUNT && count > schema->max_items)
		return problem(look, schema, "maxItems", NULL, "must have at most %" JSON_INTEGER_FORMAT " element%s",
		    schema->max_items, schema->max_items == 1 ? "" : "s");
	return true;
}

bool
look_array(const struct look *look, const struct schema *schema)
{
	size_t	 first, second;
	bool	 good = look_count(look, schema);

	if (schema->unique_items && !json_unique(look->value, &first, &second))
		good = problem(look, schema, "uniqueItems", NULL, "must not have the same element twice, as number %zu "
		    "and number %zu", first + 1, second + 1);
	if (schema->contains != NULL && !look_contains(look, schema))
		good = false;
	if (!good && look->run->report == NULL)
		return false;
	if (schema->prefix_items.count == 0 && schema->items == NULL)
		return good;
	return look_elements(look, schema) && good;
}

static bool
rest_of_object(const struct look *look, const struct schema *schema)
{
	const char	*key;
	json_t		*value;
	size_t		 place = 0;
	bool		 good = true;

	json_object_foreach((json_t *)(uintptr_t)look->value, key, value) {
		if (!seen_has(look->seen, place) && !look_missing(look, value) && !look_other(look, schema,
		    "unevaluatedProperties", schema->unevaluated_properties, key, value))
			good = false;
		seen_add(look->seen, place++);
	}
	return good;
}

static bool
rest_of_array(const struct look *look, const struct schema *schema)
{
	json_t	*element;
	size_t	 i;
	bool	 good = true;

	json_array_foreach(look->value, i, element) {
		if (!seen_has(look->seen, i) && !look_child(look, schema->unevaluated_items, NULL, i, element))
			good = false;
	}
	seen_add_before(look->seen, json_array_size(look->value));
	return good;
}

bool
look_unevaluated(const struct look *look, const struct schema *schema)
{
	if (json_is_object(look->value) && schema->unevaluated_properties != NULL)
		return rest_of_object(look, schema);
	if (json_is_array(look->value) && schema->unevaluated_items != NULL)
		return rest_of_array(look, schema);
	return true;
}
