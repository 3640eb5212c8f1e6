/* vault: several files of an instance that change all together or not at all. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/batch.h"

#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "vault/keyring.h"
#include "vault/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VAULT		"vault"
#define STAGE		"vault/.new"
#define LIST		"vault/.new/list"
#define LIST_MAX	(16u << 20)
#define FILE_MODE	0644		/* encrypted, or public */

static struct batch_file *
find(struct batch_file *items, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(items[i].path, path) == 0)
			return &items[i];
	}
	return NULL;
}

static struct batch_file *
append(struct batch_file **items, size_t *count, const char *path)
{
	*items = xrealloc(*items, *count + 1, sizeof(**items));
	(*items)[*count] = (struct batch_file){ .path = xstrdup(path) };
	return &(*items)[(*count)++];
}

static struct batch_file *
add(struct batch *batch, const char *path)
{
	struct batch_file *item = find(batch->items, batch->count, path);

	if (item == NULL)
		return append(&batch->items, &batch->count, path);
	buf_clear(&item->data);
	item->remove = false;
	return item;
}

void
batch_add(struct batch *batch, const char *path, const void *data, size_t len)
{
	buf_add(&add(batch, path)->data, data, len);
}

void
batch_remove(struct batch *batch, const char *path)
{
	add(batch, path)->remove = true;
}

void
batch_expect(struct batch *batch, const char *path, const struct buf *text)
{
	if (find(batch->expected, batch->expected_count, path) == NULL)
		buf_add(&append(&batch->expected, &batch->expected_count, path)->data, buf_text(text), text->len);
}

static void
free_files(struct batch_file *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(items[i].path);
		buf_fini(&items[i].data);
	}
	free(items);
}

void
batch_fini(struct batch *batch)
{
	free_files(batch->items, batch->count);
	free_files(batch->expected, batch->expected_count);
	*batch = (struct batch){ .repo = batch->repo };
}

/* The list may come with a repository that somebody else made. */
static bool
path_allowed(const char *path, bool removed)
{
	static const char *const homes[] = { "vault/", "secrets/", "files/" };

	if (strstr(path, "/../") != NULL || str_ends(path, "/..") || str_ends(path, "/"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		if (str_starts(path, homes[i]))
			return true;
	}
	return removed && str_starts(path, "users/");
}

static int
open_beneath(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Open the directory that `path` is in, made where it is missing; *name is the path's last part.  -1 with errno. */
static int
open_parent(int root, const char *path, const char **name)
{
	int		 dir = fcntl(root, F_DUPFD_CLOEXEC, 0), below;
	const char	*slash;

	for (; dir >= 0 && (slash = strchr(path, '/')) != NULL; path = slash + 1) {
		char *part = xstrndup(path, (size_t)(slash - path));

		(void)!mkdirat(dir, part, 0755);	/* it mostly is there */
		below = open_beneath(dir, part);
		close(dir);
		dir = below;
		free(part);
	}
	*name = path;
	return dir;
}

/* Move STAGE/NUMBER to where it belongs, or remove what is there; both may have been done before. */
NODISCARD
static struct err *
carry_out(int root, size_t number, const char *path, bool removed)
{
	char		*staged = xasprintf(STAGE "/%zu", number);
	const char	*name;
	struct err	*e = NULL;
	int		 dir;

	if (!path_allowed(path, removed)) {
		e = err_hint(err_new(ERR_TRUST, LIST " names %s, which is no place of the vault's", path),
		    "remove the directory " STAGE " unless you know where it comes from");
		goto out;
	}
	if ((dir = open_parent(root, path, &name)) < 0) {
		e = err_errno(ERR_FAILED, "cannot write %s", path);
		goto out;
	}
	if ((removed ? unlinkat(dir, name, 0) : renameat(root, staged, dir, name)) != 0 && errno != ENOENT)
		e = err_errno(ERR_FAILED, "cannot %s %s", removed ? "remove" : "write", path);
	close(dir);
out:
	free(staged);
	return e;
}

NODISCARD
static struct err *
carry_out_list(const struct repo *repo, const json_t *list)
{
	int		 root = open(repo->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char		*stage = path_join(repo->root, STAGE), *file = path_join(repo->root, LIST);
	struct err	*e = root < 0 ? err_errno(ERR_FAILED, "cannot open %s", repo->root) : NULL;
	json_t		*row;
	size_t		 i;

	json_array_foreach(list, i, row) {
		if (e == NULL && json_str(row, "path") != NULL)
			e = carry_out(root, i, json_str(row, "path"), json_bool(row, "remove"));
	}
	/* All of it is on disk, in directories at many places, before the list goes. */
	if (e == NULL)
		e = file_sync_all(stage);
	if (e == NULL && unlink(file) != 0 && errno != ENOENT)
		e = err_errno(ERR_FAILED, "cannot remove " LIST);
	if (e == NULL)
		e = dir_remove(stage);
	if (root >= 0)
		close(root);
	free(stage);
	free(file);
	return e;
}

/* One at a time; the lock goes with the descriptor. */
struct err *
batch_lock(const struct repo *repo, int *out)
{
	char		*path = path_join(repo->root, VAULT);
	struct err	*e = NULL;

	*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out < 0 ? errno != ENOENT : flock(*out, LOCK_EX) != 0)
		e = err_errno(ERR_FAILED, "cannot lock the vault");
	free(path);
	return e;
}

NODISCARD
static struct err *
recover_locked(const struct repo *repo)
{
	char		*stage = path_join(repo->root, STAGE);
	struct buf	 text = { 0 };
	json_t		*list = NULL;
	struct err	*e = NULL;

	if (!file_exists(stage))
		goto out;
	if (!repo_has(repo, LIST)) {
		e = dir_remove(stage);
		goto out;
	}
	if ((e = file_read_beneath(repo->root, LIST, LIST_MAX, &text)) != NULL)
		goto out;
	if (!json_is_array(list = json_loadb(text.data, text.len, 0, NULL)))
		e = err_hint(err_new(ERR_TRUST, LIST " is broken"), "remove the directory " STAGE
		    " unless you know where it comes from");
	else
		e = carry_out_list(repo, list);
out:
	json_decref(list);
	buf_fini(&text);
	free(stage);
	return e;
}

struct err *
batch_recover(const struct repo *repo)
{
	char		*stage = path_join(repo->root, STAGE);
	struct err	*e = NULL;
	int		 fd = -1;

	if (!repo->read_only && file_exists(stage) && (e = batch_lock(repo, &fd)) == NULL)
		e = recover_locked(repo);
	if (fd >= 0)
		close(fd);
	free(stage);
	return e;
}

/* Write STAGE/0, STAGE/1, ... and the list of what they are. */
NODISCARD
static struct err *
stage_all(const struct batch *batch)
{
	char		*stage = path_join(batch->repo->root, STAGE), *file;
	json_t		*list = json_array(), *row;
	struct buf	 text = { 0 };
	struct err	*e = dir_make(stage, 0700);

	for (size_t i = 0; e == NULL && i < batch->count; i++) {
		const struct batch_file *item = &batch->items[i];

		row = json_object();
		json_object_set_new(row, "path", json_string(item->path));
		json_object_set_new(row, "remove", json_boolean(item->remove));
		json_array_append_new(list, row);
		if (item->remove)
			continue;
		file = xasprintf("%s/%zu", stage, i);
		e = file_write_unsynced(file, buf_text(&item->data), item->data.len, FILE_MODE);
		free(file);
	}
	if (e == NULL)
		e = file_sync_all(stage);
	if (e == NULL) {
		json_canonical(list, &text);
		file = path_join(batch->repo->root, LIST);
		e = file_write(file, text.data, text.len, 0600);
		free(file);
	}
	if (e == NULL)
		e = carry_out_list(batch->repo, list);
	else
		err_free(dir_remove(stage));
	json_decref(list);
	buf_fini(&text);
	free(stage);
	return e;
}

NODISCARD
static struct err *
check_batch(const struct batch *batch)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < batch->count; i++) {
		if (!path_allowed(batch->items[i].path, batch->items[i].remove))
			e = err_new(ERR_FAILED, "%s is no place of the vault's", batch->items[i].path);
	}
	for (size_t i = 0; e == NULL && i < batch->expected_count; i++) {
		const struct batch_file *file = &batch->expected[i];

		buf_clear(&text);
		if (repo_has(batch->repo, file->path) && (e = repo_read(batch->repo, file->path, &text)) != NULL)
			break;
		if (text.len != file->data.len || memcmp(buf_text(&text), buf_text(&file->data), text.len) != 0)
			e = err_hint(err_new(ERR_FAILED, "%s has changed meanwhile, nothing was written", file->path),
			    "another leap was at work, or git: run it again");
	}
	buf_fini(&text);
	return e;
}

/* One file alone is there or not, and needs no list. */
NODISCARD
static struct err *
write_files(const struct batch *batch)
{
	const struct batch_file *only = batch->items;

	if (batch->count == 1 && !only->remove)
		return repo_write(batch->repo, only->path, buf_text(&only->data), only->data.len, FILE_MODE, NULL);
	return stage_all(batch);
}

struct err *
batch_commit(struct batch *batch)
{
	char		*vault = path_join(batch->repo->root, VAULT);
	struct err	*e;
	int		 fd = -1;

	if (batch->count == 0) {
		free(vault);
		return NULL;
	}
	if ((e = dir_make(vault, 0755)) == NULL && (e = batch_lock(batch->repo, &fd)) == NULL &&
	    (e = recover_locked(batch->repo)) == NULL && (e = check_batch(batch)) == NULL &&
	    (e = memory_own_batch(batch)) == NULL)
		e = write_files(batch);
	if (e != NULL)
		keyring_unfinished(batch->repo);
	if (fd >= 0)
		close(fd);
	free(vault);
	return e;
}
