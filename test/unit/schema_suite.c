/* unit: runs files of the official JSON-Schema-Test-Suite; test/cli/schema-suite.sh knows where they are. */
/* May know schema, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
 * usage: schema_suite [--formats] REMOTES FILE...
 *        schema_suite --unsupported
 *
 * REMOTES is a directory whose files are known as http://localhost:1234/PATH.  For each file: its name, the number of
 * cases, and of those that failed, with tabs between them; for each that failed a line "not ok ...".  With --formats
 * "format" is checked.  The second form prints the keywords of the dialect that are refused.
 */

#define HOST		"http://localhost:1234/"
#define FILE_MAX	(16u << 20)

/* A whole number that is too big for 64 bits becomes a double, as the suite's authors allow. */
static json_t *
load(const char *path)
{
	json_error_t	 error;
	json_t		*json = json_load_file(path, JSON_ALLOW_NUL, &error);

	if (json == NULL)
		json = json_load_file(path, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
	if (json == NULL)
		printf("# %s: %s\n", path, error.text);
	return json;
}

static void
add_remotes(struct schema_set *set, const char *root, const char *below)
{
	char		*dir = path_join(root, below), *path, *uri;
	struct strs	 names = { 0 };
	struct stat	 st;
	json_t		*json;

	err_free(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		char *full = path_join(dir, names.items[i]);

		path = xasprintf("%s%s%s", below, *below == '\0' ? "" : "/", names.items[i]);
		if (stat(full, &st) == 0 && S_ISDIR(st.st_mode)) {
			add_remotes(set, root, path);
		} else if ((json = load(full)) != NULL) {
			uri = xasprintf(HOST "%s", path);
			schema_set_add(set, uri, json);
			json_decref(json);
			free(uri);
		}
		free(path);
		free(full);
	}
	strs_fini(&names);
	free(dir);
}

static void
say_problem(void *arg, const struct schema_problem *problem)
{
	const char *what = arg;

	printf("# %s: %s: \"%s\" %s\n", what, problem->keyword, problem->path, problem->message);
}

struct suite {
	const char	*remotes;
	unsigned	 flags;
	unsigned	 cases, failed;
};

static void
run_group(struct suite *suite, const char *file, json_t *group)
{
	struct schema_set	*set = schema_set_new(suite->flags);
	const char		*title = json_str(group, "description");
	struct schema_view	 view = { 0 };
	const struct schema	*schema;
	json_t			*test;
	size_t			 i;

	add_remotes(set, suite->remotes, "");
	schema_set_add(set, "leap:/suite", json_object_get(group, "schema"));
	schema = schema_compile(set, "leap:/suite", say_problem, (char *)(uintptr_t)title);
	json_array_foreach(json_object_get(group, "tests"), i, test) {
		bool good = schema != NULL && schema_valid(schema, json_object_get(test, "data"), &view);

		suite->cases++;
		if (schema != NULL && good == json_bool(test, "valid"))
			continue;
		suite->failed++;
		printf("not ok %s: %s: %s%s\n", file, title, json_str(test, "description"),
		    schema == NULL ? " (the schema was refused)" : "");
	}
	schema_set_free(set);
}

static void
run_file(const struct suite *plan, const char *path)
{
	struct suite	 suite = *plan;
	const char	*name = strrchr(path, '/') + 1;
	json_t		*groups = load(path), *group;
	size_t		 i;

	json_array_foreach(groups, i, group) {
		run_group(&suite, name, group);
	}
	if (groups == NULL)
		suite.failed++;
	json_decref(groups);
	printf("%s\t%u\t%u\n", name, suite.cases, suite.failed);
}

static void
count_unknown(void *arg, const struct schema_problem *problem)
{
	if (strcmp(problem->message, "is no keyword of JSON Schema") == 0)
		++*(unsigned *)arg;
}

/* Whether a schema may have the keyword, whatever its value must be. */
static bool
is_supported(const char *keyword)
{
	struct schema_set	*set = schema_set_new(SCHEMA_STRICT);
	json_t			*document = json_pack("{s:n}", keyword);
	unsigned		 unknown = 0;

	schema_set_add(set, "leap:/keyword", document);
	(void)schema_compile(set, "leap:/keyword", count_unknown, &unknown);
	json_decref(document);
	schema_set_free(set);
	return unknown == 0;
}

static void
print_unsupported(void)
{
	const char	*keyword;
	json_t		*document, *value;

	for (size_t i = 0; dialect_documents[i] != NULL; i++) {
		document = json_loads(dialect_documents[i], 0, NULL);
		json_object_foreach(json_object_get(document, "properties"), keyword, value) {
			if (!is_supported(keyword))
				printf("%s\n", keyword);
		}
		json_decref(document);
	}
}

int
main(int argc, char **argv)
{
	struct suite	suite = { 0 };
	int		first = 1;

	json_setup();
	if (argc > first && strcmp(argv[first], "--formats") == 0) {
		suite.flags = SCHEMA_FORMATS;
		first++;
	}
	if (argc == 2 && strcmp(argv[1], "--unsupported") == 0) {
		print_unsupported();
		return 0;
	}
	if (argc < first + 2)
		return 2;
	suite.remotes = argv[first++];
	for (; first < argc; first++)
		run_file(&suite, argv[first]);
	return 0;
}
