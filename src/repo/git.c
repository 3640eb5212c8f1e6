/* repo: the instance in git. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/git.h"

#include "base/err.h"
#include "repo/libgit2.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct err *
git_err(const char *root, const char *what)
{
	const git_error *last = git_error_last();

	return err_new(ERR_FAILED, "%s: cannot %s: %s", root, what,
	    last != NULL && last->message != NULL ? last->message : "no reason given");
}

/*
 * Who commits: what git is configured with, else the login name at this host,
 * as git itself would.
 */
NODISCARD
static struct err *
signature(git_signature **out, git_repository *git, const char *root)
{
	const struct passwd	*user;
	char			 host[256] = "";
	char			*email;
	const char		*name;
	int			 rc;

	if (git_signature_default(out, git) == 0)
		return NULL;
	user = getpwuid(geteuid());
	name = user != NULL ? user->pw_name : "leap";
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	email = xasprintf("%s@%s", name, host[0] != '\0' ? host : "localhost");
	rc = git_signature_now(out, name, email);
	free(email);
	return rc == 0 ? NULL : git_err(root, "sign a commit");
}

/* All files that are not ignored, as a tree. */
NODISCARD
static struct err *
write_tree(git_tree **out, git_repository *git, const char *root)
{
	git_index	*index = NULL;
	git_strarray	 all = { 0 };
	git_oid		 id;
	struct err	*e = NULL;

	if (git_repository_index(&index, git) != 0 ||
	    git_index_add_all(index, &all, GIT_INDEX_ADD_DEFAULT, NULL, NULL) != 0 ||
	    git_index_write(index) != 0 ||
	    git_index_write_tree(&id, index) != 0 ||
	    git_tree_lookup(out, git, &id) != 0)
		e = git_err(root, "add its files");
	git_index_free(index);
	return e;
}

NODISCARD
static struct err *
commit_all(git_repository *git, const char *root, const char *message)
{
	git_tree	*tree = NULL;
	git_signature	*who = NULL;
	git_oid		 id;
	struct err	*e;

	if ((e = write_tree(&tree, git, root)) != NULL ||
	    (e = signature(&who, git, root)) != NULL)
		goto out;
	if (git_commit_create(&id, git, "HEAD", who, who, NULL, message, tree, 0, NULL) != 0)
		e = git_err(root, "make the first commit");
out:
	git_signature_free(who);
	git_tree_free(tree);
	return e;
}

struct err *
git_create(const char *root, const char *message)
{
	git_repository	*git = NULL;
	struct err	*e;

	if (git_libgit2_init() < 0)
		return git_err(root, "start libgit2");
	if (git_repository_init(&git, root, 0) != 0)
		e = git_err(root, "make a git repository");
	else
		e = commit_all(git, root, message);
	git_repository_free(git);
	git_libgit2_shutdown();
	return e;
}

struct err *
git_open_above(git_repository **out, const char *root)
{
	git_buf	found = { 0 };
	int	rc = git_repository_open_ext(out, root, 0, NULL);

	if (rc == 0)
		return NULL;
	/* libgit2 1.5 says "not found" too when a repository is not the user's and no safe.directory is set. */
	if (rc == GIT_ENOTFOUND && git_repository_discover(&found, root, 0, NULL) == 0)
		rc = GIT_EOWNER;
	git_buf_dispose(&found);
	if (rc == GIT_ENOTFOUND)
		return err_hint(err_new(ERR_CONFIG, "%s: not inside a git repository", root),
		    "run \"git init && git add -A && git commit -m start\" there");
	if (rc == GIT_EOWNER)
		return err_hint(err_new(ERR_CONFIG, "%s: its git repository belongs to another user", root),
		    "if you trust it, run \"git config --global --add safe.directory %s\"", root);
	return git_err(root, "open its git repository");
}

char *
git_below(git_repository *git, const char *root)
{
	const char	*top = git_repository_workdir(git);	/* ends in a slash */
	size_t		 n = top == NULL ? 0 : strlen(top);

	if (n > 0 && strncmp(root, top, n - 1) == 0 && (root[n - 1] == '\0' || root[n - 1] == '/'))
		return xstrdup(root + n - (root[n - 1] == '\0'));
	return NULL;
}

char *
git_prefix(const char *root)
{
	git_repository	*git = NULL;
	char		*real = realpath(root, NULL), *below = NULL, *prefix;
	struct err	*e;

	if (real == NULL || git_libgit2_init() < 0) {
		free(real);
		return xstrdup("");
	}
	if ((e = git_open_above(&git, real)) == NULL)
		below = git_below(git, real);
	err_free(e);
	prefix = below == NULL || *below == '\0' ? xstrdup("") : xasprintf("%s/", below);
	free(below);
	free(real);
	git_repository_free(git);
	git_libgit2_shutdown();
	return prefix;
}

NODISCARD
static struct err *
read_head(struct git_state *state, git_repository *git, const char *root)
{
	git_oid	id;
	int	rc = git_reference_name_to_id(&id, git, "HEAD");

	if (rc == GIT_ENOTFOUND)
		return NULL;
	if (rc != 0)
		return git_err(root, "read HEAD");
	git_oid_tostr(state->commit, sizeof(state->commit), &id);
	return NULL;
}

/* An instance may be one directory of a larger repository: only what is below it counts. */
NODISCARD
static struct err *
read_dirty(struct git_state *state, git_repository *git, const char *root)
{
	git_status_options	 options;
	git_status_list		*list = NULL;
	char			*real = realpath(root, NULL);
	char			*below = real == NULL ? NULL : git_below(git, real);
	struct err		*e = NULL;

	git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);	/* fails on other versions only */
	options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
	options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_DISABLE_PATHSPEC_MATCH |
	    GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
	if (below != NULL && *below != '\0') {
		options.pathspec.strings = &below;
		options.pathspec.count = 1;
	}
	if (git_status_list_new(&list, git, &options) != 0)
		e = git_err(root, "read its git status");
	else
		state->dirty = git_status_list_entrycount(list) > 0;
	git_status_list_free(list);
	free(below);
	free(real);
	return e;
}

struct err *
git_state(struct git_state *state, const char *root)
{
	git_repository	*git = NULL;
	struct err	*e;

	memset(state, 0, sizeof(*state));
	if (git_libgit2_init() < 0)
		return git_err(root, "start libgit2");
	if ((e = git_open_above(&git, root)) == NULL && (e = read_head(state, git, root)) == NULL)
		e = read_dirty(state, git, root);
	git_repository_free(git);
	git_libgit2_shutdown();
	return e;
}
