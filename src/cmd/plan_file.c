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

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#define VERSION		1
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
	json_t		*root, *nodes = json_object();
	struct buf	 text = { 0 };
	struct err	*e;

	if (fleet->to_make.count > 0) {
		strs_join(&fleet->to_make, ", ", &text);
		e = err_hint(err_new(ERR_FAILED, "%s: not written, because what it needs is not made yet: %s", path,
		    text.data), "leap compile makes it; then plan anew");
		json_decref(nodes);
		buf_fini(&text);
		return e;
	}
	for (size_t i = 0; i < fleet->pushable; i++)
		if (fleet->jobs[i].result == PUSH_OK && fleet->jobs[i].state[0] != '\0')
			json_object_set_new(nodes, fleet->jobs[i].target.name, node_json(&fleet->jobs[i]));
	if (json_object_size(nodes) == 0) {
		json_decref(nodes);
		return err_new(ERR_FAILED, "%s: not written, because no node could be planned", path);
	}
	root = json_pack("{s:i, s:s, s:b, s:s?, s:b, s:b, s:o}", "leap_plan", VERSION, "commit", fleet->commit, "clean",
	    fleet->clean, "rev", fleet->here == NULL ? NULL : fleet->commit, "thorough", fleet->thorough,
	    "purge_packages", fleet->purge_packages, "nodes", nodes);
	json_pretty(root, &text);
	e = file_write(path, buf_text(&text), text.len, 0600);
	json_decref(root);
	buf_fini(&text);
	return e;
}

bool
plan_is_named(const struct context *context)
{
	const char	*word = context->args[0];
	struct stat	 st;
	json_t		*plan;

	if (context->arg_count != 1 || stat(word, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	if (strpbrk(word, "./") != NULL)	/* no node, service or tag is called so */
		return true;
	err_free(plan_read(&plan, word));
	json_decref(plan);
	return plan != NULL;
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
is_plan(const json_t *root)
{
	const json_t	*nodes = json_object_get(root, "nodes"), *rev = json_object_get(root, "rev"), *node;
	const char	*name;

	if (json_str(root, "commit") == NULL || !json_is_object(nodes) || (!json_is_null(rev) && !json_is_string(rev)))
		return false;
	json_object_foreach((json_t *)nodes, name, node)
		if (!is_hash(node, "manifest") || !is_hash(node, "state") || !is_number(node, "changed") ||
		    !is_number(node, "restarted") || !is_number(node, "generation"))
			return false;
	return true;
}

struct err *
plan_read(json_t **out, const char *path)
{
	struct buf	 text = { 0 };
	struct err	*e = file_read(path, PLAN_MAX, &text);

	*out = NULL;
	if (e == NULL) {
		*out = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
		if (json_int(*out, "leap_plan", 0) == 0)
			e = err_hint(err_new(ERR_USAGE, "%s is no plan", path), "leap plan -o FILE writes one");
		else if (json_int(*out, "leap_plan", 0) != VERSION)
			e = err_hint(err_new(ERR_USAGE, "%s is a plan of another version of leap", path), "plan anew");
		else if (!is_plan(*out))
			e = err_hint(err_new(ERR_USAGE, "%s is a plan that somebody changed", path), "plan anew");
	}
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
	const json_t	*nodes = json_object_get(plan, "nodes");

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
