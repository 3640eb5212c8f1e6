/* repo: finds the instance and its platform, hands out their files. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/repo.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef LEAP_DATADIR
#define LEAP_DATADIR	"/usr/local/share/leap"
#endif

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The directory that an absolute `path` is in; the caller's, free(). */
static char *
parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL || slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

/* A path that the user wrote in a Leapfile: "~/" is the home directory, all else relative to the instance. */
static char *
user_path(const char *root, const char *path)
{
	const char *home = getenv("HOME");

	if (str_starts(path, "~/") && home != NULL)
		return path_join(home, path + 2);
	return path_join(root, path);
}

/* Whether `path` stays below where it starts, links aside. */
static bool
path_inside(const char *path)
{
	const char	*part = path;
	size_t		 n;

	if (*path == '\0' || *path == '/')
		return false;
	for (;;) {
		n = strcspn(part, "/");
		if (n == 2 && memcmp(part, "..", 2) == 0)
			return false;
		if (part[n] == '\0')
			return true;
		part += n + 1;
	}
}

/*
 * Fail when `path` leads out of `root`, be it through a link.  What does not exist yet is
 * judged by the nearest directory above that does.
 */
NODISCARD
static struct err *
check_inside(const char *root, const char *path)
{
	char	*full = NULL, *up, *real = NULL, *real_root = NULL;
	size_t	 n;
	bool	 inside = false;

	if (path_inside(path)) {
		full = path_join(root, path);
		while ((real = realpath(full, NULL)) == NULL && errno == ENOENT && strlen(full) > strlen(root)) {
			up = parent_of(full);
			free(full);
			full = up;
		}
		real_root = realpath(root, NULL);
	}
	if (real != NULL && real_root != NULL) {
		n = strlen(real_root);
		inside = strncmp(real, real_root, n) == 0 && (real[n] == '\0' || real[n] == '/' || n == 1);
	}
	free(full);
	free(real);
	free(real_root);
	if (inside)
		return NULL;
	return err_at(ERR_CONFIG, &(struct place){ .path = path }, "leads out of %s", root);
}

NODISCARD
static struct err *
list_below(const char *root, const char *dir, const char *suffix, struct strs *out)
{
	struct strs	 names = { 0 };
	char		*full;
	struct err	*e;

	if ((e = check_inside(root, dir)) != NULL)
		return e;
	full = path_join(root, dir);
	e = dir_list(full, &names);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		const char *name = names.items[i];

		if (name[0] != '.' && str_ends(name, suffix) && strlen(name) > strlen(suffix))
			strs_addf(out, "%.*s", (int)(strlen(name) - strlen(suffix)), name);
	}
	if (e == NULL)
		strs_sort(out);		/* "a-b.json" sorts before "a.json", "a-b" behind "a" */
	free(full);
	strs_fini(&names);
	return e;
}

static bool
has_below(const char *root, const char *path)
{
	char	*full;
	bool	 there;

	if (!path_inside(path))
		return false;
	full = path_join(root, path);
	there = file_exists(full);
	free(full);
	return there;
}

struct err *
repo_read(const struct repo *repo, const char *path, struct buf *out)
{
	return file_read_beneath(repo->root, path, REPO_FILE_MAX, out);
}

bool
repo_has(const struct repo *repo, const char *path)
{
	return has_below(repo->root, path);
}

struct err *
repo_list(const struct repo *repo, const char *dir, const char *suffix, struct strs *out)
{
	return list_below(repo->root, dir, suffix, out);
}

struct err *
repo_platform_read(const struct repo *repo, const char *path, struct buf *out)
{
	return file_read_beneath(repo->platform, path, REPO_FILE_MAX, out);
}

bool
repo_platform_has(const struct repo *repo, const char *path)
{
	return has_below(repo->platform, path);
}

struct err *
repo_platform_list(const struct repo *repo, const char *dir, const char *suffix, struct strs *out)
{
	return list_below(repo->platform, dir, suffix, out);
}

struct err *
repo_write(const struct repo *repo, const char *path, const void *data, size_t len, unsigned mode, bool *changed)
{
	char		*full;
	struct err	*e;

	if ((e = check_inside(repo->root, path)) != NULL)
		return e;
	full = path_join(repo->root, path);
	if ((e = dir_make_parent(full, 0755)) == NULL)
		e = file_update(full, data, len, (mode_t)mode, changed);
	free(full);
	return e;
}

/*
 * "platform" in the directory `levels` above the running program's file: a checkout
 * runs as it is, from bin/ and from build-san/bin/.  NULL when there is none.
 */
static char *
beside_program(unsigned levels)
{
	char	 exe[PATH_MAX];
	ssize_t	 n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char	*path, *slash;

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	for (; levels > 0; levels--) {
		if ((slash = strrchr(exe, '/')) == NULL)
			return NULL;
		*slash = '\0';
	}
	path = path_join(exe, "platform");
	if (is_directory(path))
		return path;
	free(path);
	return NULL;
}

/* Hand over `path`, made absolute, and the templates beside it. */
NODISCARD
static struct err *
use_platform(const char *path, char **platform, char **templates)
{
	char	*common = path_join(path, "common.json"), *up;
	bool	 good = file_exists(common);

	free(common);
	if ((*platform = realpath(path, NULL)) == NULL)
		return err_errno(ERR_CONFIG, "%s", path);
	if (!good) {
		free(*platform);
		*platform = NULL;
		return err_new(ERR_CONFIG, "%s is no platform: it has no common.json", path);
	}
	up = parent_of(*platform);
	*templates = path_join(up, "templates");
	free(up);
	return NULL;
}

struct err *
repo_find_platform(char **platform, char **templates)
{
	char		*found = beside_program(2);
	struct err	*e;

	if (found == NULL)
		found = beside_program(3);
	if (found == NULL && is_directory(LEAP_DATADIR "/platform"))
		found = xstrdup(LEAP_DATADIR "/platform");
	if (found != NULL)
		e = use_platform(found, platform, templates);
	else
		e = err_hint(err_new(ERR_CONFIG, "no platform: neither ../platform beside the program nor "
		    LEAP_DATADIR "/platform is a directory"),
		    "name its directory in the Leapfile, \"platform: DIR\", or run \"make install\"");
	free(found);
	return e;
}

NODISCARD
static struct err *
find_platform(struct repo *repo)
{
	struct leapfile	*leapfile = &repo->leapfile;
	char		*path;
	struct err	*e;

	if (leapfile->platform == NULL)
		return repo_find_platform(&repo->platform, &repo->templates);
	path = user_path(repo->root, leapfile->platform);
	if (is_directory(path))
		e = use_platform(path, &repo->platform, &repo->templates);
	else
		e = err_hint(err_at(ERR_CONFIG, &(struct place){ "Leapfile", leapfile->platform_line, 0, NULL },
		    "no platform \"%s\": there is no directory %s", leapfile->platform, path),
		    "correct \"platform\" in the Leapfile; without it the platform that came with leap is used");
	free(path);
	return e;
}

/* The nearest directory from `start` upwards that has a Leapfile. */
NODISCARD
static struct err *
find_root(char **out, const char *start)
{
	char	*here = realpath(start, NULL), *file, *up;
	bool	 found;

	if (here == NULL)
		return err_errno(ERR_USAGE, "%s", start);
	for (;;) {
		file = path_join(here, "Leapfile");
		found = file_exists(file);
		free(file);
		if (found || strcmp(here, "/") == 0)
			break;
		up = parent_of(here);
		free(here);
		here = up;
	}
	if (found) {
		*out = here;
		return NULL;
	}
	free(here);
	return err_hint(err_new(ERR_USAGE, "no Leapfile in %s or above it", start),
	    "go into a provider instance, or make one with \"leap new DIR\"");
}

NODISCARD
static struct err *
read_leapfile(struct repo *repo)
{
	struct buf	 text = { 0 };
	struct leapfile	*leapfile = &repo->leapfile;
	struct err	*e;
	char		*key;

	if ((e = repo_read(repo, "Leapfile", &text)) == NULL)
		e = leapfile_parse(leapfile, "Leapfile", buf_text(&text), text.len);
	buf_fini(&text);
	if (e == NULL && leapfile->ssh_key != NULL) {
		key = user_path(repo->root, leapfile->ssh_key);
		free(leapfile->ssh_key);
		leapfile->ssh_key = key;
	}
	return e;
}

struct err *
repo_open(struct repo **out, const char *start)
{
	struct repo	*repo = xcalloc(1, sizeof(*repo));
	struct err	*e;

	if ((e = find_root(&repo->root, start)) != NULL ||
	    (e = read_leapfile(repo)) != NULL ||
	    (e = find_platform(repo)) != NULL)
		goto out;
	*out = repo;
	repo = NULL;
out:
	repo_close(repo);
	return e;
}

void
repo_close(struct repo *repo)
{
	if (repo == NULL)
		return;
	leapfile_fini(&repo->leapfile);
	free(repo->root);
	free(repo->platform);
	free(repo->templates);
	free(repo);
}
