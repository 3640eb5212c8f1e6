/* repo: the files of a directory in a git tree. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_TREE_H
#define REPO_TREE_H

#include "repo/repo.h"

#include <git2.h>

struct buf;
struct tree;

/*
 * All files below the directory `below` ("" or "a/b") of a git tree.  Of a submodule they are those of the commit
 * that the tree names, when the submodule is checked out in the work tree; else its directory is empty.  *out is
 * the caller's, tree_free(), and borrows `git`; it is NULL when there is no such directory.
 */
NODISCARD
struct err	*tree_read_all(struct tree **out, git_repository *git, const git_tree *root, const char *below);
void		 tree_free(struct tree *tree);

/* The repository that has the directory, borrowed: a submodule's where it is in one.  And where it is in there, "" or "a/b/". */
git_repository	*tree_git(const struct tree *tree);
const char	*tree_inside(const struct tree *tree);

/* What a path leads to. */
struct tree_spot {
	char			*path;	/* where links lead: below the tree's directory; "" is itself.  tree_spot_fini() */
	const struct tree_file	*file;	/* NULL for what the tree does not have, and for its directory itself */
	enum repo_type		 type;	/* of that; never REPO_OTHER */
	bool			 linked;	/* the path itself names a link; known even when it leads nowhere */
};

/*
 * Go along `path` as openat2(2) with RESOLVE_BENEATH goes: 0, EXDEV when it leads out of the tree's directory, ELOOP,
 * ENOTDIR, or EIO when a link cannot be read.  tree_spot_fini() in any case.
 */
int		 tree_find(const struct tree *tree, const char *path, struct tree_spot *spot);
void		 tree_spot_fini(struct tree_spot *spot);

/* Append a file's content, as a check out would write it.  Fails when it is larger than `max` bytes. */
NODISCARD
struct err	*tree_read(const struct tree *tree, const struct tree_spot *spot, size_t max, struct buf *out);

/* The names in the directory that was found, sorted bytewise. */
void		 tree_list(const struct tree *tree, const struct tree_spot *spot, struct strs *out);

#endif
