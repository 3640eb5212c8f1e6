/* config: files of the instance that nothing will ever read. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/schemas.h"

#include "base/strs.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

struct stray {
	struct config	*config;
	struct problems	*problems;
};

/* What people and editors leave beside the files that are meant. */
static bool
is_remark(const char *name)
{
	return str_ends(name, "~") || str_ends(name, ".md") || str_starts(name, "README");
}

PRINTF(3, 4)
static void
add(const struct stray *stray, const char *path, const char *format, ...)
{
	va_list	 args;
	char	*hint;

	va_start(args, format);
	hint = xvasprintf(format, args);
	va_end(args);
	problems_add(stray->problems, err_rule(err_warning(err_hint(err_at(ERR_CONFIG,
	    &(struct place){ .path = path }, "nothing reads this file"), "%s", hint)), "stray-file"));
	free(hint);
}

/* The names in a directory; one that cannot be read is somebody else's error. */
static void
names_in(const struct stray *stray, const char *dir, struct strs *names)
{
	err_free(repo_list(stray->config->repo, dir, "", names));
}

/* In this directory everything ends in `suffix`. */
static void
check_suffix(const struct stray *stray, const char *dir, const char *suffix)
{
	struct strs	 names = { 0 };
	char		*path;

	names_in(stray, dir, &names);
	for (size_t i = 0; i < names.count; i++) {
		if (is_remark(names.items[i]) || str_ends(names.items[i], suffix))
			continue;
		path = xasprintf("%s/%s", dir, names.items[i]);
		add(stray, path, "what is in %s/ ends in \"%s\"", dir, suffix);
		free(path);
	}
	strs_fini(&names);
}

/* What may stand in the directory of a service. */
static void
check_service_directory(const struct stray *stray, const char *service)
{
	static const char *const known[] = { "service.json", "schema.json", "recipe.lua", "templates" };
	struct strs	 names = { 0 }, good = { 0 };
	char		*dir = xasprintf("services/%s", service), *path;
	const char	*near;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		strs_add(&good, known[i]);
	names_in(stray, dir, &names);
	for (size_t i = 0; i < names.count; i++) {
		if (is_remark(names.items[i]) || strs_has(&good, names.items[i]))
			continue;
		path = xasprintf("%s/%s", dir, names.items[i]);
		if ((near = strs_nearest(&good, names.items[i])) != NULL)
			add(stray, path, "did you mean \"%s\"?", near);
		else
			add(stray, path, "a service has service.json, schema.json, recipe.lua and templates/");
		free(path);
	}
	free(dir);
	strs_fini(&names);
	strs_fini(&good);
}

/* Files "NAME.json" and directories of services. */
static void
check_services(const struct stray *stray)
{
	struct strs	 names = { 0 }, inside = { 0 };
	char		*path;

	names_in(stray, "services", &names);
	for (size_t i = 0; i < names.count; i++) {
		if (is_remark(names.items[i]) || str_ends(names.items[i], ".json"))
			continue;
		path = xasprintf("services/%s", names.items[i]);
		names_in(stray, path, &inside);
		if (inside.count > 0 && strs_has(&stray->config->services, names.items[i]))
			check_service_directory(stray, names.items[i]);
		else
			add(stray, path, inside.count > 0 ? "the directory of a service has a file service.json" :
			    "a service is services/NAME.json, or services/NAME/service.json");
		strs_fini(&inside);
		free(path);
	}
	strs_fini(&names);
}

/* What is at the top and looks like a file for leap. */
static void
check_top(const struct stray *stray)
{
	static const char *const known[] = { "common", "provider", "facts", "state" };
	struct strs	 stems = { 0 }, good = { 0 };
	const char	*near;
	char		*path, *kind;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		strs_add(&good, known[i]);
	err_free(repo_list(stray->config->repo, ".", ".json", &stems));
	for (size_t i = 0; i < stems.count; i++) {
		kind = xstrndup(stems.items[i], strcspn(stems.items[i], "."));
		path = xasprintf("%s.json", stems.items[i]);
		if (!strs_has(&good, kind)) {
			if ((near = strs_nearest(&good, kind)) != NULL)
				add(stray, path, "did you mean \"%s%s.json\"?", near, stems.items[i] + strlen(kind));
			else
				add(stray, path, "here are common.json and provider.json; "
				    "nodes, services and tags have directories");
		}
		free(kind);
		free(path);
	}
	strs_fini(&stems);
	strs_fini(&good);
}

/* Those that are known, and what others refer to. */
static void
check_schemas_in(const struct stray *stray, const char *dir, const struct strs *known, const char *what)
{
	struct strs	 names = { 0 };
	const char	*near;
	char		*path, *stem;

	names_in(stray, dir, &names);
	for (size_t i = 0; i < names.count; i++) {
		bool json = str_ends(names.items[i], ".json");

		path = xasprintf("%s/%s", dir, names.items[i]);
		stem = xstrndup(names.items[i], strlen(names.items[i]) - (json ? strlen(".json") : 0));
		if (!is_remark(names.items[i]) && strcmp(path, "schemas/tags") != 0 && !(json && strs_has(known, stem)) &&
		    !schemas_refer(config_schemas(stray->config), path)) {
			if ((near = strs_nearest(known, stem)) != NULL)
				add(stray, path, "did you mean \"%s.json\"?", near);
			else
				add(stray, path, "%s", what);
		}
		free(path);
		free(stem);
	}
	strs_fini(&names);
}

static void
check_schema_files(const struct stray *stray)
{
	struct strs known = { 0 };

	strs_add(&known, "common");
	strs_add(&known, "node");
	strs_add(&known, "provider");
	check_schemas_in(stray, "schemas", &known, "here are common.json, node.json, provider.json, tags/, and what schemas "
	    "refer to; that of a service is services/NAME/schema.json");
	check_schemas_in(stray, "schemas/tags", &stray->config->tags, "there is no tag of this name");
	strs_fini(&known);
}

/* Users are directories. */
static void
check_users(const struct stray *stray)
{
	struct strs	 names = { 0 };
	char		*path;

	names_in(stray, "users", &names);
	for (size_t i = 0; i < names.count; i++) {
		path = xasprintf("users/%s", names.items[i]);
		if (!is_remark(names.items[i]) && repo_type(stray->config->repo, path) != REPO_DIRECTORY)
			add(stray, path, "the key of a user is users/NAME/NAME_ssh.pub");
		free(path);
	}
	strs_fini(&names);
}

/* The keys and certificates of nodes that are no more. */
static void
check_node_files(const struct stray *stray)
{
	struct strs	 names = { 0 };
	char		*path;

	names_in(stray, "files/nodes", &names);
	for (size_t i = 0; i < names.count; i++) {
		if (is_remark(names.items[i]) || config_node(stray->config, names.items[i]) != NULL)
			continue;
		path = xasprintf("files/nodes/%s", names.items[i]);
		add(stray, path, "there is no node \"%s\"", names.items[i]);
		free(path);
	}
	strs_fini(&names);
}

void
check_files(struct config *config, struct problems *problems)
{
	struct stray stray = { config, problems };

	check_top(&stray);
	check_suffix(&stray, "nodes", ".json");
	check_suffix(&stray, "tags", ".json");
	check_suffix(&stray, "macros", ".lua");
	check_services(&stray);
	check_schema_files(&stray);
	check_users(&stray);
	check_node_files(&stray);
}
