/* config: partials, the properties that several services or tags have in common. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/strs.h"

#include <stdlib.h>
#include <string.h>

#define DIR		"services/"	/* where they are, as _NAME.json */
#define KEY		"partials"

/* Add the names of the partials among files' names without ".json". */
static void
add_partials(struct strs *names, const struct strs *stems)
{
	for (size_t i = 0; i < stems->count; i++) {
		if (*stems->items[i] == '_' && strchr(stems->items[i], '.') == NULL)
			strs_add(names, stems->items[i] + 1);
	}
}

static int
kind_compare(const void *name, const void *kind)
{
	return strcmp(name, ((const struct kind *)kind)->name + 1);
}

void
load_partials(struct config *config, const struct strs *stems)
{
	struct strs base = { 0 };

	add_names(config, &base, false, DIR, ".json");
	add_partials(&config->partials, stems);
	add_partials(&config->partials, &base);
	tidy_names(config, &config->partials, "partial");
	config->partial_kinds = xcalloc(config->partials.count + 1, sizeof(*config->partial_kinds));
	for (size_t i = 0; i < config->partials.count; i++) {
		char	*name = xasprintf("_%s", config->partials.items[i]);
		char	*file = xasprintf(DIR "%s.json", name);

		read_kind(config, &config->partial_kinds[i], name, DIR, file, NULL, stems);
		free(name);
		free(file);
	}
	strs_fini(&base);
}

/* The error for the name with this number (0: the whole list) in "partials". */
static void
complain(struct config *config, const struct source *source, size_t number, const char *name)
{
	char		*path = number == 0 ? xstrdup(KEY) : xasprintf(KEY ".%zu", number);
	struct place	 place = { .path = source->path };
	const char	*near;
	struct err	*e;

	json_locate(source->path, buf_text(&source->text), source->text.len, path, &place);
	if (name == NULL) {
		e = err_rule(err_hint(err_at(ERR_CONFIG, &place, "\"" KEY "\" must be a list of names"),
		    "write \"" KEY "\": [\"...\"]"), "wrong-type");
	} else {
		e = err_rule(err_at(ERR_CONFIG, &place, "unknown partial \"%s\"", name), "unknown-partial");
		near = strs_nearest(&config->partials, name);
		e = near != NULL ? err_hint(e, "did you mean \"%s\"?", near) :
		    err_hint(e, "make a file " DIR "_%s.json", name);
	}
	problems_add(&config->errors, e);
	free(path);
}

static void
take_partials(struct config *config, struct source *source)
{
	json_t			*names, *element;
	const struct kind	*kind;
	const char		*name;
	size_t			 i;

	if (source == NULL || (names = json_incref(json_object_get(source->root, KEY))) == NULL)
		return;
	json_object_del(source->root, KEY);
	if (!json_is_array(names) && !json_is_null(names))
		complain(config, source, 0, NULL);
	source->partials = xcalloc(json_array_size(names) + 1, sizeof(*source->partials));
	json_array_foreach(names, i, element) {
		name = json_string_value(element);
		kind = name == NULL ? NULL : bsearch(name, config->partial_kinds, config->partials.count,
		    sizeof(*kind), kind_compare);
		if (kind != NULL)
			source->partials[source->partial_count++] = kind;
		else
			complain(config, source, i + 1, name);
	}
	json_decref(names);
}

void
use_partials(struct config *config, struct kind *kind)
{
	take_partials(config, kind->platform);
	take_partials(config, kind->instance);
	for (size_t i = 0; i < kind->variant_count; i++)
		take_partials(config, kind->variants[i].source);
}
