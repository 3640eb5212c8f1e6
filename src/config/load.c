/* config: finds the files of an instance and its platform and merges them to nodes. */
/* May know lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/json.h"
#include "base/strs.h"
#include "lua/sandbox.h"
#include "repo/repo.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MACRO_MEMORY	((size_t)256 << 20)	/* bytes, for all macros together */
#define MACRO_STEPS	10000000ul		/* instructions of one macro, about a tenth of a second */
#define NAME_MAX_LEN	63

static const char *const own_environments[] = { "development", "local", "production" };

struct err *
node_name_check(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (*name != '\0' && *name != '-' && name[n] == '\0' && n <= NAME_MAX_LEN)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "\"%s\" cannot be the name of a node", name),
	    "names are made of a-z, 0-9 and -, begin with a letter or digit, and have at most %d of them", NAME_MAX_LEN);
}

/* Services, tags and environments: what filters and file names can say. */
static bool
class_name_good(const char *name)
{
	if (!isalnum((unsigned char)*name))
		return false;
	while (isalnum((unsigned char)*name) || *name == '-' || *name == '_')
		name++;
	return *name == '\0';
}

/* An error about a whole file. */
PRINTF(3, 4)
static void
file_error(struct config *config, const char *path, const char *format, ...)
{
	va_list	 args;
	char	*message;

	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	problems_add(&config->errors, err_at(ERR_CONFIG, &(struct place){ .path = path }, "%s", message));
	free(message);
}

/* The place of `path` in the source, or at least its file. */
static void
source_place_or_file(const struct source *source, const char *path, const char *text, struct place *place)
{
	if (!source_place(source, path, text, place))
		*place = (struct place){ .path = source->path };
}

/* What only some files may set: an error unless it says nothing. */
static void
forbid(struct config *config, const struct source *source, const char *name, const char *who)
{
	static const char *const prefixes[] = { "", "+", "-", "!" };
	struct place		 place;
	json_t			*value;
	char			*key;

	for (size_t i = 0; source != NULL && i < ARRAY_LEN(prefixes); i++) {
		key = xasprintf("%s%s", prefixes[i], name);
		value = json_object_get(source->root, key);
		if (value != NULL && !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0)) {
			if (!json_locate(source->path, buf_text(&source->text), source->text.len, key, &place))
				place = (struct place){ .path = source->path };
			problems_add(&config->errors, err_hint(err_at(ERR_CONFIG, &place, "\"%s\" cannot be set here",
			    name), "%s", who));
		}
		free(key);
	}
}

enum kind_type { KIND_COMMON, KIND_PROVIDER, KIND_SERVICE, KIND_TAG };

static void
forbid_in_kind(struct config *config, const struct kind *kind, enum kind_type type)
{
	static const char	 lists[] = "a node's own file or common.json says which it has";
	static const char	 environment[] = "a node's own file or its tags say which environment it is in";
	size_t			 first = kind->variant_count;
	const struct source	*source;

	for (size_t i = 0; i < first + 2; i++) {
		bool variant = i < first;

		source = variant ? kind->variants[i].source : i == first ? kind->platform : kind->instance;
		forbid(config, source, "name", "the name of a node is the name of its file");
		if (variant || type != KIND_COMMON) {
			forbid(config, source, "services", lists);
			forbid(config, source, "tags", lists);
		}
		if (variant || type != KIND_TAG)
			forbid(config, source, "environment", environment);
	}
}

static void
add_environment(struct config *config, const char *name)
{
	if (!strs_has(&config->environments, name))
		strs_add(&config->environments, name);
}

/* Read the variants NAME.ENV.json of a kind; `stems` are the names of all files in `dir` without ".json". */
static void
read_variants(struct config *config, struct kind *kind, const char *dir, const struct strs *stems)
{
	size_t	 n = strlen(kind->name);
	char	*path;

	for (size_t i = 0; i < stems->count; i++) {
		const char *stem = stems->items[i], *environment = stem + n + 1;

		if (strncmp(stem, kind->name, n) != 0 || stem[n] != '.')
			continue;
		path = xasprintf("%s%s.json", dir, stem);
		if (!class_name_good(environment))
			file_error(config, path, "\"%s\" cannot be the name of an environment", environment);
		add_environment(config, environment);
		kind->variants = xrealloc(kind->variants, kind->variant_count + 1, sizeof(*kind->variants));
		kind->variants[kind->variant_count++] = (struct variant){
			.environment = xstrdup(environment),
			.source = source_read(config, true, path),
		};
		free(path);
	}
}

/* The platform's file is replaced by `whole`, the instance's, where there is one. */
static void
read_kind(struct config *config, struct kind *kind, const char *name, const char *dir, const char *platform,
    const char *whole, const struct strs *stems)
{
	char *path = xasprintf("%s%s.json", dir, name);

	kind->name = xstrdup(name);
	if (whole != NULL && repo_has(config->repo, whole))
		kind->platform = source_read(config, true, whole);
	else if (repo_platform_has(config->repo, platform))
		kind->platform = source_read(config, false, platform);
	if (strs_has(stems, name))
		kind->instance = source_read(config, true, path);
	read_variants(config, kind, dir, stems);
	free(path);
}

/* Add what the directory has, by repo_list() or its twin. */
static void
add_names(struct config *config, struct strs *names, bool instance, const char *dir, const char *suffix)
{
	if (instance)
		problems_add(&config->errors, repo_list(config->repo, dir, suffix, names));
	else
		problems_add(&config->errors, repo_platform_list(config->repo, dir, suffix, names));
}

/* Sort, take out doubles, and complain about names that nobody could write. */
static void
tidy_names(struct config *config, struct strs *names, const char *what)
{
	strs_sort(names);
	for (size_t i = names->count; i > 0; i--) {
		if (i > 1 && strcmp(names->items[i - 1], names->items[i - 2]) == 0) {
			strs_remove(names, i - 1);
		} else if (!class_name_good(names->items[i - 1])) {
			problems_add(&config->errors, err_hint(err_new(ERR_CONFIG, "\"%s\" cannot be the name of a %s",
			    names->items[i - 1], what), "names are made of letters, digits, - and _"));
			strs_remove(names, i - 1);
		}
	}
}

/* A variant of nothing would never apply. */
static void
check_orphans(struct config *config, const struct strs *stems, const struct strs *names, const char *dir,
    const char *what)
{
	const char	*near;
	struct err	*e;
	char		*name, *path;

	for (size_t i = 0; i < stems->count; i++) {
		size_t n = strcspn(stems->items[i], ".");

		name = xstrndup(stems->items[i], n);
		if (stems->items[i][n] == '.' && !strs_has(names, name)) {
			path = xasprintf("%s%s.json", dir, stems->items[i]);
			e = err_at(ERR_CONFIG, &(struct place){ .path = path }, "there is no %s \"%s\" of which this "
			    "could be the variant for an environment", what, name);
			if ((near = strs_nearest(names, name)) != NULL)
				e = err_hint(e, "did you mean \"%s\"?", near);
			problems_add(&config->errors, e);
			free(path);
		}
		free(name);
	}
}

static void
add_plain_stems(struct strs *names, const struct strs *stems)
{
	for (size_t i = 0; i < stems->count; i++) {
		if (strchr(stems->items[i], '.') == NULL)
			strs_add(names, stems->items[i]);
	}
}

/* Directories of services: those that have a service.json. */
static void
add_service_directories(struct config *config, bool instance)
{
	struct strs	 all = { 0 };
	char		*path;

	add_names(config, &all, instance, "services", "");
	for (size_t i = 0; i < all.count; i++) {
		path = xasprintf("services/%s/service.json", all.items[i]);
		if (instance ? repo_has(config->repo, path) : repo_platform_has(config->repo, path))
			strs_add(&config->services, all.items[i]);
		free(path);
	}
	strs_fini(&all);
}

static void
load_services(struct config *config)
{
	struct strs	 stems = { 0 };
	char		*file;

	add_names(config, &stems, true, "services", ".json");
	add_plain_stems(&config->services, &stems);
	add_service_directories(config, false);
	add_service_directories(config, true);
	tidy_names(config, &config->services, "service");
	check_orphans(config, &stems, &config->services, "services/", "service");
	config->service_kinds = xcalloc(config->services.count + 1, sizeof(*config->service_kinds));
	for (size_t i = 0; i < config->services.count; i++) {
		struct kind *kind = &config->service_kinds[i];

		file = xasprintf("services/%s/service.json", config->services.items[i]);
		read_kind(config, kind, config->services.items[i], "services/", file, file, &stems);
		forbid_in_kind(config, kind, KIND_SERVICE);
		free(file);
	}
	strs_fini(&stems);
}

/* The environments that a tag's files say. */
static void
tag_environment(struct config *config, const struct source *source)
{
	const char *environment = source == NULL ? NULL :
	    json_string_value(json_object_get(source->root, "environment"));

	if (environment != NULL && class_name_good(environment))
		add_environment(config, environment);
}

static void
load_tags(struct config *config)
{
	struct strs	 stems = { 0 }, base = { 0 };
	char		*file;

	add_names(config, &stems, true, "tags", ".json");
	add_names(config, &base, false, "tags", ".json");
	add_plain_stems(&config->tags, &stems);
	add_plain_stems(&config->tags, &base);
	tidy_names(config, &config->tags, "tag");
	check_orphans(config, &stems, &config->tags, "tags/", "tag");
	config->tag_kinds = xcalloc(config->tags.count + 1, sizeof(*config->tag_kinds));
	for (size_t i = 0; i < config->tags.count; i++) {
		struct kind *kind = &config->tag_kinds[i];

		file = xasprintf("tags/%s.json", config->tags.items[i]);
		read_kind(config, kind, config->tags.items[i], "tags/", file, NULL, &stems);
		forbid_in_kind(config, kind, KIND_TAG);
		tag_environment(config, kind->platform);
		tag_environment(config, kind->instance);
		free(file);
	}
	strs_fini(&stems);
	strs_fini(&base);
}

static void
load_common(struct config *config)
{
	struct strs stems = { 0 };

	add_names(config, &stems, true, ".", ".json");
	read_kind(config, &config->common, "common", "", "common.json", NULL, &stems);
	read_kind(config, &config->provider, "provider", "", "provider.json", NULL, &stems);
	forbid_in_kind(config, &config->common, KIND_COMMON);
	strs_fini(&stems);
}

const struct base *
config_base(struct config *config, struct layers *take_layers)
{
	struct buf	 key = { 0 };
	struct base	*base;
	struct layers	 below = *take_layers;
	struct merge	 merge = { .errors = &config->errors, .warnings = &config->warnings, .below = &below };
	json_t		*number, *root;

	for (size_t i = 0; i < take_layers->count; i++)
		buf_addf(&key, "%s\n", take_layers->items[i]->path);
	if ((number = json_object_get(config->base_index, buf_text(&key))) != NULL) {
		free(take_layers->items);
		buf_fini(&key);
		return config->bases[json_integer_value(number)];
	}
	base = xcalloc(1, sizeof(*base));
	base->layers = *take_layers;
	base->root = json_object();
	for (below.count = 0; below.count < base->layers.count; below.count++) {
		merge.source = base->layers.items[below.count];
		root = merge_objects(&merge, base->root, merge.source->root);
		json_decref(base->root);
		base->root = root;
	}
	buf_fini(&merge.path);
	json_object_set_new(config->base_index, buf_text(&key), json_integer((json_int_t)config->base_count));
	config->bases = xrealloc(config->bases, config->base_count + 1, sizeof(*config->bases));
	config->bases[config->base_count++] = base;
	buf_fini(&key);
	return base;
}

/* What the platform's and the instance's common.json and the node's own file say about one key. */
static json_t *
raw_value(struct config *config, const struct source *own, const char *key)
{
	const struct source	*sources[] = { config->common.platform, config->common.instance, own };
	struct problems		 ignored = { 0 };
	struct layers		 below = { 0 };
	struct merge		 merge = { .errors = &ignored, .warnings = &ignored, .below = &below };
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

/* One name in a node's list of services or tags. */
static void
add_class(struct config *config, const struct source *own, const char *key, size_t number, const json_t *value,
    const struct strs *known, struct strs *out)
{
	const char	*name = json_string_value(value), *near;
	char		*path = xasprintf("%s.%zu", key, number);
	struct place	 place;
	struct err	*e;

	raw_place(config, own, path, name, &place);
	free(path);
	if (name == NULL || is_macro(value)) {
		problems_add(&config->errors, err_at(ERR_CONFIG, &place, "\"%s\" must be a list of names", key));
	} else if (!strs_has(known, name)) {
		e = err_at(ERR_CONFIG, &place, "unknown %.*s \"%s\"", (int)strlen(key) - 1, key, name);
		if ((near = strs_nearest(known, name)) != NULL)
			e = err_hint(e, "did you mean \"%s\"?", near);
		problems_add(&config->errors, e);
	} else if (!strs_has(out, name))
		strs_add(out, name);
}

static void
raw_list(struct config *config, const struct source *own, const char *key, const struct strs *known, struct strs *out)
{
	json_t		*value = raw_value(config, own, key), *element;
	struct place	 place;
	size_t		 i;

	if (json_is_array(value)) {
		json_array_foreach(value, i, element)
			add_class(config, own, key, i + 1, element, known, out);
	} else if (value != NULL && !json_is_null(value)) {
		raw_place(config, own, key, NULL, &place);
		problems_add(&config->errors, err_hint(err_at(ERR_CONFIG, &place, "\"%s\" must be a list of names, "
		    "not %s", key, is_macro(value) ? "a macro" : type_name(value)), "write \"%s\": [\"...\"]", key));
	}
	json_decref(value);
}

struct environment {
	const char	*name;
	struct place	 place;
	char		*text;		/* of the place */
};

/* Take the environment that a file sets, unless another one set another. */
static void
take_environment(struct config *config, const struct source *source, const char *node, struct environment *found)
{
	json_t		*value = source == NULL ? NULL : json_object_get(source->root, "environment");
	const char	*name = json_string_value(value);
	struct place	 place;

	if (value == NULL || json_is_null(value))
		return;
	source_place_or_file(source, "environment", NULL, &place);
	if (name == NULL || !class_name_good(name)) {
		problems_add(&config->errors, err_at(ERR_CONFIG, &place, "\"environment\" must be the name of one"));
	} else if (found->name == NULL) {
		found->name = name;
		found->place = place;
		found->place.text = found->text = place.text == NULL ? NULL : xstrdup(place.text);
	} else if (strcmp(found->name, name) != 0)
		problems_add(&config->errors, err_note(err_at(ERR_CONFIG, &place, "node %s is in environment \"%s\" by "
		    "this", node, name), &found->place, "and in environment \"%s\" by this", found->name));
}

static const char *
node_environment(struct config *config, const struct node *node, const struct source *own)
{
	struct environment	 found = { 0 };
	const struct kind	*tag;

	take_environment(config, own, node->name, &found);
	for (size_t i = 0; i < node->tags.count; i++) {
		tag = config_tag(config, node->tags.items[i]);
		/* The instance's own file for a tag has the last word over the platform's. */
		if (tag->instance != NULL && !json_is_null(json_object_get(tag->instance->root, "environment")) &&
		    json_object_get(tag->instance->root, "environment") != NULL)
			take_environment(config, tag->instance, node->name, &found);
		else
			take_environment(config, tag->platform, node->name, &found);
	}
	free(found.text);
	if (found.name != NULL)
		add_environment(config, found.name);
	return found.name;
}

static json_t *
strs_json(const struct strs *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->items[i]));
	return array;
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
		problems_add(&config->errors, err_at(ERR_CONFIG, &place, "\"enabled\" must be true or false, not %s",
		    is_macro(value) ? "a macro" : type_name(value)));
	}
	return true;
}

/* All of the node's layers, with what this program itself says about it. */
static json_t *
merge_node(struct config *config, const struct node *node, const struct base *base, const struct source *own)
{
	struct merge	 merge = {
		.errors = &config->errors,
		.warnings = &config->warnings,
		.below = &base->layers,
		.source = own,
	};
	json_t		*shared = merge_objects(&merge, base->root, own->root), *root;

	root = shared->refcount == 1 ? json_incref(shared) : json_copy(shared);
	json_decref(shared);
	buf_fini(&merge.path);
	json_object_set_new(root, "name", json_string(node->name));
	json_object_set_new(root, "services", strs_json(&node->services));
	json_object_set_new(root, "tags", strs_json(&node->tags));
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
load_node(struct config *config, const char *name)
{
	struct node		*node = xcalloc(1, sizeof(*node));
	char			*path = xasprintf("nodes/%s.json", name);
	const struct source	*own = source_read(config, true, path);
	struct scope		*scope;

	node->name = xstrdup(name);
	node->config = config;
	if (json_object_get(own->root, "name") == NULL || json_str(own->root, "name") == NULL ||
	    strcmp(json_str(own->root, "name"), name) != 0)
		forbid(config, own, "name", "the name of a node is the name of its file");
	raw_list(config, own, "services", &config->services, &node->services);
	raw_list(config, own, "tags", &config->tags, &node->tags);
	node->environment = node_environment(config, node, own);
	scope = scope_new(config, node, node->environment, xasprintf("node %s", name), node_base(config, node));
	scope->own = own;
	scope->merged = merge_node(config, node, scope->base, own);
	node->state = scope;
	node->enabled = node_enabled(config, scope);
	config->nodes[config->node_count++] = node;
	free(path);
}

static void
load_nodes(struct config *config)
{
	struct strs	 names = { 0 };
	struct err	*e;
	struct place	 place = { 0 };
	char		*path;

	add_names(config, &names, true, "nodes", ".json");
	config->nodes = xcalloc(names.count + 1, sizeof(*config->nodes));
	for (size_t i = 0; i < names.count; i++) {
		if ((e = node_name_check(names.items[i])) == NULL) {
			load_node(config, names.items[i]);
			continue;
		}
		place.path = path = xasprintf("nodes/%s.json", names.items[i]);
		problems_add(&config->errors, err_hint(err_at(ERR_CONFIG, &place, "%s", err_message(e)), "%s",
		    err_hint_text(e)));
		err_free(e);
		free(path);
	}
	strs_fini(&names);
}

/* The provider and the services by themselves, in every environment, so that their layers are checked too. */
static void
merge_kinds(struct config *config)
{
	for (size_t i = 0; i <= config->environments.count; i++) {
		const char *environment = i == 0 ? NULL : config->environments.items[i - 1];

		for (size_t j = 0; j <= config->services.count; j++) {
			const struct kind	*kind = j == 0 ? &config->provider : &config->service_kinds[j - 1];
			struct layers		 layers = { 0 };

			kind_layers(kind, environment, &layers);
			config_base(config, &layers);
		}
	}
}

struct err *
config_load(struct config **out, const struct repo *repo)
{
	struct config	*config = xcalloc(1, sizeof(*config));
	struct err	*e;

	config->repo = repo;
	config->base_index = json_object();
	config->files = json_object();
	config->wild = json_object();
	config->sandbox = sandbox_new(MACRO_MEMORY, MACRO_STEPS);
	for (size_t i = 0; i < ARRAY_LEN(own_environments); i++)
		add_environment(config, own_environments[i]);
	load_common(config);
	load_services(config);
	load_tags(config);
	load_nodes(config);
	strs_sort(&config->environments);
	merge_kinds(config);
	macro_setup(config);
	macro_load(config, &config->errors);
	if ((e = problems_take(&config->errors)) != NULL) {
		config_free(config);
		config = NULL;
	}
	*out = config;
	return e;
}
