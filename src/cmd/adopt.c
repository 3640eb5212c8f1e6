/* cmd: leap adopt. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/ask.h"
#include "cmd/cmd.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "repo/repo.h"

#include <string.h>

#define DEPTH_MAX	32

static const struct opt adopt_opts[] = {
	{ 0, "--to", "FILE", "the file below files/ that it becomes" },
	FLEET_OPT_PARALLEL, { 0 },
};

/* The blob that the configuration puts at `path`, or NULL. */
static const struct blob *
wanted_blob(const struct manifest *manifest, const char *path)
{
	const json_t	*one;
	size_t		 i;

	json_array_foreach(json_object_get(manifest->root, "resources"), i, one)
		if (strcmp(ask_text_of(one, "type"), "file") == 0 && strcmp(ask_text_of(one, "path"), path) == 0)
			return manifest_blob(manifest, ask_text_of(one, "sha256"));
	return NULL;
}

static bool
has_content(const struct repo *repo, const char *path, const struct blob *blob)
{
	struct buf	 text = { .secret = true };
	struct err	*e = repo_read(repo, path, &text);
	bool		 same = e == NULL && text.len == blob->len && memcmp(buf_text(&text), blob->data, text.len) == 0;

	err_free(e);
	buf_fini(&text);
	return same;
}

/* All files below `dir` with this content. */
static struct err *
find_sources(const struct repo *repo, const char *dir, const struct blob *blob, unsigned depth, struct strs *out)
{
	struct strs	 names = { 0 };
	struct err	*e = repo_list(repo, dir, "", &names);

	for (size_t i = 0; e == NULL && depth > 0 && i < names.count; i++) {
		char		*path = path_join(dir, names.items[i]);
		enum repo_type	 type = repo_type(repo, path);

		if (type == REPO_DIRECTORY)
			e = find_sources(repo, path, blob, depth - 1, out);
		else if (type == REPO_FILE && has_content(repo, path, blob))
			strs_add(out, path);
		free(path);
	}
	strs_fini(&names);
	return e;
}

/* Where in the instance the file comes from; the caller's, free(). */
static struct err *
find_place(const struct fleet *fleet, const char *path, char **out)
{
	const struct blob	*blob = wanted_blob(&fleet->manifests[0], path);
	struct strs		 sources = { 0 };
	struct err		*e = NULL;

	if (blob == NULL)
		return err_hint(err_new(ERR_USAGE, "the configuration of %s has no file %s", fleet->jobs[0].target.name, path),
		    "leap status shows what was changed");
	e = find_sources(fleet->context->repo, "files", blob, DEPTH_MAX, &sources);
	if (e == NULL && sources.count == 1)
		*out = xstrdup(sources.items[0]);
	else if (e == NULL)
		e = err_hint(err_new(ERR_USAGE, sources.count == 0 ? "%s is made by a recipe: no file below files/ has its content" :
		    "several files below files/ have the content of %s", path), sources.count == 0 ?
		    "change the recipe, its template or the properties that it is made of; or keep the file, --to files/..., "
		    "and have a recipe put it there" : "say which file it is to become: --to files/...");
	strs_fini(&sources);
	return e;
}

static struct err *
check_place(const char *to)
{
	if (!str_starts(to, "files/") || strstr(to, "/../") != NULL || str_ends(to, "/..") || str_ends(to, "/"))
		return err_hint(err_new(ERR_USAGE, "\"%s\" is no file below files/", to), "--to files/etc/motd");
	return NULL;
}

/* Whether a deploy puts the content of `place` at `path`, as far as it can be told from what both are now. */
static bool
comes_from(const struct fleet *fleet, const char *path, const char *place)
{
	const struct blob *blob = wanted_blob(&fleet->manifests[0], path);

	return blob != NULL && has_content(fleet->context->repo, place, blob);
}

static void
print_json(const struct context *context, const json_t *data, const char *place)
{
	json_t		*said = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "node", context->args[0], "path", context->args[1],
	    "file", place, "mode", ask_text_of(data, "mode"), "owner", ask_text_of(data, "owner"), "group",
	    ask_text_of(data, "group"));
	struct buf	 text = { 0 };

	json_pretty(said, &text);
	term_write(stdout, &text);
	json_decref(said);
	buf_fini(&text);
}

/* What the node sent goes to `place` in the instance. */
static struct err *
write_place(const struct context *context, const json_t *data, const char *place)
{
	const char	*encoded = ask_text_of(data, "content");
	struct buf	 content = { 0 };
	struct err	*e = NULL;

	if (*encoded != '\0' && !base64_decode(encoded, strlen(encoded), true, &content))
		e = err_new(ERR_FAILED, "%s: the node sent no content", context->args[0]);
	if (e == NULL)
		e = repo_write(context->repo, place, buf_text(&content), content.len, 0644, NULL);
	if (e == NULL && context->json)
		print_json(context, data, place);
	else if (e == NULL)
		out("%s is now what %s has at %s (mode %s, %s:%s)\n", place, context->args[0], context->args[1],
		    ask_text_of(data, "mode"), ask_text_of(data, "owner"), ask_text_of(data, "group"));
	buf_fini(&content);
	return e;
}

static struct err *
fetch(struct fleet *fleet, const char *path, const char *place)
{
	bool		 known = comes_from(fleet, path, place);
	struct err	*e = ask(fleet, (struct fleet_push){ .op = "fetch", .path = path });

	if (e == NULL)
		e = fleet_errors(fleet);
	if (e == NULL)
		e = write_place(fleet->context, fleet->jobs[0].data, place);
	if (e == NULL && !known)
		note("no recipe takes %s from there yet: until one does, the next deploy undoes the change on the node\n", path);
	return e;
}

static struct err *
adopt_run(struct context *context)
{
	const size_t	 count = context->arg_count;
	const char	*to = opt_get(context, "--to");
	struct fleet	 fleet;
	struct err	*e = to != NULL ? check_place(to) : NULL;
	char		*place = to != NULL ? xstrdup(to) : NULL;

	if (e != NULL)
		goto out;
	context->arg_count = 1;
	e = fleet_init(&fleet, context, &(struct fleet_how){ .certs = PREPARE_CERTS_LOOK });
	context->arg_count = count;
	if (e == NULL && fleet.nodes.count != 1)
		e = err_new(ERR_USAGE, "\"%s\" is %zu nodes, and this is about one", context->args[0], fleet.nodes.count);
	if (e == NULL && place == NULL)
		e = find_place(&fleet, context->args[1], &place);
	if (e == NULL)
		e = fetch(&fleet, context->args[1], place);
	fleet_fini(&fleet);
out:
	free(place);
	return e;
}

const struct cmd cmd_adopt = {
	.name = "adopt",
	.args = "NODE PATH",
	.summary = "bring a file that was changed on a node into the instance",
	.details = "PATH is a file that leap put there.  What is there now is written over the file below files/ that it came\n"
	    "from, for you to look at with git diff; one that a recipe or template makes needs --to.",
	.opts = adopt_opts,
	.needs = CMD_CONFIG,
	.min_args = 2,
	.max_args = 2,
	.run = adopt_run,
};
