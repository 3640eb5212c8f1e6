/* repo: the instance in git, through libgit2. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_GIT_H
#define REPO_GIT_H

#include "base/mem.h"

#include <stdbool.h>

struct strs;

/* git init in `root` and a first commit of all files that .gitignore does not exclude. */
NODISCARD
struct err	*git_create(const char *root, const char *message);

struct git_state {
	char	 commit[65];	/* HEAD as hexadecimal digits; "" before the first commit */
	bool	 dirty;		/* tracked files differ from HEAD, or new ones are not ignored */
};

/*
 * What HEAD is and whether the tree is clean.  Fails with ERR_CONFIG and a
 * hint when `root` is not inside a git repository.
 */
NODISCARD
struct err	*git_state(struct git_state *state, const char *root);

/* Where `root` is in its repository: "", which is also outside of any, or "a/b/"; the caller's, free(). */
char		*git_prefix(const char *root);

/*
 * Add the paths, relative to `root`, of the private keys that git's index has: what is called so (".key"), and what
 * has one in it.  The index is that of the commit that git is about to make, if it is (GIT_INDEX_FILE).  Fails as git_state().
 */
NODISCARD
struct err	*git_tracked_keys(struct strs *out, const char *root);

/* The same of files with a content that matches. */
NODISCARD
struct err	*git_tracked_matching(struct strs *out, const char *root,
		    bool (*matches)(const char *text, size_t len));

#endif
