/* schema: the keywords, one row each, and what they take. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "schema/format.h"
#include "schema/regex.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct keyword;
typedef void	 keyword_take(struct schema *schema, const struct keyword *keyword, json_t *value);

struct keyword {
	const char	*name;
	unsigned	 vocabulary;
	keyword_take	*take;
	size_t		 field;		/* of struct schema, where the taker is for several */
};

/* The field of the schema that the keyword fills. */
static void *
field(struct schema *schema, const struct keyword *keyword)
{
	return (char *)schema + keyword->field;
}

PRINTF(4, 5)
static void
wrong(const struct schema *schema, const char *keyword, const char *hint, const char *format, ...)
{
	va_list	 args;
	char	*message;

	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	set_problem(schema->set, schema->resource->document, schema->pointer, keyword, hint, "%s", message);
	free(message);
}

static void
add_escaped(struct buf *pointer, const char *key)
{
	buf_addc(pointer, '/');
	for (; *key != '\0'; key++) {
		if (*key == '~')
			buf_adds(pointer, "~0");
		else if (*key == '/')
			buf_adds(pointer, "~1");
		else
			buf_addc(pointer, *key);
	}
}

/* The subschema at a keyword, or at a key or index of it. */
static struct schema *
subschema(struct schema *schema, const char *keyword, const char *key, json_t *json)
{
	struct buf	 pointer = { 0 };
	struct schema	*found;

	buf_adds(&pointer, schema->pointer);
	add_escaped(&pointer, keyword);
	if (key != NULL)
		add_escaped(&pointer, key);
	found = schema_at(schema->set, schema->resource->document, schema->resource, buf_text(&pointer), json);
	buf_fini(&pointer);
	return found;
}

static void
take_nothing(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	(void)schema;
	(void)keyword;
	(void)value;
}

static void
take_text(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	if (!json_is_string(value))
		wrong(schema, keyword->name, NULL, "must be a text");
}

static void
take_flag(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	if (!json_is_boolean(value))
		wrong(schema, keyword->name, NULL, "must be true or false");
	else if (keyword->field != 0)
		*(bool *)field(schema, keyword) = json_is_true(value);
}

static void
take_list(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	if (!json_is_array(value))
		wrong(schema, keyword->name, NULL, "must be a list");
	else if (keyword->field != 0)
		*(const json_t **)field(schema, keyword) = value;
}

static void
take_value(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	*(const json_t **)field(schema, keyword) = value;
}

static void
take_number(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	if (!json_is_number(value))
		wrong(schema, keyword->name, NULL, "must be a number");
	else if (strcmp(keyword->name, "multipleOf") == 0 && json_number_value(value) <= 0)
		wrong(schema, keyword->name, NULL, "must be more than 0");
	else
		take_value(schema, keyword, value);
}

static void
take_count(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	json_int_t	*count = field(schema, keyword);
	double		 real = json_number_value(value);

	if (!json_is_number(value) || !number_integral(value) || real < 0)
		wrong(schema, keyword->name, NULL, "must be a whole number, 0 or more");
	else if (json_is_integer(value))
		*count = json_integer_value(value);
	else
		*count = real > 1e18 ? (json_int_t)1e18 : (json_int_t)real;
}

static void
take_type(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	static const struct {
		const char	*name;
		unsigned	 bit;
	} rows[] = {
		{ "null", TYPE_NULL }, { "boolean", TYPE_BOOLEAN }, { "integer", TYPE_INTEGER },
		{ "number", TYPE_NUMBER }, { "string", TYPE_STRING }, { "array", TYPE_ARRAY },
		{ "object", TYPE_OBJECT },
	};
	size_t	 count = json_is_array(value) ? json_array_size(value) : 1, i, j;

	if (count == 0)
		wrong(schema, keyword->name, NULL, "must have a type");
	for (i = 0; i < count; i++) {
		const char *name = json_string_value(json_is_array(value) ? json_array_get(value, i) : value);

		for (j = 0; j < ARRAY_LEN(rows) && (name == NULL || strcmp(name, rows[j].name) != 0); j++)
			;
		if (j == ARRAY_LEN(rows))
			wrong(schema, keyword->name, "there are null, boolean, integer, number, string, array and "
			    "object", "has a type that does not exist");
		else
			schema->types |= rows[j].bit;
	}
}

static bool
all_texts(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!json_is_string(json_array_get(list, i)))
			return false;
	}
	return json_is_array(list);
}

static void
take_names(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	if (!all_texts(value))
		wrong(schema, keyword->name, NULL, "must be a list of names");
	else
		take_value(schema, keyword, value);
}

static void
take_dependent_names(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	const char	*key;
	json_t		*names;
	bool		 good = json_is_object(value);

	json_object_foreach(value, key, names) {
		good = good && all_texts(names);
	}
	if (!good)
		wrong(schema, keyword->name, NULL, "must be an object of lists of names");
	else
		take_value(schema, keyword, value);
}

static void
take_schema(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	*(struct schema **)field(schema, keyword) = subschema(schema, keyword->name, NULL, value);
}

/* A schema that applies to nothing, but may be referred to and must be one. */
static void
take_aside(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	subschema(schema, keyword->name, NULL, value);
}

static void
take_schemas(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	struct schemas	*list = field(schema, keyword);
	char		 index[24];
	size_t		 i;
	json_t		*json;

	if (!json_is_array(value) || json_array_size(value) == 0) {
		wrong(schema, keyword->name, NULL, "must be a list of schemas");
		return;
	}
	list->items = xcalloc(json_array_size(value), sizeof(struct schema *));
	json_array_foreach(value, i, json) {
		snprintf(index, sizeof(index), "%zu", i);
		list->items[list->count++] = subschema(schema, keyword->name, index, json);
	}
}

static int
compare_members(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static void
fill_members(struct schema *schema, const struct keyword *keyword, struct members *members, json_t *value)
{
	const char	*key;
	json_t		*json;

	if (!json_is_object(value)) {
		wrong(schema, keyword->name, NULL, "must be an object of schemas");
		return;
	}
	members->items = xcalloc(json_object_size(value) + 1, sizeof(*members->items));
	json_object_foreach(value, key, json) {
		members->items[members->count++] = (struct member){
			.key = key,
			.schema = subschema(schema, keyword->name, key, json),
		};
	}
	qsort(members->items, members->count, sizeof(*members->items), compare_members);
}

static void
take_members(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	fill_members(schema, keyword, field(schema, keyword), value);
}

/* "$defs": only so that what is wrong with them is found, and their anchors. */
static void
take_definitions(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	struct members members = { 0 };

	fill_members(schema, keyword, &members, value);
	free(members.items);
}

static struct regex *
make_regex(struct schema *schema, const char *keyword, const char *pattern)
{
	struct regex	*regex = NULL;
	struct err	*e = regex_new(&regex, pattern, strlen(pattern));

	if (e != NULL)
		wrong(schema, keyword, NULL, "has what is no regular expression: %s", err_message(e));
	err_free(e);
	return regex;
}

static void
take_patterns(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	struct members *members = field(schema, keyword);

	fill_members(schema, keyword, members, value);
	for (size_t i = 0; i < members->count; i++)
		members->items[i].regex = make_regex(schema, keyword->name, members->items[i].key);
}

static void
take_pattern(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	take_text(schema, keyword, value);
	if (json_is_string(value))
		schema->pattern = make_regex(schema, keyword->name, json_string_value(value));
}

/* What is wrong with `name`, which none of the candidates is. */
static void
unknown(const struct schema *schema, const char *keyword, const char *name, const struct strs *known,
    const char *message, const char *hint)
{
	const char	*near = strs_nearest(known, name);
	char		*text = near == NULL ? NULL : xasprintf("did you mean \"%s\"?", near);

	wrong(schema, keyword, text != NULL ? text : hint, "%s", message);
	free(text);
}

static void
unknown_format(const struct schema *schema, const char *name)
{
	struct strs names = { 0 };

	schema_format_names(&names);
	unknown(schema, "format", name, &names, "is no format that leap knows", NULL);
	strs_fini(&names);
}

static void
take_format(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	const struct format *format;

	take_text(schema, keyword, value);
	if (!json_is_string(value))
		return;
	format = format_find(json_string_value(value));
	if (format == NULL && schema->set->flags & SCHEMA_STRICT)
		unknown_format(schema, json_string_value(value));
	if (schema->set->flags & SCHEMA_FORMATS || schema->resource->vocabularies & VOCAB_FORMAT_ASSERTION)
		schema->format = format;
}

static void
take_reference(struct schema *schema, const struct keyword *keyword, json_t *value)
{
	struct schema_set *set = schema->set;

	take_text(schema, keyword, value);
	if (!json_is_string(value))
		return;
	set->pending = xrealloc(set->pending, set->pending_count + 1, sizeof(*set->pending));
	set->pending[set->pending_count++] = (struct pending){
		.schema = schema,
		.reference = json_string_value(value),
		.dynamic = strcmp(keyword->name, "$dynamicRef") == 0,
	};
}

#define FIELD(name)	offsetof(struct schema, name)

static const struct keyword keywords[] = {
	{ "$anchor", VOCAB_CORE, take_nothing, 0 },		/* compile.c */
	{ "$comment", VOCAB_CORE, take_text, 0 },
	{ "$defs", VOCAB_CORE, take_definitions, 0 },
	{ "$dynamicAnchor", VOCAB_CORE, take_nothing, 0 },
	{ "$dynamicRef", VOCAB_CORE, take_reference, 0 },
	{ "$id", VOCAB_CORE, take_nothing, 0 },
	{ "$ref", VOCAB_CORE, take_reference, 0 },
	{ "$schema", VOCAB_CORE, take_text, 0 },
	{ "$vocabulary", VOCAB_CORE, take_nothing, 0 },		/* documents.c */

	{ "additionalProperties", VOCAB_APPLICATOR, take_schema, FIELD(additional_properties) },
	{ "allOf", VOCAB_APPLICATOR, take_schemas, FIELD(all_of) },
	{ "anyOf", VOCAB_APPLICATOR, take_schemas, FIELD(any_of) },
	{ "contains", VOCAB_APPLICATOR, take_schema, FIELD(contains) },
	{ "dependentSchemas", VOCAB_APPLICATOR, take_members, FIELD(dependent_schemas) },
	{ "else", VOCAB_APPLICATOR, take_schema, FIELD(else_schema) },
	{ "if", VOCAB_APPLICATOR, take_schema, FIELD(if_schema) },
	{ "items", VOCAB_APPLICATOR, take_schema, FIELD(items) },
	{ "not", VOCAB_APPLICATOR, take_schema, FIELD(not_schema) },
	{ "oneOf", VOCAB_APPLICATOR, take_schemas, FIELD(one_of) },
	{ "patternProperties", VOCAB_APPLICATOR, take_patterns, FIELD(pattern_properties) },
	{ "prefixItems", VOCAB_APPLICATOR, take_schemas, FIELD(prefix_items) },
	{ "properties", VOCAB_APPLICATOR, take_members, FIELD(properties) },
	{ "propertyNames", VOCAB_APPLICATOR, take_schema, FIELD(property_names) },
	{ "then", VOCAB_APPLICATOR, take_schema, FIELD(then_schema) },

	{ "unevaluatedItems", VOCAB_UNEVALUATED, take_schema, FIELD(unevaluated_items) },
	{ "unevaluatedProperties", VOCAB_UNEVALUATED, take_schema, FIELD(unevaluated_properties) },

	{ "const", VOCAB_VALIDATION, take_value, FIELD(constant) },
	{ "dependentRequired", VOCAB_VALIDATION, take_dependent_names, FIELD(dependent_required) },
	{ "enum", VOCAB_VALIDATION, take_list, FIELD(choices) },
	{ "exclusiveMaximum", VOCAB_VALIDATION, take_number, FIELD(exclusive_maximum) },
	{ "exclusiveMinimum", VOCAB_VALIDATION, take_number, FIELD(exclusive_minimum) },
	{ "maxContains", VOCAB_VALIDATION, take_count, FIELD(max_contains) },
	{ "maxItems", VOCAB_VALIDATION, take_count, FIELD(max_items) },
	{ "maxLength", VOCAB_VALIDATION, take_count, FIELD(max_length) },
	{ "maxProperties", VOCAB_VALIDATION, take_count, FIELD(max_properties) },
	{ "maximum", VOCAB_VALIDATION, take_number, FIELD(maximum) },
	{ "minContains", VOCAB_VALIDATION, take_count, FIELD(min_contains) },
	{ "minItems", VOCAB_VALIDATION, take_count, FIELD(min_items) },
	{ "minLength", VOCAB_VALIDATION, take_count, FIELD(min_length) },
	{ "minProperties", VOCAB_VALIDATION, take_count, FIELD(min_properties) },
	{ "minimum", VOCAB_VALIDATION, take_number, FIELD(minimum) },
	{ "multipleOf", VOCAB_VALIDATION, take_number, FIELD(multiple_of) },
	{ "pattern", VOCAB_VALIDATION, take_pattern, 0 },
	{ "required", VOCAB_VALIDATION, take_names, FIELD(required) },
	{ "type", VOCAB_VALIDATION, take_type, 0 },
	{ "uniqueItems", VOCAB_VALIDATION, take_flag, FIELD(unique_items) },

	{ "default", VOCAB_META_DATA, take_nothing, 0 },
	{ "deprecated", VOCAB_META_DATA, take_flag, 0 },
	{ "description", VOCAB_META_DATA, take_text, 0 },
	{ "examples", VOCAB_META_DATA, take_list, 0 },
	{ "readOnly", VOCAB_META_DATA, take_flag, 0 },
	{ "title", VOCAB_META_DATA, take_text, 0 },
	{ "writeOnly", VOCAB_META_DATA, take_flag, 0 },

	{ "format", VOCAB_FORMAT, take_format, 0 },

	{ "contentEncoding", VOCAB_CONTENT, take_text, 0 },
	{ "contentMediaType", VOCAB_CONTENT, take_text, 0 },
	{ "contentSchema", VOCAB_CONTENT, take_aside, 0 },
};

static const struct keyword *
find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
		if (strcmp(keywords[i].name, name) == 0)
			return &keywords[i];
	}
	return NULL;
}

static void
unknown_keyword(const struct schema *schema, const char *name)
{
	struct strs names = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		strs_add(&names, keywords[i].name);
	unknown(schema, name, name, &names, "is no keyword of JSON Schema", "keywords of your own begin with \"x-\"");
	strs_fini(&names);
}

void
keyword_compile(struct schema *schema, const char *name, json_t *value)
{
	const struct keyword *keyword = find(name);

	if (keyword != NULL && schema->resource->vocabularies & keyword->vocabulary)
		keyword->take(schema, keyword, value);
	else if (keyword == NULL && schema->set->flags & SCHEMA_STRICT && !str_starts(name, "x-"))
		unknown_keyword(schema, name);
}
