/* repo: private keys and secrets that git has and never should. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/git.h"

#include "base/err.h"
#include "base/strs.h"
#include "repo/libgit2.h"
#include "repo/private.h"

#include <stdlib.h>
#include <string.h>

/* No private key is longer; what is need not be unpacked. */
#define KEY_LONGEST	((size_t)64 << 10)
#define TEXT_LONGEST	((size_t)16 << 20)

/* What files are looked for. */
struct search {
	const char	*suffix;	/* what is called so needs no look; or NULL */
	size_t		 longest;
	bool		 (*matches)(const char *text, size_t len);
};

static bool
blob_matches(git_odb *odb, const git_oid *id, const struct search *search)
{
	git_odb_object	*object = NULL;
	git_object_t	 type;
	size_t		 len;
	bool		 matches;

	if (git_odb_read_header(&len, &type, odb, id) != 0 || type != GIT_OBJECT_BLOB || len > search->longest ||
	    git_odb_read(&object, odb, id) != 0)
		return false;
	matches = search->matches(git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return matches;
}

/* A commit that git is about to make may be from another index than the repository's own. */
static int
open_index(git_index **out, git_repository *git)
{
	const char *file = getenv("GIT_INDEX_FILE");

	return file != NULL && *file != '\0' ? git_index_open(out, file) : git_repository_index(out, git);
}

/* Look at every file of the index that is below `below`. */
NODISCARD
static struct err *
look(struct strs *out, git_repository *git, const char *root, const char *below, const struct search *search)
{
	git_index	*index = NULL;
	git_odb		*odb = NULL;
	struct err	*e = NULL;
	size_t		 n = strlen(below);

	if (open_index(&index, git) != 0 || git_repository_odb(&odb, git) != 0)
		e = git_err(root, "read its index");
	for (size_t i = 0; e == NULL && i < git_index_entrycount(index); i++) {
		const git_index_entry	*entry = git_index_get_byindex(index, i);
		const char		*path = entry->path;

		if (n > 0 && (strncmp(path, below, n) != 0 || path[n] != '/'))
			continue;
		path += n > 0 ? n + 1 : 0;
		if ((search->suffix != NULL && str_ends(path, search->suffix)) || blob_matches(odb, &entry->id, search))
			strs_add(out, path);
	}
	git_odb_free(odb);
	git_index_free(index);
	return e;
}

NODISCARD
static struct err *
look_above(struct strs *out, const char *root, const struct search *search)
{
	git_repository	*git = NULL;
	struct err	*e;
	char		*real = realpath(root, NULL), *below = NULL;

	if (real == NULL)
		return err_errno(ERR_FAILED, "%s", root);
	if (git_libgit2_init() < 0) {
		free(real);
		return git_err(root, "start libgit2");
	}
	if ((e = git_open_above(&git, root)) == NULL && (below = git_below(git, real)) != NULL)
		e = look(out, git, root, below, search);
	git_repository_free(git);
	git_libgit2_shutdown();
	free(below);
	free(real);
	return e;
}

struct err *
git_tracked_keys(struct strs *out, const char *root)
{
	return look_above(out, root, &(struct search){ ".key", KEY_LONGEST, has_private_key });
}

struct err *
git_tracked_matching(struct strs *out, const char *root, bool (*matches)(const char *text, size_t len))
{
	return look_above(out, root, &(struct search){ NULL, TEXT_LONGEST, matches });
}
