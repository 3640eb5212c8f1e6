/* schema: documents, the resources in them, and which vocabularies they use. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include "base/buf.h"
#include "base/strs.h"
#include "schema/regex.h"
#include "schema/uri.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define VOCABULARY_URI	"https://json-schema.org/draft/2020-12/vocab/"

struct schema_set *
schema_set_new(unsigned flags)
{
	struct schema_set *set = xcalloc(1, sizeof(*set));

	set->flags = flags;
	set->by_uri = json_object();
	return set;
}

static void
schema_free(struct schema *schema)
{
	for (size_t i = 0; i < schema->pattern_properties.count; i++)
		regex_free(schema->pattern_properties.items[i].regex);
	regex_free(schema->pattern);
	free(schema->all_of.items);
	free(schema->any_of.items);
	free(schema->one_of.items);
	free(schema->prefix_items.items);
	free(schema->properties.items);
	free(schema->pattern_properties.items);
	free(schema->dependent_schemas.items);
	free(schema->pointer);
	json_decref(schema->json);
	free(schema);
}

static void
resource_free(struct resource *resource)
{
	free(resource->uri);
	free(resource->pointer);
	json_decref(resource->anchors);
	json_decref(resource->dynamic);
	free(resource);
}

static void
document_free(struct document *document)
{
	free(document->uri);
	json_decref(document->json);
	json_decref(document->index);
	free(document);
}

void
schema_set_free(struct schema_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->schema_count; i++)
		schema_free(set->schemas[i]);
	for (size_t i = 0; i < set->resource_count; i++)
		resource_free(set->resources[i]);
	for (size_t i = 0; i < set->document_count; i++)
		document_free(set->documents[i]);
	free(set->schemas);
	free(set->resources);
	free(set->documents);
	free(set->pending);
	json_decref(set->by_uri);
	free(set);
}

void
schema_set_add(struct schema_set *set, const char *uri, json_t *document)
{
	struct document *new = xcalloc(1, sizeof(*new));

	new->uri = xstrndup(uri, strcspn(uri, "#"));
	new->json = json_incref(document);
	new->index = json_object();
	set->documents = xrealloc(set->documents, set->document_count + 1, sizeof(struct document *));
	set->documents[set->document_count++] = new;
}

static struct document *
find_document(const struct schema_set *set, const char *uri)
{
	for (size_t i = 0; i < set->document_count; i++) {
		if (strcmp(set->documents[i]->uri, uri) == 0)
			return set->documents[i];
	}
	return NULL;
}

/* The dialect's own documents are read when somebody asks for one. */
struct document *
set_document(const struct schema_set *set, const char *uri)
{
	struct document	*found = find_document(set, uri);
	json_t		*json;

	if (found != NULL || !str_starts(uri, "https://json-schema.org/draft/2020-12/"))
		return found;
	for (size_t i = 0; dialect_documents[i] != NULL; i++) {
		json = json_loads(dialect_documents[i], 0, NULL);
		if (find_document(set, json_string_value(json_object_get(json, "$id"))) == NULL)
			schema_set_add((struct schema_set *)(uintptr_t)set,
			    json_string_value(json_object_get(json, "$id")), json);
		json_decref(json);
	}
	return find_document(set, uri);
}

struct resource *
set_resource(const struct schema_set *set, const char *uri)
{
	json_t *number = json_object_get(set->by_uri, uri);

	return number == NULL ? NULL : set->resources[json_integer_value(number)];
}

struct resource *
set_add_resource(struct schema_set *set, struct document *document, const char *uri, const char *pointer)
{
	struct resource *resource = xcalloc(1, sizeof(*resource));

	resource->uri = xstrdup(uri);
	resource->document = document;
	resource->pointer = xstrdup(pointer);
	resource->anchors = json_object();
	resource->dynamic = json_object();
	json_object_set_new(set->by_uri, uri, json_integer((json_int_t)set->resource_count));
	set->resources = xrealloc(set->resources, set->resource_count + 1, sizeof(struct resource *));
	set->resources[set->resource_count++] = resource;
	return resource;
}

static unsigned
vocabulary_bit(const char *uri)
{
	static const struct {
		const char	*name;
		unsigned	 bits;
	} rows[] = {
		{ "core", VOCAB_CORE },
		{ "applicator", VOCAB_APPLICATOR },
		{ "unevaluated", VOCAB_UNEVALUATED },
		{ "validation", VOCAB_VALIDATION },
		{ "meta-data", VOCAB_META_DATA },
		{ "format-annotation", VOCAB_FORMAT },
		{ "format-assertion", VOCAB_FORMAT | VOCAB_FORMAT_ASSERTION },
		{ "content", VOCAB_CONTENT },
	};

	if (!str_starts(uri, VOCABULARY_URI))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(uri + strlen(VOCABULARY_URI), rows[i].name) == 0)
			return rows[i].bits;
	}
	return 0;
}

unsigned
dialect_vocabularies(struct schema_set *set, const struct document *document, const char *pointer,
    const json_t *schema, unsigned otherwise)
{
	const json_t		*value = json_object_get(schema, "$schema");
	const char		*text = json_string_value(value), *uri;
	char			*dialect;
	const struct document	*meta;
	json_t			*vocabularies, *needed;
	unsigned		 bits = VOCAB_CORE;

	if (text == NULL)
		return otherwise;
	dialect = xstrndup(text, strcspn(text, "#"));
	meta = strcmp(dialect, DIALECT_URI) == 0 ? NULL : set_document(set, dialect);
	if (strcmp(dialect, DIALECT_URI) != 0 && meta == NULL)
		set_problem(set, document, pointer, "$schema", "it is \"" DIALECT_URI "\"",
		    "names a dialect that leap does not know");
	free(dialect);
	vocabularies = meta == NULL ? NULL : json_object_get(meta->json, "$vocabulary");
	if (vocabularies == NULL)
		return VOCAB_ALL;
	json_object_foreach(vocabularies, uri, needed) {
		if (vocabulary_bit(uri) == 0 && json_is_true(needed))
			set_problem(set, document, pointer, "$schema", NULL, "needs the vocabulary \"%s\", which leap "
			    "does not know", uri);
		bits |= vocabulary_bit(uri);
	}
	return bits;
}

json_t *
schema_pointer(json_t *document, const char *pointer)
{
	struct buf	 key = { 0 };
	json_t		*at = document;
	char		*end;
	size_t		 index;

	while (at != NULL && *pointer == '/') {
		buf_clear(&key);
		for (pointer++; *pointer != '/' && *pointer != '\0'; pointer++) {
			if (pointer[0] == '~' && (pointer[1] == '0' || pointer[1] == '1'))
				buf_addc(&key, *++pointer == '0' ? '~' : '/');
			else
				buf_addc(&key, *pointer);
		}
		if (json_is_array(at)) {
			index = strtoul(buf_text(&key), &end, 10);
			at = isdigit((unsigned char)*buf_text(&key)) && *end == '\0' ? json_array_get(at, index) : NULL;
		} else
			at = json_object_get(at, buf_text(&key));
	}
	buf_fini(&key);
	return *pointer == '\0' ? at : NULL;
}

/* The path of a JSON pointer in leap's way: elements are counted from 1. */
static char *
dotted_path(json_t *document, const char *pointer)
{
	struct buf	 path = { 0 };
	const char	*end;
	char		*before;
	json_t		*holder;

	for (const char *at = pointer; *at == '/'; at = end) {
		end = at + 1 + strcspn(at + 1, "/");
		before = xstrndup(pointer, (size_t)(at - pointer));
		holder = schema_pointer(document, before);
		free(before);
		if (path.len > 0)
			buf_addc(&path, '.');
		if (json_is_array(holder)) {
			buf_addf(&path, "%lu", strtoul(at + 1, NULL, 10) + 1);
			continue;
		}
		for (at++; at < end; at++) {
			if (at[0] == '~' && at + 1 < end)
				buf_addc(&path, *++at == '0' ? '~' : '/');
			else
				buf_addc(&path, *at);
		}
	}
	return path.data == NULL ? xstrdup("") : buf_take(&path);
}

void
set_problem(struct schema_set *set, const struct document *document, const char *pointer, const char *keyword,
    const char *hint, const char *format, ...)
{
	struct schema_problem	 problem = { .uri = document->uri, .keyword = keyword, .hint = hint };
	va_list			 args;
	char			*message, *path, *place;
	struct buf		 whole = { 0 };

	set->problems++;
	if (set->report == NULL)
		return;
	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	buf_adds(&whole, pointer);
	if (*keyword != '\0') {
		buf_addc(&whole, '/');
		for (const char *at = keyword; *at != '\0'; at++)
			buf_adds(&whole, *at == '~' ? "~0" : *at == '/' ? "~1" : (char[]){ *at, '\0' });
	}
	place = buf_take(&whole);
	path = dotted_path(document->json, place == NULL ? "" : place);
	problem.path = path;
	problem.value = schema_pointer(document->json, place == NULL ? "" : place);
	problem.message = message;
	set->report(set->arg, &problem);
	free(message);
	free(path);
	free(place);
}

bool
schema_reference(const char *base, const char *reference, char **document, char **pointer)
{
	char *fragment = uri_fragment(reference);

	*document = NULL;
	*pointer = NULL;
	if (fragment != NULL && *fragment != '\0' && *fragment != '/') {
		free(fragment);
		return false;
	}
	*document = uri_resolve(base, reference);
	*pointer = fragment == NULL ? xstrdup("") : fragment;
	return true;
}
