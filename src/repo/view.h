/* repo: a directory as it is in a git tree, and on disk what git does not track. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_VIEW_H
#define REPO_VIEW_H

#include "repo/repo.h"

struct buf;
struct git_repository;
struct strs;
struct tree;
struct view;

/* Takes the tree; `disk` is where its directory is in the work tree. */
struct view	*view_new(struct tree *take_tree, const char *disk);
void		 view_free(struct view *view);

/* Let view_free() free the repository too, and end libgit2. */
void		 view_own(struct view *view, struct git_repository *take_git);

/* As repo_read(), repo_has(), repo_type() and repo_list(), which call these. */
NODISCARD
struct err	*view_read(const struct view *view, const char *path, struct buf *out);
bool		 view_has(const struct view *view, const char *path);
enum repo_type	 view_type(const struct view *view, const char *path);

/* All names in a directory, sorted; none when it is missing. */
NODISCARD
struct err	*view_list(const struct view *view, const char *dir, struct strs *out);

#endif
