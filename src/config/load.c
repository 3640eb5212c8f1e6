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

static const char *const own_environments[] = { "development", "local", "production" };

bool
class_name_good(const char *name)
{
	if (!isalnum((unsigned char)*name))
		return false;
	while (isalnum((unsigned char)*name) || *name == '-' || *name == '_')
		name++;
	return *name == '\0';
}

/* An error about a whole file. */
PRINTF(4, 5)
static void
file_error(struct config *config, const char *rule, const char *path, const char *format, ...)
{
	va_list	 args;

	va_start(args, format);
	problems_add(&config->errors, err_rule(err_atv(ERR_CONFIG, &(struct place){ .path = path }, format, args), rule));
	va_end(args);
}

void
source_place_or_file(const struct source *source, const char *path, const char *text, struct place *place)
{
	if (!source_place(source, path, text, place))
		*place = (struct place){ .path = source->path };
}

void
forbid(struct config *config, const struct source *source, const char *name, const char *who)
{
	static const char *const prefixes[] = { "", "+", "-", "!" };
	struct place		 place;
	json_t			*value;
	char			*key;

	for (size_t i = 0; source != NULL && i < (source->prefixed ? ARRAY_LEN(prefixes) : 1); i++) {
		key = xasprintf("%s%s", prefixes[i], name);
		value = json_object_get(source->root, key);
		if (value != NULL && !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0)) {
			if (!json_locate(source->path, buf_text(&source->text), source->text.len, key, &place))
				place = (struct place){ .path = source->path };
			problems_add(&config->errors, err_rule(err_hint(err_at(ERR_CONFIG, &place,
			    "\"%s\" cannot be set here", name), "%s", who), "misplaced-key"));
		}
		free(key);
	}
}

enum kind_type { KIND_COMMON, KIND_SERVICE, KIND_TAG, KIND_PARTIAL };

static void
forbid_in_kind(struct config *config, const struct kind *kind, enum kind_type type)
{
	static const char	 lists[] = "a node's own file or common.json says which it has";
	static const char	 environment[] = "a node's own file or its tags say which environment it is in";
	static const char	 partials[] = "the files of services and tags say which partials they are made of";
	size_t			 first = kind->variant_count;
	const struct source	*source;

	for (size_t i = 0; i < first + 2; i++) {
		bool variant = i < first;

		source = variant ? kind->variants[i].source : i == first ? kind->platform : kind->instance;
		forbid(config, source, "name", "the name of a node is the name of its file");
		forbid(config, source, "partials", partials);
		if (variant || type != KIND_COMMON) {
			forbid(config, source, "services", lists);
			forbid(config, source, "tags", lists);
		}
		if (variant || type != KIND_TAG)
			forbid(config, source, "environment", environment);
	}
}

void
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
		if (!environment_name_good(environment))
			file_error(config, "bad-name", path, "\"%s\" cannot be the name of an environment",
			    environment);
		add_environment(config, environment);
		kind->variants = xrealloc(kind->variants, kind->variant_count + 1, sizeof(*kind->variants));
		kind->variants[kind->variant_count++] = (struct variant){
			.environment = xstrdup(environment),
			.source = source_read(config, true, path),
		};
		free(path);
	}
}

void
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

void
add_names(struct config *config, struct strs *names, bool instance, const char *dir, const char *suffix)
{
	if (instance)
		problems_add(&config->errors, repo_list(config->repo, dir, suffix, names));
	else
		problems_add(&config->errors, repo_platform_list(config->repo, dir, suffix, names));
}

/* A file or directory whose name nobody could write. */
static void
bad_name(struct config *config, const char *name, const char *what)
{
	bool		 partial = strcmp(what, "partial") == 0;
	char		*dir = xasprintf("%s%s%s", partial ? "service" : what, partial ? "s/_" : "s/", name);
	char		*file = xasprintf("%s.json", dir);
	struct place	 place = { .path = repo_has(config->repo, file) ? file : dir };

	problems_add(&config->errors, err_rule(err_hint(err_at(ERR_CONFIG, &place, "\"%s\" cannot be the name of a %s",
	    name, what), "names are made of letters, digits, - and _"), "bad-name"));
	free(file);
	free(dir);
}

void
tidy_names(struct config *config, struct strs *names, const char *what)
{
	strs_sort(names);
	for (size_t i = names->count; i > 0; i--) {
		if (i > 1 && strcmp(names->items[i - 1], names->items[i - 2]) == 0) {
			strs_remove(names, i - 1);
		} else if (!class_name_good(names->items[i - 1])) {
			bad_name(config, names->items[i - 1], what);
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
			problems_add(&config->errors, err_rule(e, "orphan-variant"));
			free(path);
		}
		free(name);
	}
}

/* Those that are no variants and do not begin with `mark` ('\0': any). */
static void
add_plain_stems(struct strs *names, const struct strs *stems, char mark)
{
	for (size_t i = 0; i < stems->count; i++) {
		if (strchr(stems->items[i], '.') == NULL && *stems->items[i] != mark)
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
	struct strs	 stems = { 0 }, known = { 0 };
	char		*file;

	add_names(config, &stems, true, "services", ".json");
	add_plain_stems(&config->services, &stems, '_');
	add_service_directories(config, false);
	add_service_directories(config, true);
	tidy_names(config, &config->services, "service");
	load_partials(config, &stems);
	for (size_t i = 0; i < config->services.count; i++)
		strs_add(&known, config->services.items[i]);
	for (size_t i = 0; i < config->partials.count; i++) {
		strs_add(&known, config->partial_kinds[i].name);
		forbid_in_kind(config, &config->partial_kinds[i], KIND_PARTIAL);
	}
	check_orphans(config, &stems, &known, "services/", "service");
	config->service_kinds = xcalloc(config->services.count + 1, sizeof(*config->service_kinds));
	for (size_t i = 0; i < config->services.count; i++) {
		struct kind *kind = &config->service_kinds[i];

		file = xasprintf("services/%s/service.json", config->services.items[i]);
		read_kind(config, kind, config->services.items[i], "services/", file, file, &stems);
		use_partials(config, kind);
		forbid_in_kind(config, kind, KIND_SERVICE);
		free(file);
	}
	strs_fini(&known);
	strs_fini(&stems);
}

/* The environments that a tag's files say. */
static void
add_environment_of(struct config *config, const struct source *source)
{
	const char *environment = source == NULL ? NULL :
	    json_string_value(json_object_get(source->root, "environment"));

	if (environment != NULL && environment_name_good(environment))
		add_environment(config, environment);
}

static void
load_tags(struct config *config)
{
	struct strs	 stems = { 0 }, base = { 0 };
	char		*file;

	add_names(config, &stems, true, "tags", ".json");
	add_names(config, &base, false, "tags", ".json");
	add_plain_stems(&config->tags, &stems, '\0');
	add_plain_stems(&config->tags, &base, '\0');
	tidy_names(config, &config->tags, "tag");
	check_orphans(config, &stems, &config->tags, "tags/", "tag");
	config->tag_kinds = xcalloc(config->tags.count + 1, sizeof(*config->tag_kinds));
	for (size_t i = 0; i < config->tags.count; i++) {
		struct kind *kind = &config->tag_kinds[i];

		file = xasprintf("tags/%s.json", config->tags.items[i]);
		read_kind(config, kind, config->tags.items[i], "tags/", file, NULL, &stems);
		use_partials(config, kind);
		forbid_in_kind(config, kind, KIND_TAG);
		add_environment_of(config, kind->platform);
		add_environment_of(config, kind->instance);
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

/* Put a source (NULL: nothing) over a base (NULL: nothing). */
static const struct base *
base_above(struct config *config, const struct base *below, const struct source *source)
{
	struct merge	 merge = {
		.config = config,
		.errors = &config->errors,
		.warnings = &config->warnings,
		.source = source,
	};
	size_t		 count = below == NULL ? 0 : below->layers.count;
	struct base	*base;
	json_t		*number;
	char		*key;

	key = xasprintf("%zu:%s", below == NULL ? 0 : below->number, source == NULL ? "" : source->path);
	if ((number = json_object_get(config->base_index, key)) != NULL) {
		free(key);
		return config->bases[json_integer_value(number) - 1];
	}
	base = xcalloc(1, sizeof(*base));
	base->root = below == NULL ? json_object() : json_incref(below->root);
	if (source != NULL) {
		number = base->root;
		merge.below = &(struct layers){ below == NULL ? NULL : below->layers.items, count };
		base->root = merge_objects(&merge, number, source->root);
		json_decref(number);
		base->layers.items = xcalloc(count + 1, sizeof(struct source *));
		if (count > 0)
			memcpy(base->layers.items, below->layers.items, count * sizeof(struct source *));
		base->layers.items[count] = source;
		base->layers.count = count + 1;
	}
	buf_fini(&merge.path);
	config->bases = xrealloc(config->bases, config->base_count + 1, sizeof(struct base *));
	config->bases[config->base_count++] = base;
	base->number = config->base_count;
	json_object_set_new(config->base_index, key, json_integer((json_int_t)base->number));
	free(key);
	return base;
}

/* Bases that begin with the same layers share what those make. */
const struct base *
config_base(struct config *config, struct layers *take_layers)
{
	const struct base *base = take_layers->count == 0 ? base_above(config, NULL, NULL) : NULL;

	for (size_t i = 0; i < take_layers->count; i++)
		base = base_above(config, base, take_layers->items[i]);
	free(take_layers->items);
	return base;
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

/* The environment that the Leapfile pins must be one, lest no node is ever found. */
static void
check_pinned(struct config *config)
{
	const char	*name = config->repo->leapfile.environment, *line, *near;
	struct buf	 text = { 0 };
	struct place	 place = { .path = "Leapfile" };
	struct err	*e;
	char		*quoted = NULL;

	if (name == NULL || strs_has(&config->environments, name))
		return;
	err_free(repo_read(config->repo, place.path, &text));
	line = buf_text(&text);
	for (unsigned i = 1; *line != '\0' && place.line == 0; i++) {
		if (str_starts(line, "environment")) {
			place.line = i;
			place.column = (unsigned)strcspn(line, ":\n") + 1;
			place.column += (unsigned)strspn(line + place.column, " ");
			place.column++;
			place.text = quoted = xstrndup(line, strcspn(line, "\n"));
		}
		line += strcspn(line, "\n");
		line += *line != '\0';
	}
	e = err_at(ERR_CONFIG, &place, "unknown environment \"%s\"", name);
	buf_clear(&text);
	strs_join(&config->environments, ", ", &text);
	if ((near = strs_nearest(&config->environments, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	else
		e = err_hint(e, "there are %s", buf_text(&text));
	problems_add(&config->errors, err_rule(e, "unknown-environment"));
	buf_fini(&text);
	free(quoted);
}

struct config *
config_load_all(const struct repo *repo, struct err **errors)
{
	struct config	*config = xcalloc(1, sizeof(*config));

	config->repo = repo;
	config->base_index = json_object();
	config->files = json_object();
	config->known_hosts = json_object();
	config->remote = json_object();
	config->secrets = json_object();
	config->tunnels = json_object();
	config->wild = json_object();
	config->macro_files = json_object();
	config->filtered = json_object();
	config->sandbox = sandbox_new(MACRO_MEMORY, MACRO_STEPS);
	for (size_t i = 0; i < ARRAY_LEN(own_environments); i++)
		add_environment(config, own_environments[i]);
	load_common(config);
	load_services(config);
	load_tags(config);
	load_nodes(config);
	check_node_words(config);
	strs_sort(&config->environments);
	check_pinned(config);
	merge_kinds(config);
	macro_setup(config);
	macro_load(config, &config->errors);
	*errors = problems_take(&config->errors);
	return config;
}

struct err *
config_load(struct config **out, const struct repo *repo)
{
	struct err *e;

	*out = config_load_all(repo, &e);
	if (e != NULL) {
		config_free(*out);
		*out = NULL;
	}
	return e;
}
