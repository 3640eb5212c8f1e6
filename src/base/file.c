/* base: files and directories. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct err *
read_fd(int fd, const char *path, size_t max, struct buf *out)
{
	struct stat	 st;
	ssize_t		 got;
	size_t		 start = out->len;

	if (fstat(fd, &st) != 0)
		return err_errno(ERR_FAILED, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_FAILED, "%s: not a regular file", path);
	buf_reserve(out, (size_t)st.st_size <= max ? (size_t)st.st_size + 1 : 1);
	for (;;) {
		buf_reserve(out, 4096);
		got = read(fd, out->data + out->len, out->cap - out->len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(ERR_FAILED, "%s", path);
		if (got == 0)
			break;
		out->len += (size_t)got;
		if (out->len - start > max)
			return err_new(ERR_FAILED, "%s: larger than %zu bytes", path, max);
	}
	out->data[out->len] = '\0';
	return NULL;
}

struct err *
file_read(const char *path, size_t max, struct buf *out)
{
	struct err	*e;
	int		 fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_errno(ERR_FAILED, "%s", path);
	e = read_fd(fd, path, max, out);
	close(fd);
	return e;
}

/* Open what is below `root`; -1 with errno, EXDEV when it leads outside. */
static int
open_beneath(const char *root, const char *path, int flags)
{
	struct open_how	 how = { .flags = (uint64_t)flags, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int		 dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd, why;

	if (dir < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	why = errno;
	close(dir);
	errno = why;
	return fd;
}

NODISCARD
static struct err *
not_opened(const char *root, const char *path)
{
	return errno == EXDEV ? err_new(ERR_CONFIG, "%s: leads outside %s", path, root) :
	    err_errno(ERR_FAILED, "%s", path);
}

struct err *
file_read_beneath(const char *root, const char *path, size_t max, struct buf *out)
{
	int		 fd = open_beneath(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct err	*e;

	if (fd < 0)
		return not_opened(root, path);
	e = read_fd(fd, path, max, out);
	close(fd);
	return e;
}

int
write_all(int fd, const void *data, size_t len)
{
	const char	*from = data;
	ssize_t		 put;

	while (len > 0) {
		put = write(fd, from, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		from += put;
		len -= (size_t)put;
	}
	return 0;
}

/* The directory's entry must reach the disk too, or a power cut brings the old file back. */
static int
sync_parent(const char *path)
{
	const char	*slash = strrchr(path, '/');
	char		*dir = slash == NULL ? xstrdup(".") : xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
	int		 fd, failed;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return -1;
	failed = fsync(fd);
	close(fd);
	return failed;
}

NODISCARD
static struct err *
write_file(const char *path, const void *data, size_t len, mode_t mode, bool sync)
{
	char		*temp = xasprintf("%s.leap-tmp-XXXXXX", path);
	struct err	*e = NULL;
	int		 fd;

	fd = mkostemp(temp, O_CLOEXEC);		/* creates with 0600 */
	if (fd < 0) {
		e = err_errno(ERR_FAILED, "%s", path);
		free(temp);
		return e;
	}
	if (fchmod(fd, mode) != 0 || write_all(fd, data, len) != 0 || (sync && fsync(fd) != 0) ||
	    rename(temp, path) != 0) {
		e = err_errno(ERR_FAILED, "%s", path);
		unlink(temp);
	} else if (sync && sync_parent(path) != 0) {
		e = err_errno(ERR_FAILED, "%s", path);
	}
	close(fd);
	free(temp);
	return e;
}

struct err *
file_write(const char *path, const void *data, size_t len, mode_t mode)
{
	return write_file(path, data, len, mode, true);
}

struct err *
file_write_unsynced(const char *path, const void *data, size_t len, mode_t mode)
{
	return write_file(path, data, len, mode, false);
}

struct err *
file_sync_all(const char *path)
{
	int		 fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err	*e = NULL;

	if (fd < 0 || syncfs(fd) != 0)
		e = err_errno(ERR_FAILED, "%s", path);
	if (fd >= 0)
		close(fd);
	return e;
}

bool
file_same(const char *path, const void *data, size_t len, mode_t mode)
{
	struct buf	 old = { .secret = true };
	struct stat	 st;
	struct err	*e;
	bool		 same = false;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == len &&
	    (st.st_mode & 07777) == mode) {
		e = file_read(path, len, &old);
		same = e == NULL && old.len == len && (len == 0 || memcmp(old.data, data, len) == 0);
		err_free(e);
	}
	buf_fini(&old);
	return same;
}

struct err *
file_update(const char *path, const void *data, size_t len, mode_t mode, bool *changed)
{
	bool same = file_same(path, data, len, mode);

	if (changed != NULL)
		*changed = !same;
	return same ? NULL : file_write(path, data, len, mode);
}

struct err *
dir_make(const char *path, mode_t mode)
{
	char		*copy = xstrdup(path);
	struct err	*e = NULL;
	struct stat	 st;
	char		*slash = copy;
	bool		 last = false;

	while (!last) {
		slash += strspn(slash, "/");
		slash += strcspn(slash, "/");
		last = *slash == '\0';
		*slash = '\0';
		if (mkdir(copy, mode) != 0 && errno != EEXIST) {
			e = err_errno(ERR_FAILED, "cannot make directory %s", copy);
			break;
		}
		if (!last)
			*slash = '/';
	}
	if (e == NULL && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
		e = err_new(ERR_FAILED, "%s: not a directory", path);
	free(copy);
	return e;
}

struct err *
dir_make_parent(const char *path, mode_t mode)
{
	const char	*slash = strrchr(path, '/');
	struct err	*e;
	char		*dir;

	if (slash == NULL || slash == path)
		return NULL;
	dir = xstrndup(path, (size_t)(slash - path));
	e = dir_make(dir, mode);
	free(dir);
	return e;
}

static void
read_names(DIR *take_dir, struct strs *out)
{
	struct dirent	*entry;

	while ((entry = readdir(take_dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strs_add(out, entry->d_name);
	}
	closedir(take_dir);
	strs_sort(out);
}

struct err *
dir_list(const char *path, struct strs *out)
{
	DIR		*dir = opendir(path);

	if (dir == NULL)
		return errno == ENOENT ? NULL : err_errno(ERR_FAILED, "%s", path);
	read_names(dir, out);
	return NULL;
}

struct err *
dir_list_beneath(const char *root, const char *path, struct strs *out)
{
	int		 fd = open_beneath(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR		*dir = fd < 0 ? NULL : fdopendir(fd);
	struct err	*e;

	if (dir != NULL) {
		read_names(dir, out);
		return NULL;
	}
	e = errno == ENOENT ? NULL : not_opened(root, path);
	if (fd >= 0)
		close(fd);
	return e;
}

/* Remove `name` in directory `parent`, and all below it on the device `device`. */
static int
remove_at(int parent, const char *name, dev_t device)
{
	struct dirent	*entry;
	struct stat	 st;
	DIR		*dir;
	int		 fd, failed = 0;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || st.st_dev != device) {
		close(fd);
		errno = EXDEV;
		return -1;
	}
	dir = fdopendir(fd);
	while (dir != NULL && failed == 0 && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			failed = remove_at(fd, entry->d_name, device);
	}
	if (dir != NULL)
		closedir(dir);
	if (failed != 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR);
}

struct err *
dir_remove(const char *path)
{
	struct stat	 st;

	if (lstat(path, &st) != 0 && errno == ENOENT)
		return NULL;
	if (remove_at(AT_FDCWD, path, st.st_dev) != 0)
		return err_errno(ERR_FAILED, "cannot remove %s", path);
	return NULL;
}

bool
file_exists(const char *path)
{
	struct stat	 st;

	return lstat(path, &st) == 0;
}

char *
path_join(const char *a, const char *b)
{
	if (*b == '/')
		return xstrdup(b);
	return xasprintf("%s%s%s", a, str_ends(a, "/") ? "" : "/", b);
}
