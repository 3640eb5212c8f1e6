/* config: merges the layers of each node. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/json.h"
#include "base/parallel.h"
#include "base/strs.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN	63

struct err *
node_name_check(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (*name != '\0' && *name != '-' && name[n] == '\0' && n <= NAME_MAX_LEN)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "\"%s\" cannot be the name of a node", name),
	    "names are made of a-z, 0-9 and -, begin with a letter or digit, and have at most %d of them", NAME_MAX_LEN);
}

/* What the platform's and the instance's common.json and the node's own file say about one key. */
static json_t *
raw_value(struct config *config, const struct source *own, const char *key)
{
	const struct source	*sources[] = { config->common.platform, config->common.instance, own }, *lower[3];
	struct problems		 ignored = { 0 };
	struct layers		 below = { lower, 0 };
	struct merge		 merge = { .errors = &config->errors, .warnings = &ignored, .below = &below };
	json_t			*sum = json_object(), *picked, *value, *next;
	const char		*name;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		if (sources[i] == NULL)
			continue;
		picked = json_object();
		json_object_foreach(sources[i]->root, name, value) {
			if (strcmp(key_name(name), key) == 0)
				json_object_set(picked, name, value);
		}
		merge.source = sources[i];
		next = merge_objects(&merge, sum, picked);
		json_decref(picked);
		json_decref(sum);
		sum = next;
		below.items[below.count++] = sources[i];
	}
	err_free(problems_take(&ignored));	/* merging the whole files says it again */
	buf_fini(&merge.path);
	value = json_incref(json_object_get(sum, key));
	json_decref(sum);
	return value;
}

/* Where the node's own file, or else common.json, sets it. */
static void
raw_place(struct config *config, const struct source *own, const char *path, const char *text, struct place *place)
{
	if (source_place(own, path, text, place) ||
	    (config->common.instance != NULL && source_place(config->common.instance, path, text, place)) ||
	    (config->common.platform != NULL && source_place(config->common.platform, path, text, place)))
		return;
	*place = (struct place){ .path = own->path };
}

static void
twice(struct config *config, const struct source *own, const char *key, const char *name)
{
	struct place	 place;
	char		*path = xasprintf("%s.1", key);

	raw_place(config, own, path, name, &place);
	problems_add(&config->warnings, err_rule(err_warning(err_at(ERR_CONFIG, &place, "\"%s\" has \"%s\" twice", key,
	    name)), "no-effect"));
	free(path);
}

/* One name in a node's list of services or tags. */
static void
add_class(struct config *config, const struct source *own, const char *key, size_t number, const json_t *value,
    const struct strs *known, struct strs *out)
{
	const char	*name = json_string_value(value), *near;
	bool		 services = known == &config->services, plain = name != NULL && !is_macro(value);
	struct place	 place;
	struct err	*e;
	char		*path;

	if (plain && (services ? config_service(config, name) : config_tag(config, name)) != NULL) {
		if (strs_has(out, name))
			twice(config, own, key, name);
		else
			strs_add(out, name);
		return;
	}
	path = xasprintf("%s.%zu", key, number);
	raw_place(config, own, path, name, &place);
	free(path);
	if (!plain) {
		problems_add(&config->errors, err_rule(err_at(ERR_CONFIG, &place, "\"%s\" must be a list of names",
		    key), "wrong-type"));
	} else {
		e = err_at(ERR_CONFIG, &place, "unknown %.*s \"%s\"", (int)strlen(key) - 1, key, name);
		if ((near = strs_nearest(known, name)) != NULL)
			e = err_hint(e, "did you mean \"%s\"?", near);
		problems_add(&config->errors, err_rule(e, services ? "unknown-service" : "unknown-tag"));
	}
}

static void
raw_list(struct config *config, const struct source *own, const char *key, const struct strs *known, struct strs *out)
{
	json_t		*value = raw_value(config, own, key), *element;
	struct place	 place;
	size_t		 i;

	if (json_is_array(value)) {
		json_array_foreach(value, i, element) {
			add_class(config, own, key, i + 1, element, known, out);
		}
	} else if (value != NULL && !json_is_null(value)) {
		raw_place(config, own, key, NULL, &place);
		problems_add(&config->errors, err_rule(err_hint(err_at(ERR_CONFIG, &place, "\"%s\" must be a list of "
		    "names, not %s", key, is_macro(value) ? "a macro" : type_name(value)), "write \"%s\": [\"...\"]",
		    key), "wrong-type"));
	}
	json_decref(value);
}

struct environment {
	const char	*name;
	struct place	 place;
	char		*text;		/* of the place */
};

/* The tag by which it is in a second one is what can be taken away; `second` is where that says so. */
static void
two_environments(struct config *config, const struct source *own, const char *tag, const struct environment *first,
    const struct place *second, const char *name)
{
	struct place	 there = { second->path, second->line, second->column, NULL }, place;
	struct err	*e;

	raw_place(config, own, "tags.1", tag, &place);
	e = err_at(ERR_CONFIG, &place, "this node is in two environments, \"%s\" and \"%s\"", first->name, name);
	e = err_note(e, &first->place, "in environment \"%s\" by this", first->name);
	e = err_note(e, &there, "in environment \"%s\" by this", name);
	problems_add(&config->errors, err_rule(e, "two-environments"));
}

/* Take the environment that a file sets, unless another one set another. */
static void
take_environment(struct config *config, const struct source *source, const struct source *own, const char *tag,
    struct environment *found)
{
	json_t		*value = source == NULL ? NULL : json_object_get(source->root, "environment");
	const char	*name = json_string_value(value);
	struct place	 place;

	if (value == NULL || json_is_null(value))
		return;
	source_place_or_file(source, "environment", NULL, &place);
	if (name == NULL || !class_name_good(name)) {
		problems_add(&config->errors, err_rule(err_at(ERR_CONFIG, &place,
		    "\"environment\" must be the name of one"), "wrong-type"));
	} else if (!environment_name_good(name)) {
		problems_add(&config->errors, err_rule(err_hint(err_at(ERR_CONFIG, &place,
		    "\"%s\" is the word for nodes that are in no environment", name),
		    "leave \"environment\" out"), "bad-name"));
	} else if (found->name == NULL) {
		found->name = name;
		found->place = place;
		found->place.text = found->text = place.text == NULL ? NULL : xstrdup(place.text);
	} else if (strcmp(found->name, name) != 0)
		two_environments(config, own, tag, found, &place, name);
}

const struct source *
tag_environment(const struct kind *tag)
{
	json_t *value = tag->instance == NULL ? NULL : json_object_get(tag->instance->root, "environment");

	/* The instance's own file for a tag has the last word over the platform's. */
	return value != NULL && !json_is_null(value) ? tag->instance : tag->platform;
}

/* One that no tag, no variant and not leap itself speaks of may be one of theirs, misspelt. */
static void
suspect_environment(struct config *config, const struct environment *found)
{
	const struct strs	 declared = { .items = config->environments.items, .count = config->declared };
	const char		*near;

	if (!strs_has(&declared, found->name) && (near = strs_nearest(&declared, found->name)) != NULL)
		problems_add(&config->warnings, err_rule(err_warning(err_hint(err_at(ERR_CONFIG, &found->place,
		    "no tag and no variant speaks of environment \"%s\"", found->name), "did you mean \"%s\"?",
		    near)), "misspelt-environment"));
}

static const char *
node_environment(struct config *config, const struct node *node, const struct source *own)
{
	struct environment	 found = { 0 };

	take_environment(config, own, own, NULL, &found);
	for (size_t i = 0; i < node->tags.count; i++)
		take_environment(config, tag_environment(config_tag(config, node->tags.items[i])), own,
		    node->tags.items[i], &found);
	if (found.name != NULL) {
		suspect_environment(config, &found);
		add_environment(config, found.name);
	}
	free(found.text);
	return found.name;
}

static bool
node_enabled(struct config *config, const struct scope *scope)
{
	json_t		*value = json_object_get(scope->merged, "enabled");
	struct place	 place;

	if (json_is_false(value))
		return false;
	if (!json_is_true(value)) {
		if (!scope_place(scope, "enabled", NULL, &place))
			place = (struct place){ .path = scope->own->path };
		problems_add(&config->errors, err_rule(err_at(ERR_CONFIG, &place,
		    "\"enabled\" must be true or false, not %s", is_macro(value) ? "a macro" : type_name(value)),
		    "wrong-type"));
	}
	return true;
}

/* All of the node's layers, with what this program itself says about it. */
static json_t *
merge_node(struct config *config, const struct node *node, const struct base *base, const struct source *own)
{
	struct merge	 merge = {
		.config = config,
		.errors = &config->errors,
		.warnings = &config->warnings,
		.below = &base->layers,
		.source = own,
		.own = true,
	};
	json_t		*shared = merge_objects(&merge, base->root, own->root), *root;

	root = shared->refcount == 1 ? json_incref(shared) : json_copy(shared);
	json_decref(shared);
	buf_fini(&merge.path);
	json_object_set_new(root, "name", json_string(node->name));
	json_object_set_new(root, "services", json_strs(&node->services));
	json_object_set_new(root, "tags", json_strs(&node->tags));
	json_object_set_new(root, "environment", node->environment == NULL ? json_null() :
	    json_string(node->environment));
	if (json_object_get(root, "enabled") == NULL || json_is_null(json_object_get(root, "enabled")))
		json_object_set_new(root, "enabled", json_true());
	return root;
}

static const struct base *
node_base(struct config *config, const struct node *node)
{
	struct layers layers = { 0 };

	kind_layers(&config->common, node->environment, &layers);
	for (size_t i = 0; i < node->services.count; i++)
		kind_layers(config_service(config, node->services.items[i]), node->environment, &layers);
	for (size_t i = 0; i < node->tags.count; i++)
		kind_layers(config_tag(config, node->tags.items[i]), node->environment, &layers);
	return config_base(config, &layers);
}

static void
load_node(struct config *config, const char *name, struct source *take_own)
{
	struct node		*node = xcalloc(1, sizeof(*node));
	const struct source	*own = source_take(config, take_own);
	struct scope		*scope;
	size_t			 offered;

	node->name = xstrdup(name);
	node->config = config;
	if (json_object_get(own->root, "name") == NULL || json_str(own->root, "name") == NULL ||
	    strcmp(json_str(own->root, "name"), name) != 0)
		forbid(config, own, "name", "the name of a node is the name of its file");
	forbid(config, own, "partials", "the files of services and tags say which partials they are made of");
	offered = config->errors.offered;
	raw_list(config, own, "services", &config->services, &node->services);
	raw_list(config, own, "tags", &config->tags, &node->tags);
	node->environment = node_environment(config, node, own);
	scope = scope_new(config, node, node->environment, xasprintf("node %s", name), node_base(config, node));
	scope->own = own;
	scope->partial = config->errors.offered != offered;
	scope->merged = merge_node(config, node, scope->base, own);
	node->state = scope;
	node->enabled = node_enabled(config, scope);
	config->nodes[config->node_count++] = node;
}

/* The files of nodes, which are read before they are looked at. */
struct reading {
	const struct repo	*repo;
	const struct strs	*names;
	struct source		**sources;
};

static void
read_node(void *context, size_t i)
{
	struct reading	*reading = context;
	char		*path = xasprintf("nodes/%s.json", reading->names->items[i]);

	reading->sources[i] = source_new(reading->repo, true, path);
	free(path);
}

void
load_nodes(struct config *config)
{
	struct strs	 all = { 0 }, names = { 0 };
	struct reading	 reading = { config->repo, &names, NULL };
	struct err	*e;
	struct place	 place = { 0 };
	char		*path;

	add_names(config, &all, true, "nodes", ".json");
	for (size_t i = 0; i < all.count; i++) {
		if ((e = node_name_check(all.items[i])) == NULL) {
			strs_add(&names, all.items[i]);
			continue;
		}
		place.path = path = xasprintf("nodes/%s.json", all.items[i]);
		problems_add(&config->errors, err_rule(err_moved(e, &place, "%s", err_message(e)), "bad-name"));
		free(path);
	}
	config->declared = config->environments.count;
	config->nodes = xcalloc(names.count + 1, sizeof(struct node *));
	reading.sources = xcalloc(names.count, sizeof(struct source *));
	if (config->repo->view == NULL)
		parallel_each(names.count, PARALLEL_LIGHT, read_node, &reading);
	for (size_t i = 0; i < names.count; i++) {
		if (config->repo->view != NULL)		/* libgit2 is for one thread */
			read_node(&reading, i);
		load_node(config, names.items[i], reading.sources[i]);
	}
	free(reading.sources);
	strs_fini(&names);
	strs_fini(&all);
}
