/* config: the schemas of an instance and its platform, and what they say of nodes and the provider. */
/* May know schema, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/schemas.h"

#include "base/strs.h"
#include "repo/repo.h"
#include "schema/schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define URI_PREFIX	"leap:/"
#define OWN_PREFIX	"x-leap-"
#define NEEDS		OWN_PREFIX "needs"
#define MAX_DOWN	OWN_PREFIX "max-down"

/* The file that a URI of the set stands for. */
static const struct schema_file *
file_of(const struct known_schemas *known, const char *uri)
{
	for (size_t i = 0; str_starts(uri, URI_PREFIX) && i < known->file_count; i++) {
		if (strcmp(known->files[i].path, uri + strlen(URI_PREFIX)) == 0)
			return &known->files[i];
	}
	return NULL;
}

static void
place_in(const struct schema_file *file, const char *path, struct place *place)
{
	if (!json_locate(file->path, buf_text(&file->text), file->text.len, path, place))
		*place = (struct place){ .path = file->path };
}

/* Something is wrong with a schema itself. */
static void
bad_schema(void *arg, const struct schema_problem *problem)
{
	struct known_schemas		*known = arg;
	const struct schema_file	*file = file_of(known, problem->uri);
	const char			*about = *problem->keyword != '\0' ? problem->keyword : problem->path;
	struct place			 place = { .path = problem->uri };
	struct err			*e;

	if (file != NULL)
		place_in(file, problem->path, &place);
	if (*about == '\0')
		e = err_at(ERR_CONFIG, &place, "the schema %s", problem->message);
	else
		e = err_at(ERR_CONFIG, &place, "\"%s\" %s", about, problem->message);
	if (problem->hint != NULL)
		e = err_hint(e, "%s", problem->hint);
	problems_add(&known->problems, err_rule(e, "bad-schema"));
}

static void
add_file(struct config *config, bool instance, const char *path)
{
	struct known_schemas	*known = config->schemas;
	struct schema_file	 file = { .path = instance ? xstrdup(path) : xasprintf("platform/%s", path) };
	struct err		*e;
	char			*uri;

	e = instance ? repo_read(config->repo, path, &file.text) : repo_platform_read(config->repo, path, &file.text);
	if (e != NULL)
		e = err_rule(read_error(file.path, e), "unreadable-file");
	else
		e = err_rule(json_parse_text(&file.root, file.path, buf_text(&file.text), file.text.len), "syntax");
	problems_add(&known->problems, e);
	if (file.root != NULL) {
		uri = xasprintf(URI_PREFIX "%s", file.path);
		schema_set_add(known->set, uri, file.root);
		free(uri);
	}
	known->files = xrealloc(known->files, known->file_count + 1, sizeof(*known->files));
	known->files[known->file_count++] = file;
}

/* All in a directory of schemas. */
static void
add_directory(struct config *config, const char *dir)
{
	struct strs	 names = { 0 };
	char		*path;

	for (int instance = 0; instance <= 1; instance++) {
		problems_add(&config->schemas->problems, instance ? repo_list(config->repo, dir, ".json", &names) :
		    repo_platform_list(config->repo, dir, ".json", &names));
		for (size_t i = 0; i < names.count; i++) {
			path = xasprintf("%s/%s.json", dir, names.items[i]);
			add_file(config, instance, path);
			free(path);
		}
		strs_fini(&names);
	}
}

static void
add_services(struct config *config)
{
	char *path;

	for (size_t i = 0; i < config->services.count; i++) {
		path = xasprintf("services/%s/schema.json", config->services.items[i]);
		if (repo_platform_has(config->repo, path))
			add_file(config, false, path);
		if (repo_has(config->repo, path))
			add_file(config, true, path);
		free(path);
	}
}

/* The platform's and the instance's schema of one thing. */
static struct schema_pair
pair_at(const struct known_schemas *known, const char *path)
{
	struct schema_pair	 pair = { 0 };
	char			*platform = xasprintf("platform/%s", path);

	for (size_t i = 0; i < known->file_count; i++) {
		if (strcmp(known->files[i].path, platform) == 0)
			pair.platform = &known->files[i];
		else if (strcmp(known->files[i].path, path) == 0)
			pair.instance = &known->files[i];
	}
	free(platform);
	return pair;
}

static struct schema_pair *
pairs_of(const struct known_schemas *known, const struct strs *names, const char *dir, const char *file)
{
	struct schema_pair	*pairs = xcalloc(names->count + 1, sizeof(*pairs));
	char			*path;

	for (size_t i = 0; i < names->count; i++) {
		path = xasprintf("%s/%s%s", dir, names->items[i], file);
		pairs[i] = pair_at(known, path);
		free(path);
	}
	return pairs;
}

/* An error about a keyword of leap's own, at an element of it or (0) at the whole; `hint` may be NULL. */
PRINTF(6, 7)
static void
bad_keyword(struct known_schemas *known, const struct schema_file *file, const char *keyword, size_t number,
    const char *hint, const char *format, ...)
{
	struct schema_problem	 problem = { .keyword = keyword, .hint = hint };
	va_list			 args;
	char			*message, *path, *uri = xasprintf(URI_PREFIX "%s", file->path);

	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	path = number == 0 ? xstrdup(keyword) : xasprintf("%s.%zu", keyword, number);
	problem.uri = uri;
	problem.path = path;
	problem.message = message;
	bad_schema(known, &problem);
	free(message);
	free(path);
	free(uri);
}

static void
read_needs(struct config *config, const struct schema_file *file, struct strs *needs)
{
	struct known_schemas	*known = config->schemas;
	const json_t		*list = file == NULL ? NULL : json_object_get(file->root, NEEDS);

	if (list != NULL && !json_is_array(list))
		bad_keyword(known, file, NEEDS, 0, NULL, "must be a list of services");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (name == NULL || !strs_has(&config->services, name))
			bad_keyword(known, file, NEEDS, i + 1, NULL, "must name services: there is no \"%s\"",
			    name == NULL ? "" : name);
		else if (!strs_has(needs, name))
			strs_add(needs, name);
	}
}

/* A number of nodes, or a part of them, "50%"; 0 when it is neither. */
static unsigned
read_limit(const json_t *value, bool *percent)
{
	const char	*text = json_string_value(value);
	char		*end = NULL;
	unsigned long	 number = 0;

	*percent = text != NULL;
	if (json_is_integer(value) && json_integer_value(value) > 0)
		return json_integer_value(value) > 1000000 ? 1000000 : (unsigned)json_integer_value(value);
	if (text != NULL && isdigit((unsigned char)*text))
		number = strtoul(text, &end, 10);
	return end != NULL && strcmp(end, "%") == 0 && number <= 100 ? (unsigned)number : 0;
}

static void
check_limit(struct known_schemas *known, const struct schema_file *file)
{
	const json_t	*value = file == NULL ? NULL : json_object_get(file->root, MAX_DOWN);
	bool		 percent;

	if (value != NULL && read_limit(value, &percent) == 0)
		bad_keyword(known, file, MAX_DOWN, 0, NULL,
		    "must be a number of nodes, or a part of them such as \"50%%\"");
}

/* Other keywords are whoever's they are if they begin with "x-", but not these. */
static void
check_own_keywords(struct known_schemas *known, const struct schema_file *file)
{
	bool		 service = str_ends(file->path, "/schema.json"), meant;
	struct strs	 own = { 0 };
	const char	*key, *near;
	char		*hint;
	json_t		*value;

	strs_add(&own, &NEEDS[strlen(OWN_PREFIX)]);
	strs_add(&own, &MAX_DOWN[strlen(OWN_PREFIX)]);
	json_object_foreach(file->root, key, value) {
		meant = str_starts(key, OWN_PREFIX) && strs_has(&own, key + strlen(OWN_PREFIX));
		if (!str_starts(key, OWN_PREFIX) || (service && meant))
			continue;
		near = service ? strs_nearest(&own, key + strlen(OWN_PREFIX)) : NULL;
		hint = near == NULL ? NULL : xasprintf("did you mean \"" OWN_PREFIX "%s\"?", near);
		if (meant)
			bad_keyword(known, file, key, 0, hint, "has a meaning in the schema of a service only");
		else
			bad_keyword(known, file, key, 0, hint, "is no keyword of leap's");
		free(hint);
	}
	strs_fini(&own);
}

static void
compile_all(struct known_schemas *known)
{
	char *uri;

	for (size_t i = 0; i < known->file_count; i++) {
		if (known->files[i].root == NULL)
			continue;
		check_own_keywords(known, &known->files[i]);
		uri = xasprintf(URI_PREFIX "%s", known->files[i].path);
		known->files[i].schema = schema_compile(known->set, uri, bad_schema, known);
		free(uri);
	}
}

/* Note the names in "properties", here and below. */
static void
add_property_names(json_t *names, json_t *value)
{
	json_t		*properties = json_object_get(value, "properties"), *child;
	const char	*key;
	size_t		 i;

	json_object_foreach(properties, key, child) {
		json_object_set_new(names, key, json_true());
	}
	json_object_foreach(value, key, child) {
		add_property_names(names, child);
	}
	json_array_foreach(value, i, child) {
		add_property_names(names, child);
	}
}

const struct known_schemas *
config_schemas(struct config *config)
{
	struct known_schemas *known;

	if (config->schemas != NULL)
		return config->schemas;
	config->schemas = known = xcalloc(1, sizeof(*known));
	known->set = schema_set_new(SCHEMA_STRICT | SCHEMA_FORMATS);
	add_directory(config, "schemas");
	add_directory(config, "schemas/tags");
	add_services(config);
	compile_all(known);
	known->names = json_object();
	for (size_t i = 0; i < known->file_count; i++)
		add_property_names(known->names, known->files[i].root);
	known->common = pair_at(known, "schemas/common.json");
	known->node = pair_at(known, "schemas/node.json");
	known->provider = pair_at(known, "schemas/provider.json");
	known->services = pairs_of(known, &config->services, "services", "/schema.json");
	known->tags = pairs_of(known, &config->tags, "schemas/tags", ".json");
	known->needs = xcalloc(config->services.count + 1, sizeof(*known->needs));
	known->service_count = config->services.count;
	for (size_t i = 0; i < config->services.count; i++) {
		read_needs(config, known->services[i].platform, &known->needs[i]);
		read_needs(config, known->services[i].instance, &known->needs[i]);
		check_limit(known, known->services[i].platform);
		check_limit(known, known->services[i].instance);
	}
	return known;
}

void
schemas_free(struct known_schemas *known)
{
	if (known == NULL)
		return;
	for (size_t i = 0; i < known->file_count; i++) {
		free(known->files[i].path);
		buf_fini(&known->files[i].text);
		json_decref(known->files[i].root);
	}
	for (size_t i = 0; i < known->service_count; i++)
		strs_fini(&known->needs[i]);
	schema_set_free(known->set);
	json_decref(known->names);
	err_free(problems_take(&known->problems));
	free(known->files);
	free(known->services);
	free(known->tags);
	free(known->needs);
	free(known);
}

bool
schemas_mention(struct config *config, const char *path)
{
	const char *dot = strrchr(path, '.');

	return json_object_get(config_schemas(config)->names, dot == NULL ? path : dot + 1) != NULL;
}

/* The same by this schema, which is one of the whole, for as far as it says so without references. */
static bool
allows(const json_t *schema, const char *path)
{
	const json_t	*member, *others;
	char		*part;

	for (size_t n; schema != NULL; path += n + 1) {
		n = strcspn(path, ".");
		part = xstrndup(path, n);
		member = json_object_get(json_object_get(schema, "properties"), part);
		others = json_object_get(schema, "additionalProperties");
		free(part);
		if (path[n] == '\0')
			return member != NULL || json_is_object(others);
		schema = member != NULL ? member : others;
	}
	return false;
}

bool
schemas_allow(struct config *config, const char *path)
{
	const struct known_schemas *known = config_schemas(config);

	for (size_t i = 0; i < known->file_count; i++) {
		if (allows(known->files[i].root, path))
			return true;
	}
	return false;
}

/* Whether there is a reference to this URI in a schema's value of this base URI. */
static bool
refers(const json_t *value, const char *base, const char *uri)
{
	const char	*key, *reference = json_string_value(json_object_get(value, "$ref"));
	char		*document, *pointer;
	json_t		*child;
	size_t		 i;
	bool		 found = false;

	if (reference != NULL && schema_reference(base, reference, &document, &pointer)) {
		found = strcmp(document, uri) == 0;
		free(document);
		free(pointer);
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		found = found || refers(child, base, uri);
	}
	json_array_foreach(value, i, child) {
		found = found || refers(child, base, uri);
	}
	return found;
}

bool
schemas_refer(const struct known_schemas *known, const char *path)
{
	char	*uri = xasprintf(URI_PREFIX "%s", path), *base;
	bool	 found = false;

	for (size_t i = 0; !found && i < known->file_count; i++) {
		base = xasprintf(URI_PREFIX "%s", known->files[i].path);
		found = strcmp(base, uri) != 0 && refers(known->files[i].root, base, uri);
		free(base);
	}
	free(uri);
	return found;
}

/* The number of a service, or of a tag, in its sorted list. */
static size_t
number_in(const struct strs *names, const char *name)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(names->items[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct schema_pair *
schemas_of_service(struct config *config, const char *service)
{
	return &config_schemas(config)->services[number_in(&config->services, service)];
}

const struct schema_pair *
schemas_of_tag(struct config *config, const char *tag)
{
	return &config_schemas(config)->tags[number_in(&config->tags, tag)];
}

const struct strs *
config_service_needs(struct config *config, const char *service)
{
	return &config_schemas(config)->needs[number_in(&config->services, service)];
}

size_t
config_service_max_down(struct config *config, const char *service, size_t count)
{
	const struct schema_pair	*pair = schemas_of_service(config, service);
	const json_t			*value = NULL;
	bool				 percent;
	size_t				 limit;

	if (pair->instance != NULL)
		value = json_object_get(pair->instance->root, MAX_DOWN);
	if (value == NULL && pair->platform != NULL)
		value = json_object_get(pair->platform->root, MAX_DOWN);
	if (value == NULL)
		return 0;
	limit = read_limit(value, &percent);
	if (percent)
		limit = count * limit / 100;
	else if (limit >= count)
		limit = count - (count > 0);
	return limit == 0 ? 1 : limit;
}
