/* repo: the files of a directory in a git tree. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/tree.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"
#include "repo/libgit2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINKS_MAX	40u	/* on one path, as Linux has it */
#define MODULES_DEEP	8u	/* submodules in submodules */

struct tree_file {
	char		*path;
	git_oid		 id;
	git_filemode_t	 mode;
	git_repository	*git;		/* that has it: the tree's, or a submodule's, */
	size_t		 skip;		/* in which it is at what comes behind so much of the path */
};

struct tree {
	git_repository		 *git;
	char			 *inside;	/* where the directory is in its repository, "" or "a/b/" */
	struct tree_file	 *files;	/* directories too; sorted by path */
	size_t			  count, cap;
	git_repository		**modules;
	size_t			  module_count;
};

/* A tree that is being gone through. */
struct gather {
	struct tree	*tree;
	git_repository	*git;
	const char	*inside;	/* where it is in the repository, "" or "a/b/" */
	const char	*prefix;	/* and where below the directory that was asked for */
	unsigned	 depth;
	struct err	*error;
};

NODISCARD
static struct err	*gather_tree(struct gather *gather, const git_tree *root);

static void
add_file(struct tree *tree, const struct tree_file *file)
{
	if (tree->count == tree->cap) {
		tree->cap = tree->cap == 0 ? 256 : tree->cap * 2;
		tree->files = xrealloc(tree->files, tree->cap, sizeof(*tree->files));
	}
	tree->files[tree->count++] = *file;
}

/* The tree of the commit that the work tree's clone of a submodule has. */
NODISCARD
static struct err *
module_tree(git_tree **out, git_repository *module, const git_oid *id, const char *path)
{
	git_commit	*commit = NULL;
	char		 hex[11];
	struct err	*e = NULL;

	if (git_commit_lookup(&commit, module, id) != 0 || git_commit_tree(out, commit) != 0)
		e = err_hint(err_new(ERR_FAILED, "%s: commit %s of this submodule is not here", path,
		    git_oid_tostr(hex, sizeof(hex), id)), "run \"git -C %s fetch\"", path);
	git_commit_free(commit);
	return e;
}

/* A submodule at `path` of the repository; what is not cloned is empty, as it is in the work tree. */
NODISCARD
static struct err *
gather_module(const struct gather *outer, const char *path, const char *prefix, const git_oid *id)
{
	const char	*top = git_repository_workdir(outer->git);
	char		*full = path_join(top == NULL ? "" : top, path), *below = xasprintf("%s/", prefix);
	struct gather	 inner = { .tree = outer->tree, .inside = "", .prefix = below, .depth = outer->depth + 1 };
	struct tree	*tree = outer->tree;
	git_tree	*root = NULL;
	struct err	*e = NULL;

	if (inner.depth > MODULES_DEEP || top == NULL || git_repository_open(&inner.git, full) != 0)
		goto out;
	tree->modules = xrealloc(tree->modules, tree->module_count + 1, sizeof(git_repository *));
	tree->modules[tree->module_count++] = inner.git;
	if ((e = module_tree(&root, inner.git, id, path)) == NULL)
		e = gather_tree(&inner, root);
out:
	git_tree_free(root);
	free(full);
	free(below);
	return e;
}

static int
on_entry(const char *dir, const git_tree_entry *entry, void *payload)
{
	struct gather		*gather = payload;
	const char		*name = git_tree_entry_name(entry);
	struct tree_file	 file = { .git = gather->git, .skip = strlen(gather->prefix) };
	char			*inside;

	file.path = xasprintf("%s%s%s", gather->prefix, dir, name);
	file.id = *git_tree_entry_id(entry);
	file.mode = git_tree_entry_filemode(entry);
	if (file.mode == GIT_FILEMODE_COMMIT) {
		inside = xasprintf("%s%s%s", gather->inside, dir, name);
		gather->error = gather_module(gather, inside, file.path, &file.id);
		free(inside);
		file.mode = GIT_FILEMODE_TREE;
	}
	add_file(gather->tree, &file);
	return gather->error == NULL ? 0 : -1;
}

static struct err *
gather_tree(struct gather *gather, const git_tree *root)
{
	if (git_tree_walk(root, GIT_TREEWALK_PRE, on_entry, gather) != 0 && gather->error == NULL)
		return git_err(git_repository_path(gather->git), "read a tree");
	return gather->error;
}

static int
by_path(const void *a, const void *b)
{
	const struct tree_file	*first = a, *second = b;

	return strcmp(first->path, second->path);
}

/* The first part of `below` that is a submodule: its length, and which commit; 0 when there is none. */
static size_t
find_module(const git_tree *root, const char *below, git_oid *id)
{
	git_tree_entry	*entry = NULL;
	size_t		 n = 0, found = 0;
	char		*part;

	while (found == 0 && below[n] != '\0') {
		n += below[n] == '/';
		n += strcspn(below + n, "/");
		part = xstrndup(below, n);
		if (git_tree_entry_bypath(&entry, root, part) != 0) {
			free(part);
			break;
		}
		if (git_tree_entry_filemode(entry) == GIT_FILEMODE_COMMIT)
			found = n;
		*id = *git_tree_entry_id(entry);
		git_tree_entry_free(entry);
		free(part);
	}
	return found;
}

/* The directory is in a submodule, or is one: go on there.  The module is the tree's from then on. */
NODISCARD
static struct err *
enter_module(git_repository **git, git_tree **root, const char **below, struct tree *tree, size_t len,
    const git_oid *id)
{
	char		*path = xstrndup(*below, len);
	char		*full = path_join(git_repository_workdir(*git), path);
	git_repository	*module = NULL;
	git_tree	*inner = NULL;
	struct err	*e = NULL;

	if (git_repository_open(&module, full) != 0) {
		e = err_hint(err_new(ERR_FAILED, "%s: this submodule is not checked out", path),
		    "run \"git submodule update --init\"");
	} else {
		tree->modules = xrealloc(tree->modules, tree->module_count + 1, sizeof(git_repository *));
		tree->modules[tree->module_count++] = module;
		e = module_tree(&inner, module, id, path);
	}
	if (e == NULL) {
		git_tree_free(*root);
		*root = inner;
		*git = module;
		*below += len + ((*below)[len] == '/');
	}
	free(path);
	free(full);
	return e;
}

/* The directory `below` of the tree, a new reference; NULL when it is none. */
static git_tree *
find_directory(git_repository *git, git_tree *root, const char *below)
{
	git_tree_entry	*entry = NULL;
	git_tree	*found = NULL;

	if (*below == '\0') {
		git_tree_dup(&found, root);
		return found;
	}
	if (git_tree_entry_bypath(&entry, root, below) == 0 && git_tree_entry_type(entry) == GIT_OBJECT_TREE &&
	    git_tree_lookup(&found, git, git_tree_entry_id(entry)) != 0)
		found = NULL;
	git_tree_entry_free(entry);
	return found;
}

struct err *
tree_read_all(struct tree **out, git_repository *git, const git_tree *root, const char *below)
{
	struct tree	*tree = xcalloc(1, sizeof(*tree));
	struct gather	 gather = { .tree = tree, .prefix = "" };
	git_tree	*top = NULL, *directory = NULL;
	git_oid		 id;
	size_t		 len;
	struct err	*e = NULL;

	*out = NULL;
	if (git_tree_dup(&top, (git_tree *)(uintptr_t)root) != 0)
		abort();	/* out of memory */
	while (e == NULL && (len = find_module(top, below, &id)) > 0)
		e = enter_module(&git, &top, &below, tree, len, &id);
	if (e == NULL && (directory = find_directory(git, top, below)) != NULL) {
		tree->git = gather.git = git;
		gather.inside = tree->inside = xasprintf("%s%s", below, *below == '\0' ? "" : "/");
		e = gather_tree(&gather, directory);
	}
	if (e == NULL && directory != NULL) {
		qsort(tree->files, tree->count, sizeof(*tree->files), by_path);
		*out = tree;
		tree = NULL;
	}
	tree_free(tree);
	git_tree_free(directory);
	git_tree_free(top);
	return e;
}

void
tree_free(struct tree *tree)
{
	if (tree == NULL)
		return;
	for (size_t i = 0; i < tree->count; i++)
		free(tree->files[i].path);
	for (size_t i = 0; i < tree->module_count; i++)
		git_repository_free(tree->modules[i]);
	free(tree->inside);
	free(tree->files);
	free(tree->modules);
	free(tree);
}

git_repository *
tree_git(const struct tree *tree)
{
	return tree->git;
}

const char *
tree_inside(const struct tree *tree)
{
	return tree->inside;
}

/* The number of the first file whose path does not come before this one. */
static size_t
position(const struct tree *tree, const char *path)
{
	size_t	 low = 0, high = tree->count;

	while (low < high) {
		size_t	 middle = low + (high - low) / 2;

		if (strcmp(tree->files[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct tree_file *
find(const struct tree *tree, const char *path)
{
	size_t	 at = position(tree, path);

	return at < tree->count && strcmp(tree->files[at].path, path) == 0 ? &tree->files[at] : NULL;
}

/* On the way along a path. */
struct way {
	const struct tree	*tree;
	const struct tree_file	*file;
	struct buf		 at, rest;
	unsigned		 links;
	bool			 linked;	/* what the path itself names is a link */
};

static bool
go_up(struct buf *at)
{
	if (at->len == 0)
		return false;
	while (at->len > 0 && at->data[at->len - 1] != '/')
		at->len--;
	at->len -= at->len > 0;
	at->data[at->len] = '\0';
	return true;
}

/* What the link says comes before the rest of the way. */
static int
follow(struct way *way)
{
	git_blob	*blob = NULL;
	struct buf	 rest = { 0 };
	int		 failed = 0;

	if (++way->links > LINKS_MAX)
		return ELOOP;
	if (git_blob_lookup(&blob, way->file->git, &way->file->id) != 0)
		return EIO;
	buf_add(&rest, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));
	git_blob_free(blob);
	if (*buf_text(&rest) == '/')
		failed = EXDEV;
	if (way->rest.len == 0)
		way->linked = true;
	else
		buf_addf(&rest, "/%s", buf_text(&way->rest));
	go_up(&way->at);
	buf_fini(&way->rest);
	way->rest = rest;
	way->file = NULL;
	return failed;
}

static int
step(struct way *way, const char *name)
{
	if (*name == '\0' || strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		if (!go_up(&way->at))
			return EXDEV;
		way->file = find(way->tree, buf_text(&way->at));
		return 0;
	}
	if (way->file != NULL && way->file->mode != GIT_FILEMODE_TREE)
		return ENOTDIR;
	buf_addf(&way->at, "%s%s", way->at.len > 0 ? "/" : "", name);
	way->file = find(way->tree, buf_text(&way->at));
	return way->file != NULL && way->file->mode == GIT_FILEMODE_LINK ? follow(way) : 0;
}

int
tree_find(const struct tree *tree, const char *path, struct tree_spot *spot)
{
	struct way	 way = { .tree = tree };
	int		 failed = *path == '/' ? EXDEV : 0;
	size_t		 n;
	char		*name;

	*spot = (struct tree_spot){ 0 };
	buf_adds(&way.rest, path);
	while (failed == 0 && way.rest.len > 0) {
		n = strcspn(buf_text(&way.rest), "/");
		name = xstrndup(buf_text(&way.rest), n);
		buf_drop(&way.rest, n + (way.rest.data[n] == '/'));
		failed = step(&way, name);
		free(name);
	}
	buf_fini(&way.rest);
	spot->path = buf_take(&way.at);
	spot->linked = way.linked;
	if (failed != 0)
		return failed;
	spot->file = way.file;
	if (way.file != NULL && way.file->mode != GIT_FILEMODE_TREE)
		spot->type = REPO_FILE;
	else if (way.file != NULL || *spot->path == '\0')
		spot->type = REPO_DIRECTORY;
	return 0;
}

void
tree_spot_fini(struct tree_spot *spot)
{
	free(spot->path);
	*spot = (struct tree_spot){ 0 };
}

struct err *
tree_read(const struct tree *tree, const struct tree_spot *spot, size_t max, struct buf *out)
{
	git_blob_filter_options	 options;
	const struct tree_file	*file = spot->file;
	git_blob		*blob = NULL;
	git_buf			 text = { 0 };
	char			*inside = xasprintf("%s%s", file->skip == 0 ? tree->inside : "", file->path + file->skip);
	struct err		*e = NULL;

	git_blob_filter_options_init(&options, GIT_BLOB_FILTER_OPTIONS_VERSION);	/* fails on other versions only */
	if (git_blob_lookup(&blob, file->git, &file->id) == 0 && (size_t)git_blob_rawsize(blob) > max)
		e = err_new(ERR_FAILED, "%s: larger than %zu bytes", spot->path, max);
	else if (blob == NULL || git_blob_filter(&text, blob, inside, &options) != 0)
		e = git_err(spot->path, "read it from git");
	else
		buf_add(out, text.ptr, text.size);
	git_buf_dispose(&text);
	git_blob_free(blob);
	free(inside);
	return e;
}

void
tree_list(const struct tree *tree, const struct tree_spot *spot, struct strs *out)
{
	char	*prefix = *spot->path == '\0' ? xstrdup("") : xasprintf("%s/", spot->path);
	size_t	 n = strlen(prefix);

	for (size_t i = position(tree, prefix); i < tree->count && str_starts(tree->files[i].path, prefix); i++) {
		if (strchr(tree->files[i].path + n, '/') == NULL)
			strs_add(out, tree->files[i].path + n);
	}
	free(prefix);
}
