/* schema: makes schemas of documents. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include "base/buf.h"
#include "schema/uri.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* "^[A-Za-z_][-A-Za-z0-9._]*$", as the core specification has it. */
static bool
good_anchor(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || (*name != '\0' && strchr("-._", *name) != NULL))
		name++;
	return *name == '\0';
}

/* A schema with an "$id" begins a resource of its own. */
static struct resource *
enter_resource(struct schema_set *set, struct document *document, struct resource *outer, const char *pointer,
    const json_t *json)
{
	const json_t	*id = json_object_get(json, "$id");
	const char	*text = json_string_value(id);
	struct resource	*resource;
	char		*uri;

	if (text == NULL || (strchr(text, '#') != NULL && strchr(text, '#')[1] != '\0')) {
		if (id != NULL)
			set_problem(set, document, pointer, "$id", NULL, "must be a URI without fragment");
		return outer;
	}
	uri = uri_resolve(outer->uri, text);
	resource = set_resource(set, uri);
	if (resource == NULL || resource->document != document || strcmp(resource->pointer, pointer) != 0) {
		if (resource != NULL && resource->document == document && *pointer != '\0')
			set_problem(set, document, pointer, "$id", NULL, "is that of another schema too");
		resource = set_add_resource(set, document, uri, pointer);
		resource->vocabularies = dialect_vocabularies(set, document, pointer, json, outer->vocabularies);
	}
	free(uri);
	return resource;
}

static void
add_anchor(struct schema *schema, const char *keyword, size_t number)
{
	struct resource	*resource = schema->resource;
	const json_t	*value = json_object_get(schema->json, keyword);
	const char	*name = json_string_value(value);
	bool		 dynamic = strcmp(keyword, "$dynamicAnchor") == 0;

	if (value == NULL)
		return;
	if (name == NULL || !good_anchor(name)) {
		set_problem(schema->set, resource->document, schema->pointer, keyword, NULL,
		    "must be a name of letters, digits, - . and _");
		return;
	}
	if (json_object_get(resource->anchors, name) != NULL)
		set_problem(schema->set, resource->document, schema->pointer, keyword, NULL,
		    "is an anchor of another schema too");
	json_object_set_new(resource->anchors, name, json_integer((json_int_t)number));
	if (dynamic)
		json_object_set_new(resource->dynamic, name, json_integer((json_int_t)number));
}

static struct schema *
schema_new(struct schema_set *set, struct resource *resource, const char *pointer, json_t *json)
{
	struct schema *schema = xcalloc(1, sizeof(*schema));

	schema->set = set;
	schema->resource = resource;
	schema->pointer = xstrdup(pointer);
	schema->json = json_incref(json);
	schema->max_length = schema->min_length = schema->max_items = schema->min_items = schema->max_contains =
	    schema->min_contains = schema->max_properties = schema->min_properties = NO_COUNT;
	json_object_set_new(resource->document->index, pointer, json_integer((json_int_t)set->schema_count));
	set->schemas = xrealloc(set->schemas, set->schema_count + 1, sizeof(struct schema *));
	set->schemas[set->schema_count++] = schema;
	return schema;
}

struct schema *
schema_at(struct schema_set *set, struct document *document, struct resource *resource, const char *pointer,
    json_t *json)
{
	json_t		*number = json_object_get(document->index, pointer), *value;
	struct schema	*schema;
	const char	*keyword;

	if (number != NULL)
		return set->schemas[json_integer_value(number)];
	if (!json_is_object(json) && !json_is_boolean(json))
		set_problem(set, document, pointer, "", NULL, "must be a schema: an object, true or false");
	resource = enter_resource(set, document, resource, pointer, json);
	schema = schema_new(set, resource, pointer, json);
	schema->never = json_is_false(json);
	add_anchor(schema, "$anchor", set->schema_count - 1);
	add_anchor(schema, "$dynamicAnchor", set->schema_count - 1);
	json_object_foreach(json, keyword, value) {
		keyword_compile(schema, keyword, value);
	}
	return schema;
}

/* Everything in the document that is a schema by its place. */
static void
scan(struct schema_set *set, struct document *document)
{
	struct resource	*resource;
	json_t		*id = json_object_get(document->json, "$id");
	char		*uri;

	document->scanned = true;
	resource = set_add_resource(set, document, document->uri, "");
	resource->vocabularies = dialect_vocabularies(set, document, "", document->json, VOCAB_ALL);
	if (json_is_string(id) && strchr(json_string_value(id), '#') == NULL) {
		/* Its own name for itself; where it was found counts too. */
		uri = uri_resolve(document->uri, json_string_value(id));
		free(resource->uri);
		resource->uri = uri;
		json_object_set(set->by_uri, uri, json_object_get(set->by_uri, document->uri));
	}
	schema_at(set, document, resource, "", document->json);
}

/* The resource in which the schema at this pointer is: that of the nearest schema above it. */
static struct resource *
resource_around(struct schema_set *set, struct document *document, struct resource *outer, const char *pointer)
{
	char		*above = xstrdup(pointer), *slash;
	struct resource	*resource = outer;
	json_t		*number = NULL;

	while (number == NULL && (slash = strrchr(above, '/')) != NULL) {
		*slash = '\0';
		number = json_object_get(document->index, above);
	}
	if (number != NULL)
		resource = set->schemas[json_integer_value(number)]->resource;
	free(above);
	return resource;
}

/* The schema that the absolute URI and the fragment stand for, or NULL. */
static struct schema *
find(struct schema_set *set, const char *uri, const char *fragment)
{
	struct resource	*resource = set_resource(set, uri);
	struct document	*document;
	struct schema	*schema = NULL;
	json_t		*json, *number;
	char		*pointer;

	if (resource == NULL) {
		if ((document = set_document(set, uri)) == NULL || document->scanned)
			return NULL;
		scan(set, document);
		resource = set_resource(set, uri);
	}
	document = resource->document;
	if (*fragment != '\0' && *fragment != '/') {
		number = json_object_get(resource->anchors, fragment);
		return number == NULL ? NULL : set->schemas[json_integer_value(number)];
	}
	pointer = xasprintf("%s%s", resource->pointer, fragment);
	if ((json = schema_pointer(document->json, pointer)) != NULL)
		schema = schema_at(set, document, resource_around(set, document, resource, pointer), pointer, json);
	free(pointer);
	return schema;
}

struct schema *
reference_find(struct schema_set *set, const struct schema *from, const char *reference)
{
	char		*uri = uri_resolve(from->resource->uri, reference), *fragment = uri_fragment(reference);
	struct schema	*schema = find(set, uri, fragment == NULL ? "" : fragment);

	free(uri);
	free(fragment);
	return schema;
}

const struct schema *
schema_compile(struct schema_set *set, const char *uri, schema_report *report, void *arg)
{
	char			*plain = xstrndup(uri, strcspn(uri, "#")), *fragment = uri_fragment(uri);
	struct schema		*schema;
	struct schema_problem	 missing = { .uri = plain, .path = "", .keyword = "$ref" };

	set->report = report;
	set->arg = arg;
	set->problems = 0;
	schema = find(set, plain, fragment == NULL ? "" : fragment);
	if (schema == NULL) {
		set->problems++;
		missing.message = "is not known";
		if (report != NULL)
			report(arg, &missing);
	} else {
		references_resolve(set);
		if (set->problems == 0)
			references_check(set);
	}
	free(plain);
	free(fragment);
	return set->problems == 0 ? schema : NULL;
}
