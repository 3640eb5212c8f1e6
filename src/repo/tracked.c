/* repo: private keys that git has and never should. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/git.h"

#include "base/err.h"
#include "base/strs.h"
#include "repo/libgit2.h"

#include <stdlib.h>
#include <string.h>

/* No private key is longer; what is need not be unpacked. */
#define KEY_LONGEST	((size_t)64 << 10)

/* What private keys begin with: PEM of any kind (RFC 7468), OpenSSH's too, and age's identities. */
static bool
is_private(const char *text, size_t len)
{
	static const char	 pem[] = "-----BEGIN ", age[] = "AGE-SECRET-KEY-1", end[] = "PRIVATE KEY-----";
	const char		*line;

	while (len > 0 && strchr(" \t\r\n", *text) != NULL) {
		text++;
		len--;
	}
	if (len >= strlen(age) && memcmp(text, age, strlen(age)) == 0)
		return true;
	if (len < strlen(pem) || memcmp(text, pem, strlen(pem)) != 0)
		return false;
	line = memchr(text, '\n', len);
	len = line == NULL ? len : (size_t)(line - text);
	return memmem(text, len, end, strlen(end)) != NULL;
}

static bool
blob_is_private(git_odb *odb, const git_oid *id)
{
	git_odb_object	*object = NULL;
	git_object_t	 type;
	size_t		 len;
	bool		 private;

	if (git_odb_read_header(&len, &type, odb, id) != 0 || type != GIT_OBJECT_BLOB || len > KEY_LONGEST ||
	    git_odb_read(&object, odb, id) != 0)
		return false;
	private = is_private(git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	return private;
}

/* Look at every file of the index that is below `below`. */
NODISCARD
static struct err *
look(struct strs *out, git_repository *git, const char *root, const char *below)
{
	git_index	*index = NULL;
	git_odb		*odb = NULL;
	struct err	*e = NULL;
	size_t		 n = strlen(below);

	if (git_repository_index(&index, git) != 0 || git_repository_odb(&odb, git) != 0)
		e = git_err(root, "read its index");
	for (size_t i = 0; e == NULL && i < git_index_entrycount(index); i++) {
		const git_index_entry	*entry = git_index_get_byindex(index, i);
		const char		*path = entry->path;

		if (n > 0 && (strncmp(path, below, n) != 0 || path[n] != '/'))
			continue;
		path += n > 0 ? n + 1 : 0;
		if (str_ends(path, ".key") || blob_is_private(odb, &entry->id))
			strs_add(out, path);
	}
	git_odb_free(odb);
	git_index_free(index);
	return e;
}

struct err *
git_tracked_keys(struct strs *out, const char *root)
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
		e = look(out, git, root, below);
	git_repository_free(git);
	git_libgit2_shutdown();
	free(below);
	free(real);
	return e;
}
