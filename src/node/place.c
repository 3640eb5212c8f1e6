/* node: putting things at a path without being led astray on the way. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/place.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "node/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX	40	/* as the kernel's own limit */

/* How far a walk has come. */
struct walk {
	int		 dir;
	char		*rest;		/* what is still to walk, without leading slash */
	unsigned	 links;
};

/* Replace the first component of walk->rest, a link, by its target. */
static struct err *
follow(struct walk *walk, const char *path, const char *name, const char *behind)
{
	char		 target[PATH_MAX];
	struct stat	 st;
	ssize_t		 len;
	char		*rest;
	int		 root;

	if (fstatat(walk->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return err_errno(ERR_FAILED, "%s: %s", path, name);
	if (!S_ISLNK(st.st_mode))
		return err_new(ERR_FAILED, "%s: %s on the way is not a directory", path, name);
	if (st.st_uid != 0)
		return err_hint(err_new(ERR_FAILED, "%s: %s on the way is a symbolic link that does not belong to root",
		    path, name), "only root's links are followed; remove it or make it a directory");
	len = readlinkat(walk->dir, name, target, sizeof(target) - 1);
	if (len < 0 || ++walk->links > LINKS_MAX) {
		errno = len < 0 ? errno : ELOOP;
		return err_errno(ERR_FAILED, "%s: %s", path, name);
	}
	target[len] = '\0';
	if (target[0] == '/') {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return err_errno(ERR_FAILED, "/");
		close(walk->dir);
		walk->dir = root;
	}
	rest = xasprintf("%s/%s", target, behind);
	free(walk->rest);
	walk->rest = rest;
	return NULL;
}

/* Walk one component.  *missing when it does not exist. */
static struct err *
walk_one(struct walk *walk, const char *path, bool *missing)
{
	char	*rest = walk->rest + strspn(walk->rest, "/"), *name, *behind;
	size_t	 len = strcspn(rest, "/");
	int	 next;
	struct err *e = NULL;

	if (len == 0) {
		walk->rest[0] = '\0';
		return NULL;
	}
	name = xstrndup(rest, len);
	behind = xstrdup(rest + len);
	next = openat(walk->dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next >= 0) {
		close(walk->dir);
		walk->dir = next;
		memmove(walk->rest, behind, strlen(behind) + 1);
	} else if (errno == ENOENT) {
		*missing = true;
	} else if (errno == ENOTDIR || errno == ELOOP) {
		e = follow(walk, path, name, behind);
	} else {
		e = err_errno(ERR_FAILED, "%s: %s", path, name);
	}
	free(name);
	free(behind);
	return e;
}

/* The part of `path` up to and with the component that was missing when `left` was still to walk. */
static struct err *
missing_directory(const char *path, const char *left)
{
	size_t	 len = strcspn(left + strspn(left, "/"), "/") + strspn(left, "/");
	size_t	 parent = (size_t)(strrchr(path, '/') - path);
	size_t	 start = strlen(left) <= parent ? parent - strlen(left) : 0;

	return err_hint(err_new(ERR_FAILED, "%s: the directory %.*s does not exist", path,
	    (int)(start + len), path), "write a directory resource before it");
}

struct err *
spot_open(struct spot *spot, const char *path, bool may_miss)
{
	const char	*slash = strrchr(path, '/');
	struct walk	 walk = { .rest = xstrndup(path, (size_t)(slash - path)) };
	struct err	*e = NULL;
	bool		 missing = false;

	*spot = (struct spot){ .path = path, .name = slash + 1, .dir = -1 };
	walk.dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk.dir < 0)
		e = err_errno(ERR_FAILED, "/");
	while (e == NULL && !missing && walk.rest[0] != '\0')
		e = walk_one(&walk, path, &missing);
	if (e == NULL && missing && !may_miss)
		e = missing_directory(path, walk.rest);
	if (e == NULL && !missing) {
		spot->dir = walk.dir;
		walk.dir = -1;
	}
	if (walk.dir >= 0)
		close(walk.dir);
	free(walk.rest);
	return e;
}

void
spot_close(struct spot *spot)
{
	if (spot->dir >= 0)
		close(spot->dir);
	spot->dir = -1;
}

static void
temp_name(char *out, size_t size)
{
	unsigned char	 bytes[8];
	size_t		 at;

	/* Uniqueness comes from O_EXCL; the random part only avoids retries. */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		memset(bytes, (int)getpid(), sizeof(bytes));
	at = (size_t)snprintf(out, size, "%s", TEMP_PREFIX);
	for (size_t i = 0; i < sizeof(bytes); i++)
		at += (size_t)snprintf(out + at, size - at, "%02x", bytes[i]);
}

static int
copy_all(int to, int from)
{
	char	 block[64u << 10];
	size_t	 used = 0;
	ssize_t	 got;
	bool	 failed = false;

	while (!failed && (got = read(from, block, sizeof(block))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		failed = got < 0 || write_all(to, block, (size_t)got) != 0;
		used = got > 0 && (size_t)got > used ? (size_t)got : used;
	}
	mem_cleanse(block, used);	/* it may have been a key's file */
	return failed ? -1 : 0;
}

struct err *
spot_stage(const struct spot *spot, const struct meta *meta, int from, char temp[SPOT_TEMP_SIZE])
{
	struct err	*e = NULL;
	int		 to;

	temp_name(temp, SPOT_TEMP_SIZE);
	to = openat(spot->dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, meta->mode & 0700);
	if (to < 0) {
		e = err_errno(ERR_FAILED, "%s: cannot write beside it", spot->path);
		temp[0] = '\0';
		return e;
	}
	/* Owner first: chown(2) takes set-id bits away, and nobody but the owner may see even an empty file. */
	if (fchown(to, meta->uid, meta->gid) != 0 || fchmod(to, meta->mode) != 0 || copy_all(to, from) != 0) {
		e = err_errno(ERR_FAILED, "%s", spot->path);
		spot_unstage(spot, temp);
	}
	close(to);
	return e;
}

void
spot_unstage(const struct spot *spot, char temp[SPOT_TEMP_SIZE])
{
	unlinkat(spot->dir, temp, 0);
	temp[0] = '\0';
}

struct err *
spot_sync_staged(const struct spot *spot, const char *temp)
{
	int		 fd = openat(spot->dir, temp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct err	*e = NULL;

	if (fd < 0 || fsync(fd) != 0)
		e = err_errno(ERR_FAILED, "%s", spot->path);
	if (fd >= 0)
		close(fd);
	return e;
}

struct err *
spot_take(const struct spot *spot, char temp[SPOT_TEMP_SIZE])
{
	struct err	*e = NULL;

	if (renameat(spot->dir, temp, spot->dir, spot->name) != 0) {
		e = err_errno(ERR_FAILED, "%s", spot->path);
		spot_unstage(spot, temp);
	}
	temp[0] = '\0';
	return e;
}

struct err *
spot_put(const struct spot *spot, const struct meta *meta, int from)
{
	char		 temp[SPOT_TEMP_SIZE];
	struct err	*e;

	e = spot_stage(spot, meta, from, temp);
	if (e != NULL)
		return e;
	e = spot_sync_staged(spot, temp);
	if (e != NULL)
		spot_unstage(spot, temp);
	return e != NULL ? e : spot_take(spot, temp);
}

struct err *
spot_put_link(const struct spot *spot, const char *target)
{
	char		 temp[SPOT_TEMP_SIZE];
	struct err	*e;

	temp_name(temp, sizeof(temp));
	if (symlinkat(target, spot->dir, temp) != 0)
		return err_errno(ERR_FAILED, "%s", spot->path);
	if (renameat(spot->dir, temp, spot->dir, spot->name) == 0)
		return NULL;
	e = err_errno(ERR_FAILED, "%s", spot->path);
	unlinkat(spot->dir, temp, 0);
	return e;
}

struct err *
spot_set_meta(const struct spot *spot, const struct meta *meta)
{
	int		 fd = openat(spot->dir, spot->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct err	*e = NULL;

	if (fd < 0 || fchown(fd, meta->uid, meta->gid) != 0 || fchmod(fd, meta->mode) != 0)
		e = err_errno(ERR_FAILED, "%s: cannot set owner and mode", spot->path);
	if (fd >= 0)
		close(fd);
	return e;
}

static struct err *
sync_directory(const struct spot *spot, int (*sync)(int fd))
{
	int	 fd = openat(spot->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int	 failed = fd < 0 || sync(fd) != 0;
	struct err *e = failed ? err_errno(ERR_FAILED, "%s: cannot sync its directory", spot->path) : NULL;

	if (fd >= 0)
		close(fd);
	return e;
}

struct err *
spot_sync(const struct spot *spot)
{
	return sync_directory(spot, fsync);
}

struct err *
spot_sync_all(const struct spot *spot)
{
	return sync_directory(spot, syncfs);
}

void
spot_sweep(const char *path)
{
	struct spot	 spot;
	struct dirent	*entry;
	DIR		*dir;
	int		 fd = -1;

	/* What cannot be looked at cannot hold anything of ours; the apply itself will say what is wrong. */
	err_free(spot_open(&spot, path, true));
	if (spot.dir >= 0)
		fd = openat(spot.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strstr(entry->d_name, TEMP_PREFIX) != NULL)
			unlinkat(spot.dir, entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	spot_close(&spot);
}
