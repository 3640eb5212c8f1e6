/* node: what somebody else made of a thing, kept aside. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/kept.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"
#include "node/place.h"
#include "node/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_TRIES	100
#define STAMP_SIZE	32
#define OPEN_DIRECTORY	(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define COPY		TEMP_PREFIX "kept"	/* one at a time, under the lock; swept when a cut left it */

static struct err *
cannot_keep(const struct spot *spot)
{
	return err_errno(ERR_FAILED, "%s: cannot keep what somebody else changed", spot->path);
}

static struct err *
sync_directory(const char *path)
{
	int		 fd = open(path, OPEN_DIRECTORY);
	struct err	*e = fd < 0 || fsync(fd) != 0 ? err_errno(ERR_FAILED, "%s", path) : NULL;

	if (fd >= 0)
		close(fd);
	return e;
}

static void
write_stamp(char stamp[STAMP_SIZE], time_t when)
{
	struct tm	 tm;

	gmtime_r(&when, &tm);
	strftime(stamp, STAMP_SIZE, "%Y%m%dT%H%M%SZ", &tm);
}

/* A new directory, named by the time. */
static struct err *
make_directory(char **directory)
{
	char		 stamp[STAMP_SIZE];
	struct err	*e;
	int		 failed = -1;

	write_stamp(stamp, time(NULL));
	e = dir_make(STATE_KEPT, 0700);
	for (unsigned i = 0; e == NULL && failed != 0 && i < NAME_TRIES; i++) {
		free(*directory);
		*directory = i == 0 ? xasprintf("%s/%s", STATE_KEPT, stamp) : xasprintf("%s/%s.%u", STATE_KEPT, stamp, i);
		failed = mkdir(*directory, 0700);
		if (failed != 0 && errno != EEXIST)
			break;
	}
	if (e == NULL && failed != 0)
		e = err_errno(ERR_FAILED, "%s", *directory);
	if (e == NULL)
		e = sync_directory(STATE_KEPT);
	if (e == NULL)
		e = sync_directory(NODE_STATE);
	return e;
}

/* Open the directory that `path` is in below `top`, made where it is missing.  -1 with errno. */
static int
open_below(int top, const char *path)
{
	int		 dir = dup(top), next;
	const char	*part, *slash;
	char		*name;

	for (part = path + 1; dir >= 0 && (slash = strchr(part, '/')) != NULL; part = slash + 1) {
		name = xstrndup(part, (size_t)(slash - part));
		next = -1;
		/* No link is followed: one that was kept before may be on the way. */
		if (mkdirat(dir, name, 0700) == 0 ? fsync(dir) == 0 : errno == EEXIST)
			next = openat(dir, name, OPEN_DIRECTORY);
		free(name);
		close(dir);
		dir = next;
	}
	return dir;
}

static struct err *
copy_link(const struct spot *from, const struct spot *to)
{
	char	 target[PATH_MAX];
	ssize_t	 len = readlinkat(from->dir, from->name, target, sizeof(target) - 1);

	if (len < 0)
		return cannot_keep(from);
	target[len] = '\0';
	return spot_put_link(to, target);
}

static struct err *
copy_file(const struct spot *from, const struct spot *to, const struct stat *st)
{
	const struct meta	 meta = { .mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid };
	int			 fd = openat(from->dir, from->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct err		*e = fd < 0 ? cannot_keep(from) : spot_put(to, &meta, fd);

	if (fd >= 0)
		close(fd);
	return e;
}

/* A copy of what is at the spot, as COPY in `top`. */
static struct err *
copy(const struct spot *from, int top)
{
	const struct spot	 to = { .path = from->path, .name = COPY, .dir = top };
	struct stat		 st;
	struct timespec		 times[2];
	struct err		*e;

	if (fstatat(from->dir, from->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return cannot_keep(from);
	e = S_ISLNK(st.st_mode) ? copy_link(from, &to) : copy_file(from, &to, &st);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (e == NULL && ((S_ISLNK(st.st_mode) && fchownat(top, COPY, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) != 0) ||
	    utimensat(top, COPY, times, AT_SYMLINK_NOFOLLOW) != 0))
		e = cannot_keep(from);
	return e;
}

/* Whoever changed it may not have brought it to the disk. */
static int
sync_content(const struct spot *spot)
{
	int	 fd = openat(spot->dir, spot->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), failed;

	if (fd < 0)
		return errno == ELOOP ? 0 : -1;
	failed = fsync(fd);
	close(fd);
	return failed;
}

/* Give it its name in `dir`: on the same file system a second one, else the name of a copy.  *taken when there is one. */
static struct err *
put_in(const struct spot *spot, int top, int dir, bool *taken)
{
	struct err	*e;
	int		 failed = linkat(spot->dir, spot->name, dir, spot->name, 0);

	if (failed != 0 && (errno == EXDEV || errno == EPERM || errno == EMLINK)) {
		e = copy(spot, top);
		if (e != NULL)
			return e;
		failed = linkat(top, COPY, dir, spot->name, 0);
		*taken = failed != 0 && errno == EEXIST;
		unlinkat(top, COPY, 0);
	} else {
		*taken = failed != 0 && errno == EEXIST;
		failed = failed != 0 || sync_content(spot) != 0;
	}
	if (!*taken && (failed != 0 || fsync(dir) != 0))
		return cannot_keep(spot);
	return NULL;
}

/* *taken when what was kept below `directory` before is in the way. */
static struct err *
keep_below(const char *directory, const struct spot *spot, bool *taken)
{
	int		 kept = open(STATE_KEPT, OPEN_DIRECTORY), top = open(directory, OPEN_DIRECTORY), dir = -1;
	struct err	*e = NULL;

	*taken = false;
	if (kept >= 0 && top >= 0)
		dir = open_below(top, spot->path);
	if (dir >= 0)
		e = put_in(spot, kept, dir, taken);
	else if (top >= 0 && (errno == ENOTDIR || errno == ELOOP))
		*taken = true;
	else
		e = cannot_keep(spot);
	if (dir >= 0)
		close(dir);
	if (top >= 0)
		close(top);
	if (kept >= 0)
		close(kept);
	return e;
}

struct err *
kept_add(char **directory, const struct spot *spot, char **kept)
{
	struct err	*e = NULL;
	bool		 taken = false;

	*kept = NULL;
	do {
		if (*directory == NULL || taken)
			e = make_directory(directory);
		if (e == NULL)
			e = keep_below(*directory, spot, &taken);
	} while (e == NULL && taken);
	if (e == NULL)
		*kept = xasprintf("%s%s", *directory, spot->path);
	return e;
}

void
kept_prune(void)
{
	struct strs	 names = { 0 };
	struct err	*e = dir_list(STATE_KEPT, &names);
	char		 limit[STAMP_SIZE], *path;

	/* Names sort by time. */
	write_stamp(limit, time(NULL) - (time_t)KEPT_DAYS * 86400);
	for (size_t i = 0; i + KEPT_COUNT < names.count && strcmp(names.items[i], limit) < 0; i++) {
		path = path_join(STATE_KEPT, names.items[i]);
		err_free(dir_remove(path));	/* or next time */
		free(path);
	}
	err_free(e);
	strs_fini(&names);
}
