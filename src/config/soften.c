/* config: makes schemas of whole nodes into schemas of single layers. */
/* May know schema, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/soften.h"

#include "base/json.h"
#include "base/strs.h"
#include "schema/schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define URI_PREFIX	"leap:/"
#define INSTEAD		"#/$defs/instead"

/*
 * A layer is a part of a node: what must be there may be in another one, lists are added to, and macros have no value
 * yet.  So only those keywords stay that are true of every part, and whatever stands for a value may be something else
 * instead.  Conditions go altogether: whether they hold is known of the whole only.
 */

/* Where in a document one is, and where that comes to be: "#/$defs/NAME/...". */
struct at {
	struct softened		 *softened;
	const struct schema_file *file;
	const char		 *where;
};

static json_t	*soften(const struct at *at, const json_t *schema);

/* "services.static" of services/static/schema.json: what a document is called in "$defs". */
static char *
document_name(const char *path)
{
	size_t	 len = strlen(path);
	char	*name;

	if (str_ends(path, "/schema.json"))
		len -= strlen("/schema.json");
	else if (str_ends(path, ".json"))
		len -= strlen(".json");
	name = xstrndup(path, len);
	for (char *at = name; *at != '\0'; at++) {
		if (*at == '/')
			*at = '.';
	}
	return name;
}

static const struct schema_file *
file_at(const struct softened *softened, const char *uri)
{
	const struct known_schemas *known = softened->known;

	for (size_t i = 0; str_starts(uri, URI_PREFIX) && i < known->file_count; i++) {
		if (strcmp(known->files[i].path, uri + strlen(URI_PREFIX)) == 0)
			return &known->files[i];
	}
	return NULL;
}

/* A document is softened when it is wanted first; its name, the caller's, free(). */
static char *
want(struct softened *softened, const struct schema_file *file)
{
	char		*name = document_name(file->path), *where = xasprintf("#/$defs/%s", name);
	struct at	 at = { softened, file, where };

	if (json_object_get(softened->documents, name) == NULL) {
		json_object_set_new(softened->documents, name, json_null());
		json_object_set_new(softened->documents, name, soften(&at, file->root));
	}
	free(where);
	return name;
}

/* Append a JSON pointer, or (`key`) one step of it, as a URI's fragment has it. */
static void
add_encoded(struct buf *out, const char *text, bool key)
{
	for (; *text != '\0'; text++) {
		if (key && (*text == '~' || *text == '/'))
			buf_adds(out, *text == '~' ? "~0" : "~1");
		else if (isalnum((unsigned char)*text) || strchr("-._~!$&'()*+,;=:@/", *text) != NULL)
			buf_addc(out, *text);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

/* "WHERE/KEYWORD/KEY", the caller's, free(); `key` may be NULL. */
static char *
below(const struct at *at, const char *keyword, const char *key)
{
	struct buf where = { 0 };

	buf_addf(&where, "%s/%s%s", at->where, keyword, key == NULL ? "" : "/");
	if (key != NULL)
		add_encoded(&where, key, true);
	return buf_take(&where);
}

/* A reference into the one document that all become; NULL when it leads to something that is not there any more. */
static json_t *
soften_reference(const struct at *at, const char *reference)
{
	char				*base = xasprintf(URI_PREFIX "%s", at->file->path), *uri, *pointer, *name;
	const struct schema_file	*other;
	struct buf			 target = { 0 };
	json_t				*found = NULL;

	if (schema_reference(base, reference, &uri, &pointer) && (other = file_at(at->softened, uri)) != NULL) {
		name = want(at->softened, other);
		buf_addf(&target, "#/$defs/%s", name);
		add_encoded(&target, pointer, false);
		found = json_string(buf_text(&target));
		buf_fini(&target);
		free(name);
	}
	free(base);
	free(uri);
	free(pointer);
	return found;
}

/* What stands for a value may be something else; what a person reads about it stays in sight. */
static json_t *
soften_value(const struct at *at, const char *keyword, const char *key, const json_t *schema)
{
	static const char *const words[] = { "title", "description", "default", "examples", "deprecated" };
	char		*outside = below(at, keyword, key), *inside = xasprintf("%s/anyOf/0", outside);
	struct at	 child = { at->softened, at->file, inside };
	json_t		*soft = soften(&child, schema), *value = soft, *word;

	if (json_is_object(soft) && json_object_size(soft) > 0) {
		value = json_object();
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			if ((word = json_object_get(soft, words[i])) != NULL)
				json_object_set(value, words[i], word);
			json_object_del(soft, words[i]);
		}
		json_object_set_new(value, "anyOf", json_pack("[o, {s:s}]", soft, "$ref", INSTEAD));
	}
	free(outside);
	free(inside);
	return value;
}

/* A key as a regular expression that matches nothing else. */
static char *
pattern_of(const char *prefix, const char *key)
{
	struct buf pattern = { 0 };

	buf_addf(&pattern, "^%s", prefix);
	for (; *key != '\0'; key++) {
		if (strchr("\\^$.|?*+()[]{}/", *key) != NULL)
			buf_addc(&pattern, '\\');
		buf_addc(&pattern, *key);
	}
	buf_addc(&pattern, '$');
	return buf_take(&pattern);
}

/* "!key" holds what the key does; "+key" and "-key" a part of the list, or one element. */
static void
add_prefixed(const struct at *at, json_t *patterns, const char *key, const json_t *schema)
{
	char	*value = below(at, "properties", key), *part = pattern_of("[+-]", key), *whole = pattern_of("!", key);

	json_object_set_new(patterns, whole, json_pack("{s:s}", "$ref", value));
	if (json_object_get(schema, "items") == NULL && json_object_get(schema, "type") == NULL)
		json_object_set_new(patterns, part, json_object());
	else if (json_object_get(schema, "items") != NULL)
		json_object_set_new(patterns, part, json_pack("{s:[{s:o}, {s:o}]}", "anyOf", "$ref",
		    json_sprintf("%s/anyOf/0", value), "$ref", json_sprintf("%s/anyOf/0/items", value)));
	free(value);
	free(part);
	free(whole);
}

static void
soften_members(const struct at *at, const json_t *schema, json_t *out)
{
	json_t		*others = json_object_get(schema, "additionalProperties"), *member;
	json_t		*properties = json_object(), *patterns = json_object();
	const char	*key;

	json_object_foreach(json_object_get(schema, "properties"), key, member) {
		json_object_set_new(properties, key, soften_value(at, "properties", key, member));
		add_prefixed(at, patterns, key, member);
	}
	json_object_foreach(json_object_get(schema, "patternProperties"), key, member) {
		json_object_set_new(patterns, key, soften_value(at, "patternProperties", key, member));
		json_object_set_new(patterns, "^[+!-]", json_object());
	}
	if (json_is_object(others)) {
		json_object_set_new(out, "additionalProperties", soften_value(at, "additionalProperties", NULL, others));
		json_object_set_new(patterns, "^[+-]", json_object());
		json_object_set_new(patterns, "^!", json_pack("{s:o}", "$ref",
		    json_sprintf("%s/additionalProperties", at->where)));
	} else if (others != NULL)
		json_object_set(out, "additionalProperties", others);
	if (json_object_size(properties) > 0)
		json_object_set(out, "properties", properties);
	if (json_object_size(patterns) > 0)
		json_object_set(out, "patternProperties", patterns);
	json_decref(properties);
	json_decref(patterns);
}

/* A list of schemas for the same value. */
static void
soften_list(const struct at *at, const json_t *schema, const char *keyword, const char *as, json_t *out)
{
	json_t	*list = json_object_get(schema, keyword), *soft, *element;
	size_t	 i;

	if (list == NULL)
		return;
	soft = json_array();
	json_array_foreach(list, i, element) {
		char		*where = xasprintf("%s/%s/%zu", at->where, as, i);
		struct at	 child = { at->softened, at->file, where };

		json_array_append_new(soft, soften(&child, element));
		free(where);
	}
	json_object_set_new(out, as, soft);
}

static void
soften_definitions(const struct at *at, const json_t *schema, json_t *out)
{
	json_t		*all = json_object(), *definition;
	const char	*key;

	json_object_foreach(json_object_get(schema, "$defs"), key, definition) {
		char		*where = below(at, "$defs", key);
		struct at	 child = { at->softened, at->file, where };

		json_object_set_new(all, key, soften(&child, definition));
		free(where);
	}
	if (json_object_size(all) > 0)
		json_object_set(out, "$defs", all);
	json_decref(all);
}

/* Formats of leap's own in words that every editor knows. */
static void
soften_format(const char *format, json_t *out)
{
	if (strcmp(format, "ip") == 0)
		json_object_set_new(out, "anyOf", json_pack("[{s:s}, {s:s}]", "format", "ipv4", "format", "ipv6"));
	else if (strcmp(format, "cidr") == 0)
		json_object_set_new(out, "pattern", json_string("^[0-9A-Fa-f.:]+/[0-9]{1,3}$"));
	else if (strcmp(format, "port-range") == 0)
		json_object_set_new(out, "pattern", json_string("^[1-9][0-9]{0,4}-[1-9][0-9]{0,4}$"));
	else if (strcmp(format, "port") == 0)
		json_object_update_new(out, json_pack("{s:i, s:i}", "minimum", 1, "maximum", 65535));
	else
		json_object_set_new(out, "format", json_string(format));
}

static json_t *
soften(const struct at *at, const json_t *schema)
{
	static const char *const kept[] = { "title", "description", "default", "examples", "deprecated", "type", "enum",
	    "const", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
	    "maxLength", "maxItems", "uniqueItems" };
	json_t *out, *value;

	if (!json_is_object(schema))
		return json_incref((json_t *)(uintptr_t)schema);
	out = json_object();
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if ((value = json_object_get(schema, kept[i])) != NULL)
			json_object_set_new(out, kept[i], json_deep_copy(value));
	}
	if (json_str(schema, "format") != NULL)
		soften_format(json_str(schema, "format"), out);
	if (json_str(schema, "$ref") != NULL && (value = soften_reference(at, json_str(schema, "$ref"))) != NULL)
		json_object_set_new(out, "$ref", value);
	soften_members(at, schema, out);
	if ((value = json_object_get(schema, "items")) != NULL)
		json_object_set_new(out, "items", soften_value(at, "items", NULL, value));
	soften_list(at, schema, "allOf", "allOf", out);
	soften_list(at, schema, "oneOf", "anyOf", out);
	soften_list(at, schema, "anyOf", "anyOf", out);
	soften_definitions(at, schema, out);
	return out;
}

void
soften_init(struct softened *softened, const struct known_schemas *known)
{
	*softened = (struct softened){ .known = known, .documents = json_object(), .roots = json_array() };
}

void
soften_add(struct softened *softened, const struct schema_file *file)
{
	char *name = want(softened, file);

	json_array_append_new(softened->roots, json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", name)));
	free(name);
}

/* What a reference led to may be gone. */
static void
drop_dangling(json_t *root, json_t *value)
{
	const char	*key, *reference = json_str(value, "$ref");
	char		*document = NULL, *pointer = NULL;
	json_t		*child;
	size_t		 i;

	if (reference != NULL && str_starts(reference, "#") && schema_reference("", reference, &document, &pointer) &&
	    schema_pointer(root, pointer) == NULL)
		json_object_del(value, "$ref");
	free(document);
	free(pointer);
	json_object_foreach(value, key, child) {
		drop_dangling(root, child);
	}
	for (i = 0; i < json_array_size(value); i++)
		drop_dangling(root, json_array_get(value, i));
}

void
soften_finish(struct softened *softened, json_t *schema)
{
	json_object_set_new(softened->documents, "instead", json_pack("{s:s, s:[{s:s, s:s}, {s:s}, {s:s}]}",
	    "description", "a macro, \"= ...\", or \"REQUIRED\", or null", "anyOf", "type", "string", "pattern", "^=>? ",
	    "const", "REQUIRED", "type", "null"));
	if (json_array_size(softened->roots) > 0)
		json_object_set(schema, "allOf", softened->roots);
	json_object_set(schema, "$defs", softened->documents);
	json_decref(softened->documents);
	json_decref(softened->roots);
	*softened = (struct softened){ 0 };
	drop_dangling(schema, schema);
}
