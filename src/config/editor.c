/* config: schemas by which editors check and complete the files of an instance. */
/* May know schema, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/editor.h"

#include "base/json.h"
#include "base/strs.h"
#include "config/schemas.h"
#include "config/soften.h"

#include <stdlib.h>
#include <string.h>

#define DIALECT		"https://json-schema.org/draft/2020-12/schema"

/* What a kind of file cannot set: load.c refuses it there.  A node may say its name, if it is that of the file. */
static const struct editor_kind {
	const char	*name, *title, *base;	/* NULL: made of schemas; otherwise of another one */
	const char	*never[5];
	bool		 partials;
} kinds[] = {
	{ "common", "common.json: properties of every node", "layer", { "name", "partials" }, false },
	{ "layer", "What may be said of a node", NULL, { NULL }, false },
	{ "leapfile", NULL, NULL, { NULL }, false },
	{ "node", "A node", "layer", { "partials" }, false },
	{ "provider", "The provider", NULL, { NULL }, false },
	{ "service", "A service: properties of the nodes that have it", "layer",
	  { "name", "services", "tags", "environment" }, true },
	{ "tag", "A tag: properties of the nodes that have it", "layer", { "name", "services", "tags" }, true },
};

void
editor_names(struct strs *names)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		strs_add(names, kinds[i].name);
}

static json_t *
head(const char *title)
{
	return json_pack("{s:s, s:s, s:s}", "$schema", DIALECT, "title", title, "type", "object");
}

/* A list of names, of which these can be completed; one that came since may be there too. */
static json_t *
list_of(const struct strs *names)
{
	return json_pack("{s:{s:[{s:o}, {s:s}]}}", "items", "anyOf", "enum", json_strs(names), "type", "string");
}

/* Whether the kind of file is refused the property. */
static bool
refuses(const struct editor_kind *kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(kind->never) && kind->never[i] != NULL; i++) {
		if (strcmp(kind->never[i], name) == 0)
			return true;
	}
	return false;
}

/* A file that differs from a layer in what it cannot set, and knows names. */
static json_t *
narrowed(const struct config *config, const struct editor_kind *kind)
{
	json_t	*schema = head(kind->title), *properties = json_object(), *partials;

	for (size_t i = 0; i < ARRAY_LEN(kind->never) && kind->never[i] != NULL; i++)
		json_object_set_new(properties, kind->never[i], json_pack("{s:s, s:[s, s], s:i}", "description",
		    "cannot be set in this file", "type", "array", "null", "maxItems", 0));
	if (kind->partials) {
		partials = list_of(&config->partials);
		json_object_update_new(partials, json_pack("{s:s, s:s}", "description",
		    "names of files services/_NAME.json that are put below this one", "type", "array"));
		json_object_set_new(properties, "partials", partials);
	}
	json_object_set_new(schema, "$ref", json_sprintf("%s.json", kind->base));
	json_object_set_new(schema, "properties", properties);
	if (!refuses(kind, "services"))
		json_object_set_new(schema, "patternProperties", json_pack("{s:o, s:o}", "^[+!-]?services$",
		    list_of(&config->services), "^[+!-]?tags$", list_of(&config->tags)));
	return schema;
}

static void
add_pair(struct softened *softened, const struct schema_pair *pair)
{
	if (pair->platform != NULL)
		soften_add(softened, pair->platform);
	if (pair->instance != NULL)
		soften_add(softened, pair->instance);
}

static json_t *
merged(struct config *config, const struct editor_kind *kind)
{
	const struct known_schemas	*known = config_schemas(config);
	struct softened			 softened;
	json_t				*schema = head(kind->title);

	soften_init(&softened, known);
	if (strcmp(kind->name, "provider") == 0) {
		add_pair(&softened, &known->provider);
	} else {
		add_pair(&softened, &known->common);
		add_pair(&softened, &known->node);
		for (size_t i = 0; i < config->services.count; i++)
			add_pair(&softened, &known->services[i]);
		for (size_t i = 0; i < config->tags.count; i++)
			add_pair(&softened, &known->tags[i]);
	}
	soften_finish(&softened, schema);
	return schema;
}

/* The Leapfile is no layer: its schema is what it is. */
static json_t *
leapfile(const struct known_schemas *known)
{
	for (size_t i = 0; i < known->file_count; i++) {
		if (strcmp(known->files[i].path, "platform/schemas/leapfile.json") == 0)
			return json_incref(known->files[i].root);
	}
	return json_object();
}

struct err *
editor_schema(struct config *config, const char *name, json_t **out)
{
	const struct known_schemas	*known = config_schemas(config);
	struct err			*e = NULL;

	*out = NULL;
	for (const struct err *wrong = known->problems.first; wrong != NULL; wrong = err_next(wrong))
		e = err_join(e, err_copy(wrong));
	for (size_t i = 0; e == NULL && i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		*out = kinds[i].base != NULL ? narrowed(config, &kinds[i]) :
		    kinds[i].title == NULL ? leapfile(known) : merged(config, &kinds[i]);
	}
	return e;
}
