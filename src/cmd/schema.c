/* cmd: leap schema: what editors need to check and complete the files of an instance. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "config/editor.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

#define DIR		".leap/schema"
#define SETTINGS	".vscode/settings.json"
#define LEAPFILE	"Leapfile"
#define MODELINE	"# yaml-language-server: $schema=" DIR "/leapfile.json\n"

struct outcome {
	struct strs	 written, removed, skipped;
	size_t		 same;
};

static void
outcome_fini(struct outcome *outcome)
{
	strs_fini(&outcome->written);
	strs_fini(&outcome->removed);
	strs_fini(&outcome->skipped);
}

NODISCARD
static struct err *
write_text(const struct repo *repo, const char *path, const struct buf *text, struct outcome *outcome)
{
	bool		 changed = false;
	struct err	*e = repo_write(repo, path, buf_text(text), text->len, 0644, &changed);

	if (e == NULL && changed)
		strs_add(&outcome->written, path);
	else if (e == NULL)
		outcome->same++;
	return e;
}

NODISCARD
static struct err *
write_schemas(struct context *context, const struct strs *names, struct outcome *outcome)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;
	json_t		*schema;
	char		*path;

	for (size_t i = 0; e == NULL && i < names->count; i++) {
		if ((e = editor_schema(context->config, names->items[i], &schema)) != NULL)
			break;
		buf_clear(&text);
		json_pretty(schema, &text);
		json_decref(schema);
		path = xasprintf(DIR "/%s.json", names->items[i]);
		e = write_text(context->repo, path, &text, outcome);
		free(path);
	}
	buf_fini(&text);
	return e;
}

/* The directory is leap's own: what it does not write now, another version did. */
NODISCARD
static struct err *
remove_stale(struct context *context, const struct strs *names, struct outcome *outcome)
{
	struct strs	 there = { 0 };
	struct err	*e = repo_list(context->repo, DIR, ".json", &there);
	char		*path, *full;

	for (size_t i = 0; e == NULL && i < there.count; i++) {
		if (strs_has(names, there.items[i]))
			continue;
		path = xasprintf(DIR "/%s.json", there.items[i]);
		full = path_join(context->repo->root, path);
		if ((e = dir_remove(full)) == NULL)
			strs_add(&outcome->removed, path);
		free(path);
		free(full);
	}
	strs_fini(&there);
	return e;
}

/* Which files are of which kind, in the patterns of VS Code, for "json.schemas" and for "files.associations". */
static const struct {
	const char	*schema, *match, *glob;
} files[] = {
	{ "common", "/common.json", "common.json" },
	{ "common", "/common.*.json", "common.*.json" },
	{ "node", "/nodes/*.json", "**/nodes/*.json" },
	{ "provider", "/provider.json", "provider.json" },
	{ "provider", "/provider.*.json", "provider.*.json" },
	{ "service", "/services/*.json", "**/services/*.json" },
	{ "service", "/services/*/service.json", "**/services/*/service.json" },
	{ "tag", "/tags/*.json", "**/tags/*.json" },
};

/* One entry a schema, in the place of those that are there from the last time; those of others stay. */
static json_t *
merged_schemas(json_t *old)
{
	json_t		*list = json_array(), *entry, *matches;
	char		*url;
	size_t		 i;

	json_array_foreach(old, i, entry) {
		if (json_str(entry, "url") == NULL || !str_starts(json_str(entry, "url"), "./" DIR "/"))
			json_array_append(list, entry);
	}
	for (i = 0; i < ARRAY_LEN(files); i++) {
		if (i > 0 && strcmp(files[i].schema, files[i - 1].schema) == 0)
			continue;
		matches = json_array();
		for (size_t j = i; j < ARRAY_LEN(files) && strcmp(files[j].schema, files[i].schema) == 0; j++)
			json_array_append_new(matches, json_string(files[j].match));
		url = xasprintf("./" DIR "/%s.json", files[i].schema);
		json_array_append_new(list, json_pack("{s:o, s:s}", "fileMatch", matches, "url", url));
		free(url);
	}
	return list;
}

/* The object at the key, made when there is none; NULL when there is something else. */
static json_t *
object_at(json_t *settings, const char *key)
{
	if (json_object_get(settings, key) == NULL)
		json_object_set_new(settings, key, json_object());
	return json_is_object(json_object_get(settings, key)) ? json_object_get(settings, key) : NULL;
}

/* Put into the settings what is ours; false when they have something of another shape there. */
static bool
merge_settings(json_t *settings)
{
	json_t	*associations, *yaml, *old = json_object_get(settings, "json.schemas");

	if (!json_is_object(settings) || (old != NULL && !json_is_array(old)) ||
	    (associations = object_at(settings, "files.associations")) == NULL ||
	    (yaml = object_at(settings, "yaml.schemas")) == NULL)
		return false;
	json_object_set_new(settings, "json.schemas", merged_schemas(old));
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		json_object_set_new(associations, files[i].glob, json_string("jsonc"));
	json_object_set_new(associations, LEAPFILE, json_string("yaml"));
	json_object_set_new(yaml, "./" DIR "/leapfile.json", json_string(LEAPFILE));
	return true;
}

static void
skip(struct outcome *outcome, const char *path, const char *why, const char *hint)
{
	strs_add(&outcome->skipped, path);
	note("%s is left as it is: %s\nhint: %s\n", path, why, hint);
}

/* A person's own file: other keys and their order stay; one with comments is not touched. */
NODISCARD
static struct err *
write_settings(struct context *context, struct outcome *outcome)
{
	struct buf	 text = { 0 };
	json_t		*settings = NULL, *before = NULL;
	struct err	*e = NULL;
	char		*dump;

	if (repo_has(context->repo, SETTINGS)) {
		if ((e = repo_read(context->repo, SETTINGS, &text)) != NULL)
			goto out;
		before = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
		settings = json_deep_copy(before);
	} else
		settings = json_object();
	if (settings == NULL || !merge_settings(settings)) {
		skip(outcome, SETTINGS, settings == NULL ? "it has comments, or is not JSON" :
		    "it has something else in the place of leap's settings",
		    "map the schemas in " DIR " to files yourself, or move it away and try again");
		goto out;
	}
	if (before != NULL && json_equal(settings, before)) {
		outcome->same++;
		goto out;
	}
	dump = json_dumps(settings, JSON_INDENT(4));
	buf_clear(&text);
	buf_addf(&text, "%s\n", dump);
	free(dump);
	e = write_text(context->repo, SETTINGS, &text, outcome);
out:
	buf_fini(&text);
	json_decref(settings);
	json_decref(before);
	return e;
}

/* For editors that look for it in the file: above all else, unless there is one already. */
NODISCARD
static struct err *
write_modeline(struct context *context, struct outcome *outcome)
{
	struct buf	 text = { 0 }, whole = { 0 };
	struct err	*e = repo_read(context->repo, LEAPFILE, &text);

	if (e == NULL) {
		if (strstr(buf_text(&text), "yaml-language-server:") == NULL)
			buf_adds(&whole, MODELINE);
		buf_add(&whole, buf_text(&text), text.len);
		e = write_text(context->repo, LEAPFILE, &whole, outcome);
	}
	buf_fini(&text);
	buf_fini(&whole);
	return e;
}

static void
report(const struct context *context, const struct outcome *outcome)
{
	struct buf	 text = { 0 };
	json_t		*root;

	if (context->json) {
		root = json_pack("{s:o, s:o, s:o}", "written", json_strs(&outcome->written), "removed",
		    json_strs(&outcome->removed), "skipped", json_strs(&outcome->skipped));
		json_pretty(root, &text);
		json_decref(root);
	}
	for (size_t i = 0; !context->json && i < outcome->written.count; i++)
		buf_addf(&text, "wrote    %s\n", outcome->written.items[i]);
	for (size_t i = 0; !context->json && i < outcome->removed.count; i++)
		buf_addf(&text, "removed  %s\n", outcome->removed.items[i]);
	if (text.len == 0)
		buf_addf(&text, "%zu files are as they should be\n", outcome->same);
	out("%s", buf_text(&text));
	buf_fini(&text);
}

NODISCARD
static struct err *
print_schema(struct context *context, const char *name, const struct strs *names)
{
	const char	*near = strs_nearest(names, name);
	struct buf	 text = { 0 };
	struct err	*e;
	json_t		*schema;

	if (!strs_has(names, name)) {
		strs_join(names, ", ", &text);
		e = err_new(ERR_USAGE, "no schema \"%s\"", name);
		e = near != NULL ? err_hint(e, "did you mean \"%s\"?", near) :
		    err_hint(e, "there are %s", buf_text(&text));
	} else if ((e = editor_schema(context->config, name, &schema)) == NULL) {
		json_pretty(schema, &text);
		json_decref(schema);
		out("%s", buf_text(&text));
	}
	buf_fini(&text);
	return e;
}

NODISCARD
static struct err *
schema_run(struct context *context)
{
	struct outcome	 outcome = { 0 };
	struct strs	 names = { 0 };
	struct err	*e;

	editor_names(&names);
	if (opt_get(context, "--print") != NULL) {
		e = print_schema(context, opt_get(context, "--print"), &names);
	} else if ((e = write_schemas(context, &names, &outcome)) == NULL &&
	    (e = remove_stale(context, &names, &outcome)) == NULL &&
	    (e = write_settings(context, &outcome)) == NULL && (e = write_modeline(context, &outcome)) == NULL)
		report(context, &outcome);
	strs_fini(&names);
	outcome_fini(&outcome);
	return e;
}

static const struct opt schema_opts[] = {
	{ 0, "--print", "NAME", "print one schema and write nothing: common, layer, leapfile, node, provider, service or tag" },
	{ 0 },
};

const struct cmd cmd_schema = {
	.name = "schema",
	.args = "",
	.summary = "let editors check and complete the instance's files",
	.details = "Writes what the schemas of the platform, the instance and their services say to " DIR "/*.json,\n"
	    "the settings of VS Code that map them to files to " SETTINGS ", and a line for\n"
	    "other editors to the top of the Leapfile.",
	.opts = schema_opts,
	.needs = CMD_CONFIG,
	.run = schema_run,
};
