/* cmd: the nodes that a deploy could not bring to their state, for leap deploy --retry-failed. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/retry.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "config/config.h"
#include "repo/pin.h"
#include "repo/repo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FILE_NAME	"failed.json"
#define FILE_MAX	(16u << 20)

static bool
is_names(const json_t *list)
{
	const json_t	*name;
	size_t		 i;

	json_array_foreach(list, i, name)
		if (!json_is_string(name))
			return false;
	return json_is_array(list);
}

/* The object in the file, a new reference; an empty one when there is no file. */
NODISCARD
static struct err *
load(json_t **out, const char *path)
{
	struct buf	 text = { 0 };
	const json_t	*list;
	const char	*root;
	struct err	*e = NULL;
	bool		 good;

	*out = NULL;
	if (!file_exists(path)) {
		*out = json_object();
		return NULL;
	}
	e = file_read(path, FILE_MAX, &text);
	if (e == NULL) {
		*out = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
		good = json_is_object(*out);
		json_object_foreach(*out, root, list)
			good = good && is_names(list);
		if (!good)
			e = err_new(ERR_FAILED, "%s: not an object of lists of nodes by the paths of instances", path);
	}
	buf_fini(&text);
	if (e == NULL)
		return NULL;
	json_decref(*out);
	*out = NULL;
	return err_hint(e, "it says on which nodes a deploy failed; remove it to begin anew");
}

struct err *
retry_read(struct strs *out, const struct repo *repo)
{
	char		*dir = user_state_dir(), *path;
	json_t		*all = NULL, *name;
	size_t		 i;
	struct err	*e;

	if (dir == NULL)
		return err_hint(err_new(ERR_FAILED, "you have no home directory to remember nodes in"), "set HOME");
	path = path_join(dir, FILE_NAME);
	if ((e = load(&all, path)) == NULL)
		json_array_foreach(json_object_get(all, repo->root), i, name)
			strs_add(out, json_string_value(name));
	json_decref(all);
	free(path);
	free(dir);
	return e;
}

struct err *
retry_check(void)
{
	char		*dir = user_state_dir(), *path;
	json_t		*all = NULL;
	struct err	*e;

	if (dir == NULL)
		return NULL;
	path = path_join(dir, FILE_NAME);
	e = load(&all, path);
	json_decref(all);
	free(path);
	free(dir);
	return e;
}

/* Whether the instance may have the node still; another revision's configuration does not tell. */
static bool
is_known(const struct fleet *fleet, const char *name)
{
	return fleet->here != NULL || config_node(fleet->context->config, name) != NULL;
}

/* What was known before, as far as it is there and was not deployed to now, and what failed now; sorted. */
static json_t *
merge(const json_t *before, const struct fleet *fleet)
{
	struct strs	 names = { 0 };
	json_t		*deployed = json_object(), *name, *list;
	size_t		 i;

	for (i = 0; i < fleet->nodes.count; i++) {
		const struct push_job	*job = &fleet->jobs[i];

		json_object_set_new(deployed, job->target.name, json_true());
		if (job->result != PUSH_OK)
			strs_add(&names, job->target.name);
	}
	json_array_foreach(before, i, name)
		if (json_object_get(deployed, json_string_value(name)) == NULL && is_known(fleet, json_string_value(name)))
			strs_add(&names, json_string_value(name));
	strs_sort(&names);
	list = json_strs(&names);
	strs_fini(&names);
	json_decref(deployed);
	return list;
}

/* Nobody else changes the file meanwhile, who holds the directory's lock. */
NODISCARD
static struct err *
update(const char *dir, const struct fleet *fleet)
{
	const char	*root = fleet->context->repo->root;
	char		*path = path_join(dir, FILE_NAME);
	struct buf	 text = { 0 };
	json_t		*all = NULL, *list;
	struct err	*e = NULL;
	int		 fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		e = err_errno(ERR_FAILED, "%s", dir);
	if (e == NULL)
		e = load(&all, path);
	if (e != NULL)
		goto out;
	list = merge(json_object_get(all, root), fleet);
	if (json_array_size(list) > 0)
		json_object_set(all, root, list);
	else
		json_object_del(all, root);
	json_decref(list);
	json_pretty(all, &text);
	if (json_object_size(all) > 0 || file_exists(path))
		e = file_update(path, buf_text(&text), text.len, 0600, NULL);
out:
	if (fd >= 0)
		close(fd);
	json_decref(all);
	buf_fini(&text);
	free(path);
	return e;
}

struct err *
retry_write(const struct fleet *fleet)
{
	char		*dir = user_state_dir();
	struct err	*e;

	if (dir == NULL)
		return NULL;
	if ((e = dir_make(dir, 0700)) == NULL)
		e = update(dir, fleet);
	free(dir);
	return e;
}
