/* repo: the instance as it is in a git revision, in the index, or with one edit of the work tree. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"
#include "repo/internal.h"
#include "repo/libgit2.h"
#include "repo/tree.h"
#include "repo/view.h"

#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Before all other backends: what is written goes into memory. */
#define MEMORY_FIRST	999

/* libgit2, and the repository of an instance. */
struct opened {
	git_repository	*git;
	char		*root;		/* of the instance, without links */
	char		*below;		/* where that is below the top of the work tree */
};

static void
opened_fini(struct opened *opened)
{
	git_repository_free(opened->git);
	git_libgit2_shutdown();
	free(opened->root);
	free(opened->below);
}

/* opened_fini() whatever comes of it. */
NODISCARD
static struct err *
open_git(struct opened *opened, const struct repo *here)
{
	struct err *e;

	*opened = (struct opened){ .root = realpath(here->root, NULL) };
	if (git_libgit2_init() < 0)
		return git_err(here->root, "start libgit2");
	if ((e = git_open_above(&opened->git, here->root)) != NULL)
		return e;
	if (opened->root == NULL || (opened->below = git_below(opened->git, opened->root)) == NULL)
		return err_new(ERR_CONFIG, "%s: not in the work tree of its git repository", here->root);
	return NULL;
}

/* The branch or tag that a revision was most likely meant to be; the caller's, free(). */
static char *
nearest_revision(git_repository *git, const char *word)
{
	struct strs		 names = { 0 };
	git_reference_iterator	*all = NULL;
	git_reference		*one;
	const char		*near;
	char			*found;

	if (git_reference_iterator_new(&all, git) == 0) {
		while (git_reference_next(&one, all) == 0) {
			strs_add(&names, git_reference_shorthand(one));
			git_reference_free(one);
		}
	}
	git_reference_iterator_free(all);
	strs_add(&names, "HEAD");
	strs_sort(&names);
	near = strs_nearest(&names, word);
	found = near == NULL ? NULL : xstrdup(near);
	strs_fini(&names);
	return found;
}

NODISCARD
static struct err *
no_revision(git_repository *git, const char *word, int rc)
{
	struct err	*e;
	char		*near;

	if (git_repository_head_unborn(git) == 1)
		return err_hint(err_new(ERR_USAGE, "no revision \"%s\": nothing was committed yet", word),
		    "run \"git add -A && git commit\"");
	if (rc == GIT_EAMBIGUOUS)
		return err_hint(err_new(ERR_USAGE, "revision \"%s\" is ambiguous", word), "give more digits of it");
	e = err_new(ERR_USAGE, "no revision \"%s\"", word);
	if ((near = nearest_revision(git, word)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	else
		e = err_hint(e, "\"git log --oneline\" lists the commits, \"git tag\" the tags");
	free(near);
	return e;
}

/* As git_revparse_single(), which does not know that "@" alone is HEAD (libgit2 1.5). */
static int
revparse(git_object **out, git_repository *git, const char *word)
{
	char	*head;
	int	 rc;

	if (*word != '@' || (word[1] != '\0' && strchr("~^:", word[1]) == NULL))
		return git_revparse_single(out, git, word);
	head = xasprintf("HEAD%s", word + 1);
	rc = git_revparse_single(out, git, head);
	free(head);
	return rc;
}

NODISCARD
static struct err *
revision_tree(git_tree **out, git_repository *git, const char *word)
{
	git_object	*object = NULL, *tree = NULL;
	struct err	*e = NULL;
	int		 rc = revparse(&object, git, word);

	if (rc != 0)
		e = no_revision(git, word, rc);
	else if (git_object_peel(&tree, object, GIT_OBJECT_TREE) != 0)
		e = err_hint(err_new(ERR_USAGE, "\"%s\" is no commit", word), "a revision is a commit, branch or tag");
	git_object_free(object);
	*out = (git_tree *)tree;
	return e;
}

/* A tree can only be had from a repository: let this one write into memory from now on. */
NODISCARD
static struct err *
write_to_memory(git_repository *git)
{
	git_odb		*odb = NULL;
	git_odb_backend	*memory = NULL;
	struct err	*e = NULL;

	if (git_repository_odb(&odb, git) != 0 || git_mempack_new(&memory) != 0) {
		e = git_err(git_repository_path(git), "read its objects");
	} else if (git_odb_add_backend(odb, memory, MEMORY_FIRST) != 0) {
		memory->free(memory);
		e = git_err(git_repository_path(git), "read its objects");
	}
	git_odb_free(odb);
	return e;
}

NODISCARD
static struct err *
index_tree(git_tree **out, git_repository *git)
{
	git_index	*index = NULL;
	git_oid		 id;
	struct err	*e = NULL;

	if ((e = write_to_memory(git)) != NULL)
		return e;
	if (git_repository_index(&index, git) == 0 && git_index_has_conflicts(index))
		e = err_hint(err_new(ERR_FAILED, "a merge left conflicts in the index"),
		    "\"git status\" lists the files; edit them and \"git add\" them");
	else if (index == NULL || git_index_write_tree(&id, index) != 0 || git_tree_lookup(out, git, &id) != 0)
		e = git_err(git_repository_path(git), "read its index");
	git_index_free(index);
	return e;
}

/* Make the index say of one file what the work tree does. */
static int
take_edit(git_index *index, git_repository *git, const git_diff_delta *delta)
{
	git_index_entry	 entry = { .path = delta->new_file.path, .mode = delta->new_file.mode };

	if (delta->status == GIT_DELTA_DELETED)
		return git_index_remove(index, delta->old_file.path, 0);
	if (delta->new_file.mode == GIT_FILEMODE_COMMIT)
		entry.id = delta->new_file.id;
	else if (git_blob_create_from_workdir(&entry.id, git, delta->new_file.path) != 0)
		return -1;
	return git_index_add(index, &entry);
}

/* How the work tree differs from HEAD at `path` and below. */
static int
diff_edit(git_diff **out, git_repository *git, git_tree *head, const char *path)
{
	git_diff_options	 options;
	char			*spec = xstrdup(path);
	int			 rc;

	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);	/* fails on other versions only */
	options.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS | GIT_DIFF_INCLUDE_TYPECHANGE |
	    GIT_DIFF_DISABLE_PATHSPEC_MATCH;
	options.pathspec.strings = &spec;
	options.pathspec.count = *path == '\0' ? 0 : 1;
	rc = git_diff_tree_to_workdir_with_index(out, git, head, &options);
	free(spec);
	return rc;
}

NODISCARD
static struct err *
edit_tree(git_tree **out, git_repository *git, const char *path)
{
	git_tree	*head = NULL;
	git_diff	*diff = NULL;
	git_index	*index = NULL;
	git_oid		 id;
	struct err	*e;
	int		 failed;

	if ((e = revision_tree(&head, git, "HEAD")) != NULL || (e = write_to_memory(git)) != NULL)
		goto out;
	failed = git_index_new(&index) != 0 || git_index_read_tree(index, head) != 0 ||
	    diff_edit(&diff, git, head, path) != 0;
	for (size_t i = 0; !failed && i < git_diff_num_deltas(diff); i++)
		failed = take_edit(index, git, git_diff_get_delta(diff, i)) != 0;
	if (failed || git_index_write_tree_to(&id, index, git) != 0 || git_tree_lookup(out, git, &id) != 0)
		e = git_err(path, "compare it with HEAD");
out:
	git_diff_free(diff);
	git_index_free(index);
	git_tree_free(head);
	return e;
}

/* Whether the index has something at `path` or below. */
static bool
is_tracked(git_repository *git, const char *path)
{
	git_index	*index = NULL;
	char		*prefix = xasprintf("%s/", path);
	bool		 tracked;

	tracked = git_repository_index(&index, git) == 0 &&
	    (git_index_get_bypath(index, path, 0) != NULL || git_index_find_prefix(NULL, index, prefix) == 0);
	git_index_free(index);
	free(prefix);
	return tracked;
}

/* The platform on disk: git does not track it, or it is somewhere else. */
NODISCARD
static struct err *
platform_on_disk(struct repo *repo, const char *path)
{
	if (repo->leapfile.platform != NULL && !file_exists(path))
		return no_platform(&repo->leapfile, path);
	return use_platform(path, &repo->platform, &repo->templates);
}

/* The platform as the same tree has it, when it is below the top of the work tree: `below`. */
NODISCARD
static struct err *
platform_in_git(struct repo *repo, git_repository *git, const git_tree *root, const char *path, const char *below)
{
	struct tree	*tree;
	char		*up;
	struct err	*e;

	if ((e = tree_read_all(&tree, git, root, below)) != NULL)
		return e;
	if (tree == NULL)
		return is_tracked(git, below) ? no_platform(&repo->leapfile, below) : platform_on_disk(repo, path);
	repo->platform = xstrdup(path);
	repo->platform_view = view_new(tree, path);
	up = parent_of(path);
	repo->templates = path_join(up, "templates");
	free(up);
	if (!repo_platform_has(repo, "common.json"))
		return err_new(ERR_CONFIG, "%s is no platform: it has no common.json", below);
	return NULL;
}

/* "a/b" of "a/./c/../b", for a directory that is not on disk any more. */
static char *
plain_path(const char *path)
{
	struct strs	 parts = { 0 }, plain = { 0 };
	struct buf	 text = { 0 };

	strs_split(&parts, path, '/');
	for (size_t i = 0; i < parts.count; i++) {
		if (strcmp(parts.items[i], "..") == 0 && plain.count > 0)
			strs_remove(&plain, plain.count - 1);
		else if (*parts.items[i] != '\0' && strcmp(parts.items[i], ".") != 0)
			strs_add(&plain, parts.items[i]);
	}
	buf_addc(&text, '/');
	strs_join(&plain, "/", &text);
	strs_fini(&parts);
	strs_fini(&plain);
	return buf_take(&text);
}

NODISCARD
static struct err *
find_platform(struct repo *repo, git_repository *git, const git_tree *root)
{
	char		*path = NULL, *real, *below;
	struct err	*e;

	if (repo->leapfile.platform != NULL) {
		path = user_path(repo->root, repo->leapfile.platform);
	} else {
		if ((e = repo_find_platform(&path, &repo->templates)) != NULL)
			return e;
		free(repo->templates);
		repo->templates = NULL;
	}
	if ((real = realpath(path, NULL)) == NULL)
		real = plain_path(path);
	if ((below = git_below(git, real)) != NULL)
		e = platform_in_git(repo, git, root, real, below);
	else
		e = platform_on_disk(repo, real);
	free(path);
	free(real);
	free(below);
	return e;
}

/* Errors of the Leapfile have its path; others say what is wrong by themselves. */
NODISCARD
static struct err *
open_tree(struct repo *repo, const struct opened *opened, const git_tree *root)
{
	struct tree	*tree;
	struct err	*e;

	repo->root = xstrdup(opened->root);
	if ((e = tree_read_all(&tree, opened->git, root, opened->below)) != NULL)
		return e;
	if (tree != NULL)
		repo->view = view_new(tree, opened->root);
	if (tree == NULL || !repo_has(repo, "Leapfile"))
		return err_at(ERR_CONFIG, &(struct place){ .path = "Leapfile" }, "there was none");
	if ((e = leapfile_read(repo)) == NULL)
		e = find_platform(repo, opened->git, root);
	return e;
}

NODISCARD
static struct err *
find_tree(git_tree **out, git_repository *git, enum repo_moment moment, const char *what)
{
	switch (moment) {
	case REPO_REVISION:
		return revision_tree(out, git, what);
	case REPO_INDEX:
		return index_tree(out, git);
	case REPO_EDIT:
		break;
	}
	return edit_tree(out, git, what);
}

struct err *
repo_open_at(struct repo **out, const struct repo *here, enum repo_moment moment, const char *what)
{
	struct repo	*repo = xcalloc(1, sizeof(*repo));
	struct opened	 opened;
	git_tree	*root = NULL;
	struct err	*e;

	repo->read_only = true;
	repo->keyring = here->keyring;
	if (moment != REPO_EDIT)
		repo->state = xstrdup(moment == REPO_REVISION ? what : "index");
	if ((e = open_git(&opened, here)) == NULL && (e = find_tree(&root, opened.git, moment, what)) == NULL &&
	    (e = open_tree(repo, &opened, root)) != NULL && repo->state != NULL)
		e = err_of(e, repo->state);
	git_tree_free(root);
	if (e == NULL) {
		view_own(repo->view, opened.git);
		opened.git = NULL;
		(void)git_libgit2_init();	/* the view's own */
		*out = repo;
		repo = NULL;
	}
	repo_close(repo);
	opened_fini(&opened);
	return e;
}

struct err *
repo_commit(const struct repo *here, const char *what, char out[65])
{
	struct opened	 opened;
	git_object	*object = NULL, *commit = NULL;
	struct err	*e = open_git(&opened, here);
	int		 rc = 0;

	out[0] = '\0';
	if (e == NULL && (rc = revparse(&object, opened.git, what)) != 0)
		e = no_revision(opened.git, what, rc);
	if (e == NULL && git_object_peel(&commit, object, GIT_OBJECT_COMMIT) != 0)
		e = err_hint(err_new(ERR_USAGE, "\"%s\" is no commit", what), "a revision is a commit, branch or tag");
	if (e == NULL)
		git_oid_tostr(out, 65, git_object_id(commit));
	git_object_free(object);
	git_object_free(commit);
	opened_fini(&opened);
	return e;
}

struct err *
repo_is_revision(const struct repo *here, const char *word, bool *is)
{
	struct opened	 opened;
	git_object	*object = NULL;
	struct err	*e = open_git(&opened, here);

	*is = e == NULL && revparse(&object, opened.git, word) == 0;
	git_object_free(object);
	opened_fini(&opened);
	return e;
}

/* The path without links but the last, as far as it exists; the caller's, free(). */
static char *
real_path(const char *path)
{
	char	 here[PATH_MAX] = "";
	char	*full, *up, *real, *result;

	if (getcwd(here, sizeof(here)) == NULL)
		here[0] = '\0';
	up = path_join(here, path);
	full = plain_path(up);
	free(up);
	up = parent_of(full);
	if ((real = realpath(up, NULL)) == NULL || strcmp(full, "/") == 0)
		result = xstrdup(full);
	else
		result = path_join(real, strrchr(full, '/') + 1);
	free(up);
	free(real);
	free(full);
	return result;
}

static bool
in_head(git_repository *git, const char *path)
{
	git_object	*tree = NULL;
	git_tree_entry	*entry = NULL;
	bool		 found;

	found = git_revparse_single(&tree, git, "HEAD^{tree}") == 0 &&
	    (*path == '\0' || git_tree_entry_bypath(&entry, (git_tree *)tree, path) == 0);
	git_tree_entry_free(entry);
	git_object_free(tree);
	return found;
}

/* *out is `below` when git can say something of it. */
NODISCARD
static struct err *
check_tracked(git_repository *git, const char *path, const char *full, const char *below, char **out)
{
	bool	 there = file_exists(full);
	int	 ignored = 0;

	if (below == NULL)
		return !there ? NULL : err_hint(err_new(ERR_USAGE, "%s is not in the git repository of this instance", path),
		    "only what git tracks has another state to compare with");
	if (!there && !in_head(git, below))
		return NULL;
	if (*below != '\0' && !is_tracked(git, below) && !in_head(git, below) &&
	    (git_ignore_path_is_ignored(&ignored, git, below) != 0 || ignored))
		return err_hint(err_new(ERR_USAGE, "git ignores %s", path),
		    "what .gitignore excludes is the same in every state");
	*out = xstrdup(below);
	return NULL;
}

struct err *
repo_tracked(const struct repo *here, const char *path, char **out)
{
	struct opened	 opened;
	char		*full = real_path(path), *below = NULL;
	struct err	*e;

	*out = NULL;
	if ((e = open_git(&opened, here)) == NULL) {
		below = git_below(opened.git, full);
		e = check_tracked(opened.git, path, full, below, out);
	}
	opened_fini(&opened);
	free(full);
	free(below);
	return e;
}
