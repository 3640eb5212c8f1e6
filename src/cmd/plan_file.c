/* cmd: plans that are kept in a file. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/plan_file.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "config/config.h"
#include "repo/repo.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#define VERSION		2
#define PLAN_MAX	(64u << 20)

static json_t *
node_json(const struct push_job *job)
{
	char	 manifest[SHA256_HEX_SIZE];

	manifest_hash(job->manifest, manifest);
	return json_pack("{s:s, s:s, s:i, s:i, s:i}", "manifest", manifest, "state", job->state, "changed",
	    (int)job->changed, "restarted", (int)job->restarted, "generation", (int)job->generation);
}

struct err *
plan_write(const char *path, const struct fleet *fleet)
{
	json_t		*root, *nodes = json_object(), *failed = json_array();
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	if (fleet->to_make.count > 0) {
		strs_join(&fleet->to_make, ", ", &text);
		e = err_hint(err_new(ERR_FAILED, "%s: not written, because what it needs is not made yet: %s", path,
		    text.data), "leap compile makes it; then plan anew");
		goto out;
	}
	for (size_t i = 0; i < fleet->nodes.count; i++) {
		const struct push_job	*job = &fleet->jobs[i];

		if (job->result == PUSH_OK && job->state[0] != '\0')
			json_object_set_new(nodes, job->target.name, node_json(job));
		else
			json_array_append_new(failed, json_string(job->target.name));
	}
	if (json_object_size(nodes) == 0) {
		e = err_new(ERR_FAILED, "%s: not written, because no node could be planned", path);
		goto out;
	}
	root = json_pack("{s:i, s:s, s:b, s:s?, s:b, s:b, s:O, s:O}", "leap_plan", VERSION, "commit", fleet->commit, "clean",
	    fleet->clean, "rev", fleet->here == NULL ? NULL : fleet->commit, "thorough", fleet->thorough,
	    "purge_packages", fleet->purge_packages, "nodes", nodes, "failed", failed);
	json_pretty(root, &text);
	e = file_write(path, buf_text(&text), text.len, 0600);
	json_decref(root);
out:
	json_decref(nodes);
	json_decref(failed);
	buf_fini(&text);
	return e;
}

/* Whether no word of a filter is written so: "/web/" is a regular expression, "/web" one without an end. */
static bool
is_path(const char *word)
{
	const char	*from = word + (*word != '\0' && strchr("+-!", *word) != NULL);

	if (strchr(word, '=') != NULL)
		return false;
	if (str_ends(word, ".plan"))
		return true;
	return *from != '\0' && strchr(from + 1, '/') != NULL && !str_ends(from, "/");
}

/* A plan that was cut off is meant to be one, too. */
static bool
is_plan_file(const char *word)
{
	struct buf	 text = { 0 };
	struct stat	 st;
	bool		 is;

	if (is_path(word))
		return true;
	if (stat(word, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	if (strchr(word, '.') != NULL)
		return true;
	err_free(file_read(word, PLAN_MAX, &text));
	is = strstr(buf_text(&text), "\"leap_plan\"") != NULL;
	buf_fini(&text);
	return is;
}

struct err *
plan_find(const char **out, const struct context *context)
{
	const char	*found = NULL;

	for (size_t i = 0; found == NULL && i < context->arg_count; i++)
		if (is_plan_file(context->args[i]))
			found = context->args[i];
	*out = context->arg_count == 1 ? found : NULL;
	if (found == *out)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "\"%s\" is a file with a plan, and no other words go with one", found),
	    "it is about the nodes that were planned");
}

static bool
is_number(const json_t *node, const char *key)
{
	return json_int(node, key, -1) >= 0 && json_int(node, key, -1) <= INT32_MAX;
}

static bool
is_hash(const json_t *node, const char *key)
{
	return json_str(node, key) != NULL && sha256_valid(json_str(node, key));
}

static bool
is_node(const char *name, const json_t *node)
{
	struct err	*e = node_name_check(name);
	bool		 good = e == NULL;

	err_free(e);
	return good && is_hash(node, "manifest") && is_hash(node, "state") && is_number(node, "changed") &&
	    is_number(node, "restarted") && is_number(node, "generation");
}

/* "" before the first commit. */
static bool
is_commit(const char *commit)
{
	size_t	 len = commit == NULL ? SIZE_MAX : strlen(commit);

	return (len == 0 || len == 40 || len == 64) && strspn(commit, "0123456789abcdef") == len;
}

static bool
is_plan(const json_t *root)
{
	const char	*commit = json_str(root, "commit"), *name;
	json_t		*nodes = json_object_get(root, "nodes"), *failed = json_object_get(root, "failed"), *one;
	json_t		*rev = json_object_get(root, "rev");
	bool		 good = is_commit(commit) && json_object_size(nodes) > 0 && json_is_array(failed);
	size_t		 i;

	good = good && (json_is_null(rev) || (*commit != '\0' && json_str(root, "rev") != NULL &&
	    strcmp(json_str(root, "rev"), commit) == 0));
	json_object_foreach(nodes, name, one)
		good = good && is_node(name, one);
	json_array_foreach(failed, i, one)
		good = good && json_is_string(one);
	return good;
}

struct err *
plan_parse(json_t **out, const char *path, const char *text, size_t len)
{
	struct err	*e = NULL;

	*out = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (*out == NULL)
		e = err_hint(err_new(ERR_USAGE, "%s is no plan, or not a whole one", path), "leap plan -o FILE writes one");
	else if (json_int(*out, "leap_plan", 0) == 0)
		e = err_hint(err_new(ERR_USAGE, "%s is no plan", path), "leap plan -o FILE writes one");
	else if (json_int(*out, "leap_plan", 0) != VERSION)
		e = err_hint(err_new(ERR_USAGE, "%s is a plan of another version of leap", path), "plan anew");
	else if (!is_plan(*out))
		e = err_hint(err_new(ERR_USAGE, "%s is a plan that somebody changed", path), "plan anew");
	if (e == NULL)
		return NULL;
	json_decref(*out);
	*out = NULL;
	return e;
}

/* A plan belongs to the repository that it was made in. */
NODISCARD
static struct err *
check_origin(const json_t *plan, const char *path, const struct repo *repo)
{
	const char	*commit = json_str(plan, "commit");
	char		 found[65];
	struct err	*e = *commit == '\0' ? NULL : repo_commit(repo, commit, found);

	if (e == NULL)
		return NULL;
	err_free(e);
	return err_hint(err_new(ERR_USAGE, "%s was planned at commit %.12s, which this repository does not have", path, commit),
	    "fetch it, or go to the instance that was planned");
}

struct err *
plan_read(json_t **out, const char *path, const struct repo *repo)
{
	struct buf	 text = { 0 };
	struct err	*e;

	*out = NULL;
	if (!file_exists(path))
		return err_hint(err_new(ERR_USAGE, "%s: there is no such plan", path), "leap plan -o FILE writes one");
	e = file_read(path, PLAN_MAX, &text);
	if (e == NULL)
		e = plan_parse(out, path, buf_text(&text), text.len);
	if (e == NULL)
		e = check_origin(*out, path, repo);
	buf_fini(&text);
	if (e == NULL)
		return NULL;
	json_decref(*out);
	*out = NULL;
	return e;
}

/* Whether what is deployed now is what was planned. */
static bool
same_manifest(const struct push_job *job, const json_t *node)
{
	char	 manifest[SHA256_HEX_SIZE];

	manifest_hash(job->manifest, manifest);
	return strcmp(manifest, json_str(node, "manifest")) == 0;
}

void
plan_expect(struct fleet *fleet, const json_t *plan)
{
	const json_t	*nodes = json_object_get(plan, "nodes"), *name;
	size_t		 k;

	json_array_foreach(json_object_get(plan, "failed"), k, name)
		strs_add(&fleet->down, json_string_value(name));
	for (size_t i = 0; i < fleet->pushable;) {
		struct push_job	*job = &fleet->jobs[i];
		const json_t	*node = json_object_get(nodes, job->target.name);

		if (!same_manifest(job, node)) {
			job->result = PUSH_MOVED;
			job->error = err_hint(err_new(ERR_FAILED, "%s: what would be deployed is not what was planned; "
			    "nothing was changed", job->target.name), "plan anew, or go back to the files of then");
			fleet_swap(fleet, i, --fleet->pushable);
			continue;
		}
		memcpy(job->state, json_str(node, "state"), SHA256_HEX_SIZE);
		job->changed = (unsigned)json_int(node, "changed", 0);
		job->restarted = (unsigned)json_int(node, "restarted", 0);
		job->generation = (unsigned)json_int(node, "generation", 0);
		fleet_expect(fleet, job);
		i++;
	}
	fleet->planned = true;
}
