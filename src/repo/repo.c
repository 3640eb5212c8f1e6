/* repo: finds the instance and its platform, hands out their files. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/repo.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"
#include "repo/internal.h"
#include "repo/view.h"

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

char *
parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL || slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

char *
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

NODISCARD
static struct err *
leads_out(const char *root, const char *path)
{
	return err_at(ERR_CONFIG, &(struct place){ .path = path }, "leads out of %s", root);
}

/* What does not exist yet is judged by the nearest directory above that does. */
struct err *
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
	return leads_out(root, path);
}

/* Names in a directory of the disk. */
NODISCARD
static struct err *
list_disk(const char *root, const char *dir, struct strs *names)
{
	if (!path_inside(dir))
		return leads_out(root, dir);
	return dir_list_beneath(root, dir, names);
}

NODISCARD
static struct err *
list_below(const char *root, const struct view *view, const char *dir, const char *suffix, struct strs *out)
{
	struct strs	 names = { 0 };
	struct err	*e;

	e = view != NULL ? view_list(view, dir, &names) : list_disk(root, dir, &names);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		const char *name = names.items[i];

		if (name[0] != '.' && str_ends(name, suffix) && strlen(name) > strlen(suffix))
			strs_addf(out, "%.*s", (int)(strlen(name) - strlen(suffix)), name);
	}
	if (e == NULL)
		strs_sort(out);		/* "a-b.json" sorts before "a.json", "a-b" behind "a" */
	strs_fini(&names);
	return e;
}

static bool
has_below(const char *root, const struct view *view, const char *path)
{
	char	*full;
	bool	 there;

	if (!path_inside(path))
		return false;
	if (view != NULL)
		return view_has(view, path);
	full = path_join(root, path);
	there = file_exists(full);
	free(full);
	return there;
}

static enum repo_type
type_below(const char *root, const struct view *view, const char *path)
{
	enum repo_type	 type = REPO_OTHER;
	struct stat	 st;
	char		*full;

	if (view != NULL)
		return view_type(view, path);
	full = path_join(root, path);
	if (lstat(full, &st) != 0)
		type = REPO_NOTHING;
	else if (S_ISDIR(st.st_mode))
		type = REPO_DIRECTORY;
	else if (S_ISREG(st.st_mode) || (S_ISLNK(st.st_mode) && stat(full, &st) == 0 && S_ISREG(st.st_mode)))
		type = REPO_FILE;
	free(full);
	return type;
}

NODISCARD
static struct err *
read_below(const char *root, const struct view *view, const char *path, struct buf *out)
{
	if (view != NULL)
		return view_read(view, path, out);
	return file_read_beneath(root, path, REPO_FILE_MAX, out);
}

/* Whether it is one that a deploy would make before all else: of a CA or of a node. */
static bool
is_made_by_deploy(const char *path)
{
	return (str_starts(path, "files/nodes/") || str_starts(path, "files/ca/")) &&
	    (str_ends(path, ".crt") || str_ends(path, ".crl") || str_ends(path, ".key.age"));
}

/* Whether it is of a CA that there is only while another is replaced: "files/ca/ca-next.crt". */
static bool
is_passing(const char *path)
{
	return str_starts(path, "files/ca/") && (strstr(path, "-next.") != NULL || strstr(path, "-old.") != NULL);
}

/* Where a file is taken from: repo->keys tells. */
static const struct repo *
home_of(const struct repo *repo, const char *path)
{
	bool	 now = is_made_by_deploy(path) || str_starts(path, "vault/") || str_starts(path, "secrets/") ||
		    (str_starts(path, "files/") && str_ends(path, ".key.age")) ||
		    (str_starts(path, "files/nodes/") && (str_ends(path, "_ssh.pub") || str_ends(path, "_ssh-cert.pub")));

	return repo->keys != NULL && now ? repo->keys : repo;
}

bool
repo_is_stand_in(const struct repo *repo, const char *path)
{
	return repo->stand_ins && is_made_by_deploy(path) && !is_passing(path) &&
	    !has_below(repo->root, repo->view, path);
}

struct err *
repo_read(const struct repo *repo, const char *path, struct buf *out)
{
	repo = home_of(repo, path);
	if (!repo_is_stand_in(repo, path))
		return read_below(repo->root, repo->view, path, out);
	buf_addf(out, "%s, which the next deploy makes\n", path);
	return NULL;
}

bool
repo_has(const struct repo *repo, const char *path)
{
	repo = home_of(repo, path);
	return has_below(repo->root, repo->view, path) || repo_is_stand_in(repo, path);
}

enum repo_type
repo_type(const struct repo *repo, const char *path)
{
	repo = home_of(repo, path);
	return type_below(repo->root, repo->view, path);
}

struct err *
repo_list(const struct repo *repo, const char *dir, const char *suffix, struct strs *out)
{
	return list_below(repo->root, repo->view, dir, suffix, out);
}

struct err *
repo_platform_read(const struct repo *repo, const char *path, struct buf *out)
{
	return read_below(repo->platform, repo->platform_view, path, out);
}

bool
repo_platform_has(const struct repo *repo, const char *path)
{
	return has_below(repo->platform, repo->platform_view, path);
}

enum repo_type
repo_platform_type(const struct repo *repo, const char *path)
{
	return type_below(repo->platform, repo->platform_view, path);
}

struct err *
repo_platform_list(const struct repo *repo, const char *dir, const char *suffix, struct strs *out)
{
	return list_below(repo->platform, repo->platform_view, dir, suffix, out);
}

/* Make sure that the file can be written; *full is the caller's, free(). */
NODISCARD
static struct err *
before_write(const struct repo *repo, const char *path, char **full)
{
	struct err *e;

	*full = NULL;
	if (repo->view != NULL)
		return err_new(ERR_FAILED, "%s: %s is only looked at", path, repo->state != NULL ? repo->state : "git");
	if ((e = check_inside(repo->root, path)) != NULL)
		return e;
	*full = path_join(repo->root, path);
	return dir_make_parent(*full, 0755);
}

struct err *
repo_write(const struct repo *repo, const char *path, const void *data, size_t len, unsigned mode, bool *changed)
{
	char		*full;
	struct err	*e;

	if ((e = before_write(repo, path, &full)) == NULL)
		e = file_update(full, data, len, (mode_t)mode, changed);
	free(full);
	return e;
}

struct err *
repo_write_unsynced(const struct repo *repo, const char *path, const void *data, size_t len, unsigned mode)
{
	char		*full;
	struct err	*e;

	if ((e = before_write(repo, path, &full)) == NULL)
		e = file_write_unsynced(full, data, len, (mode_t)mode);
	free(full);
	return e;
}

bool
repo_same(const struct repo *repo, const char *path, const void *data, size_t len, unsigned mode)
{
	char	*full = path_join(repo->root, path);
	bool	 same = repo->view == NULL && file_same(full, data, len, (mode_t)mode);

	free(full);
	return same;
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

struct err *
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

struct err *
no_platform(const struct leapfile *leapfile, const char *path)
{
	return err_hint(err_at(ERR_CONFIG, &(struct place){ "Leapfile", leapfile->platform_line, 0, NULL },
	    "no platform \"%s\": there is no directory %s", leapfile->platform, path),
	    "correct \"platform\" in the Leapfile; without it the platform that came with leap is used");
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
		e = no_platform(leapfile, path);
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

struct err *
leapfile_read(struct repo *repo)
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
	    (e = leapfile_read(repo)) != NULL ||
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
	view_free(repo->platform_view);
	view_free(repo->view);
	leapfile_fini(&repo->leapfile);
	free(repo->pin);
	free(repo->state);
	free(repo->root);
	free(repo->platform);
	free(repo->templates);
	free(repo);
}
