/* repo: what the files of this room share of libgit2. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_LIBGIT2_H
#define REPO_LIBGIT2_H

#include "base/mem.h"

#include <git2.h>

/* ERR_FAILED, "ROOT: cannot WHAT: " and what libgit2 says of the call that failed last. */
NODISCARD
struct err	*git_err(const char *root, const char *what);

/*
 * The repository that the directory `root` is in; *out is the caller's, git_repository_free().  Between
 * git_libgit2_init() and git_libgit2_shutdown().  Fails with ERR_CONFIG and a hint when there is none.
 */
NODISCARD
struct err	*git_open_above(git_repository **out, const char *root);

/*
 * Where `root`, a real path, is below the top of the repository's work tree, "" or "a/b", the caller's, free();
 * NULL when it is elsewhere.
 */
char		*git_below(git_repository *git, const char *root);

#endif
