/* vault: which files make up the vault, and their hashes, as sha256sum(1) lists them. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/sums.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

#define BETWEEN	"  "

/* How deep files are below their home. */
enum depth { TOP, ONE_BELOW, ANY };

static const struct home {
	const char	*dir, *suffix;
	enum depth	 depth;
} homes[] = {
	{ "files", ".age", ANY },
	{ "secrets", ".age", ANY },
	{ "users", "", ONE_BELOW },
	{ "vault", ".age", TOP },
	{ "vault", ".json", TOP },
	{ "vault", ".serial", TOP },
};

static bool
belongs(const struct home *home, const char *path)
{
	size_t		 n = strlen(home->dir);
	const char	*slash;

	if (strncmp(path, home->dir, n) != 0 || path[n] != '/' || !str_ends(path, home->suffix))
		return false;
	slash = strchr(path + n + 1, '/');
	return home->depth == ANY || (home->depth == TOP ? slash == NULL : slash != NULL && strchr(slash + 1, '/') == NULL);
}

bool
sums_cover(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		if (belongs(&homes[i], path))
			return true;
	}
	return false;
}

/* What the list could not write in one line. */
static bool
is_plain(const char *path)
{
	for (; *path != '\0'; path++) {
		if ((unsigned char)*path < ' ' || *path == '\\' || *path == 0x7f)
			return false;
	}
	return true;
}

/* It is told in one line: a name with a newline would look like another message. */
NODISCARD
static struct err *
unlistable(const char *path)
{
	char		*shown = xstrdup(path);
	struct err	*e;

	for (char *c = shown; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ')
			*c = '?';
	}
	e = err_at(ERR_CONFIG, &(struct place){ .path = shown }, "a name that no list can have");
	free(shown);
	return err_hint(e, "rename it");
}

NODISCARD
static struct err *
add_file(const struct repo *repo, const char *path, json_t *out)
{
	struct buf	 data = { 0 };
	char		 hash[SHA256_HEX_SIZE];
	struct err	*e;

	if (!is_plain(path))
		return unlistable(path);
	if ((e = repo_read(repo, path, &data)) == NULL) {
		sha256_hex(buf_text(&data), data.len, hash);
		if (json_object_set_new(out, path, json_string(hash)) != 0)	/* it refuses what is not UTF-8 */
			e = unlistable(path);
	}
	buf_fini(&data);
	return e;
}

NODISCARD
static struct err	*scan(const struct repo *repo, const struct home *home, const char *dir, bool linked, json_t *out);

/*
 * What is behind a link to a directory counts, or a link would be the way to slip a file in; but not what is behind
 * another one there, or there would be no end to it.
 */
NODISCARD
static struct err *
scan_entry(const struct repo *repo, const struct home *home, const char *path, bool linked, json_t *out)
{
	enum repo_type type = repo_type(repo, path);

	if (belongs(home, path) && type == REPO_FILE)
		return add_file(repo, path, out);
	if (home->depth == TOP || type == REPO_FILE || type == REPO_NOTHING)
		return NULL;
	if (type == REPO_OTHER && linked)
		return err_hint(err_at(ERR_TRUST, &(struct place){ .path = path }, "a link behind a link: the vault cannot "
		    "be looked through"), "put the directory in its place");
	return scan(repo, home, path, linked || type == REPO_OTHER, out);
}

NODISCARD
static struct err *
scan(const struct repo *repo, const struct home *home, const char *dir, bool linked, json_t *out)
{
	struct strs	 names = { 0 };
	struct err	*e = repo_list(repo, dir, "", &names);

	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *path = xasprintf("%s/%s", dir, names.items[i]);

		e = scan_entry(repo, home, path, linked, out);
		free(path);
	}
	strs_fini(&names);
	return e;
}

struct err *
sums_scan(json_t **out, const struct repo *repo)
{
	struct err *e = NULL;

	*out = json_object();
	for (size_t i = 0; e == NULL && i < ARRAY_LEN(homes); i++)
		e = scan(repo, &homes[i], homes[i].dir, false, *out);
	if (e != NULL) {
		json_decref(*out);
		*out = NULL;
	}
	return e;
}

const char *
sums_of(const json_t *sums, const char *path)
{
	return json_string_value(json_object_get(sums, path));
}

void
sums_write(const json_t *sums, struct buf *out)
{
	struct strs paths = { 0 };

	json_keys(sums, &paths);
	for (size_t i = 0; i < paths.count; i++)
		buf_addf(out, "%s" BETWEEN "%s\n", sums_of(sums, paths.items[i]), paths.items[i]);
	strs_fini(&paths);
}

/* Add one line; `last` is the path before it, or "". */
static bool
parse_line(const char *line, size_t len, const char *last, json_t *out)
{
	const size_t	 digits = SHA256_HEX_SIZE - 1, head = digits + strlen(BETWEEN);
	char		*hash, *path;
	bool		 good;

	if (len <= head || memchr(line, '\0', len) != NULL || memcmp(line + digits, BETWEEN, strlen(BETWEEN)) != 0)
		return false;
	hash = xstrndup(line, digits);
	path = xstrndup(line + head, len - head);
	good = sha256_valid(hash) && is_plain(path) && sums_cover(path) && strcmp(last, path) < 0 &&
	    json_object_set_new(out, path, json_string(hash)) == 0;		/* it refuses what is not UTF-8 */
	free(hash);
	free(path);
	return good;
}

struct err *
sums_parse(json_t **out, const char *name, const char *text, size_t len)
{
	struct place	 place = { .path = name };
	const char	*newline, *end = text + len;
	char		*last = xstrdup("");

	*out = json_object();
	for (const char *line = text; line < end; line = newline + 1) {
		place.line++;
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL || !parse_line(line, (size_t)(newline - line), last, *out)) {
			json_decref(*out);
			*out = NULL;
			free(last);
			return err_at(ERR_TRUST, &place, "no line of a list of the vault's files and their hashes");
		}
		free(last);
		last = xstrndup(line + SHA256_HEX_SIZE - 1 + strlen(BETWEEN),
		    (size_t)(newline - line) - (SHA256_HEX_SIZE - 1) - strlen(BETWEEN));
	}
	free(last);
	return NULL;
}
