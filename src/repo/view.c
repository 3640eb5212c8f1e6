/* repo: a directory as it is in a git tree, and on disk what git does not track. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/view.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"
#include "repo/internal.h"
#include "repo/libgit2.h"
#include "repo/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct view {
	struct tree	*tree;
	git_index	*index;		/* NULL when it cannot be read: then all is tracked */
	char		*disk;
	git_repository	*owned;
};

struct view *
view_new(struct tree *take_tree, const char *disk)
{
	struct view	*view = xcalloc(1, sizeof(*view));

	view->tree = take_tree;
	view->disk = xstrdup(disk);
	if (git_repository_index(&view->index, tree_git(take_tree)) != 0)
		view->index = NULL;
	return view;
}

void
view_own(struct view *view, git_repository *take_git)
{
	view->owned = take_git;
}

void
view_free(struct view *view)
{
	if (view == NULL)
		return;
	git_index_free(view->index);
	tree_free(view->tree);
	if (view->owned != NULL) {
		git_repository_free(view->owned);
		git_libgit2_shutdown();
	}
	free(view->disk);
	free(view);
}

/*
 * Whether `path`, which the tree does not have, is on disk and git leaves it alone.  What git tracks now belongs to
 * other states than this one, if it is not in the tree.
 */
static bool
untracked(const struct view *view, const char *path)
{
	char	*full = path_join(view->disk, path), *inside;
	int	 ignored = 0;

	if (*path != '\0' && view->index != NULL && file_exists(full)) {
		inside = xasprintf("%s%s", tree_inside(view->tree), path);
		if (git_index_get_bypath(view->index, inside, 0) != NULL ||
		    git_ignore_path_is_ignored(&ignored, tree_git(view->tree), inside) != 0)
			ignored = 0;
		free(inside);
	}
	free(full);
	return ignored != 0;
}

NODISCARD
static struct err *
missing(const char *path, const struct view *view, int why)
{
	if (why == EXDEV)
		return err_new(ERR_CONFIG, "%s: leads outside %s", path, view->disk);
	errno = why;
	return err_errno(ERR_FAILED, "%s", path);
}

struct err *
view_read(const struct view *view, const char *path, struct buf *out)
{
	struct tree_spot	 spot;
	int			 failed = tree_find(view->tree, path, &spot);
	struct err		*e;

	if (failed != 0)
		e = missing(path, view, failed);
	else if (spot.type == REPO_FILE)
		e = tree_read(view->tree, &spot, REPO_FILE_MAX, out);
	else if (spot.type == REPO_DIRECTORY)
		e = err_new(ERR_FAILED, "%s: not a regular file", path);
	else if (untracked(view, spot.path))
		e = file_read_beneath(view->disk, spot.path, REPO_FILE_MAX, out);
	else
		e = missing(path, view, ENOENT);
	tree_spot_fini(&spot);
	return e;
}

/* A file that git does not track, on disk. */
static enum repo_type
disk_type(const struct view *view, const char *path)
{
	char		*full = path_join(view->disk, path);
	struct stat	 st;
	enum repo_type	 type = REPO_NOTHING;

	if (stat(full, &st) == 0)
		type = S_ISREG(st.st_mode) ? REPO_FILE : S_ISDIR(st.st_mode) ? REPO_DIRECTORY : REPO_OTHER;
	free(full);
	return type;
}

enum repo_type
view_type(const struct view *view, const char *path)
{
	struct tree_spot	 spot;
	enum repo_type		 type = REPO_NOTHING;

	if (tree_find(view->tree, path, &spot) == 0) {
		type = spot.type;
		if (type == REPO_NOTHING && untracked(view, spot.path))
			type = disk_type(view, spot.path);
	}
	if (spot.linked && type != REPO_FILE)
		type = REPO_OTHER;
	tree_spot_fini(&spot);
	return type;
}

bool
view_has(const struct view *view, const char *path)
{
	struct tree_spot	 spot;
	bool			 found = tree_find(view->tree, path, &spot) == 0, has;

	/* A link that leads nowhere is there, so that reading it can say what is wrong. */
	has = spot.linked || (found && (spot.type != REPO_NOTHING || untracked(view, spot.path)));
	tree_spot_fini(&spot);
	return has;
}

/* Add the names on disk that git leaves alone; a directory of the tree may hold private keys. */
NODISCARD
static struct err *
add_untracked(const struct view *view, const char *dir, struct strs *out)
{
	struct strs	 names = { 0 };
	char		*full = path_join(view->disk, dir), *path;
	size_t		 tracked = out->count, at = 0;
	struct err	*e;

	if ((e = check_inside(view->disk, *dir == '\0' ? "." : dir)) == NULL)
		e = dir_list(full, &names);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		while (at < tracked && strcmp(out->items[at], names.items[i]) < 0)
			at++;
		if (at < tracked && strcmp(out->items[at], names.items[i]) == 0)
			continue;
		path = *dir == '\0' ? xstrdup(names.items[i]) : path_join(dir, names.items[i]);
		if (untracked(view, path))
			strs_add(out, names.items[i]);
		free(path);
	}
	free(full);
	strs_fini(&names);
	return e;
}

struct err *
view_list(const struct view *view, const char *dir, struct strs *out)
{
	struct tree_spot	 spot;
	struct err		*e = NULL;
	int			 failed = tree_find(view->tree, dir, &spot);
	bool			 there = spot.type == REPO_DIRECTORY;

	if (failed == EXDEV) {
		e = err_at(ERR_CONFIG, &(struct place){ .path = dir }, "leads out of %s", view->disk);
	} else if (failed == 0 && spot.type != REPO_FILE) {
		if (there)
			tree_list(view->tree, &spot, out);
		if (there || disk_type(view, spot.path) == REPO_DIRECTORY)
			e = add_untracked(view, spot.path, out);
		strs_sort(out);
	}
	tree_spot_fini(&spot);
	return e;
}
