/* node: contents, each in a file named by its SHA-256. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/store.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "node/state.h"
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#define ZSTD_STATIC_LINKING_ONLY	/* for a stream in memory of ours */
#include <zstd.h>

#define BLOCK		(128u << 10)
#define WINDOW_LOG	23u		/* a window above 8 MiB would let a tiny frame ask for gigabytes */

#define SYNC_EACH_MAX	4u		/* more contents are synced together with all else on their file system */

/* The contents that were put since the last store_sync(): whole, but under temporary names and not on the disk yet. */
static json_t	*unsynced;

static char *
store_path(const char *sha256)
{
	return xasprintf("%s/%s", STATE_STORE, sha256);
}

static char *
temp_path(const char *sha256)
{
	return xasprintf("%s/%s%s", STATE_STORE, TEMP_PREFIX, sha256);
}

/* Where a content is now. */
static char *
present_path(const char *sha256)
{
	return json_object_get(unsynced, sha256) != NULL ? temp_path(sha256) : store_path(sha256);
}

bool
store_has(const char *sha256)
{
	char	*path = present_path(sha256);
	bool	 has = access(path, F_OK) == 0;

	free(path);
	return has;
}

struct err *
store_open(const char *sha256, int *fd)
{
	char		*path = present_path(sha256);
	struct err	*e = NULL;

	*fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		e = err_errno(ERR_FAILED, "%s", path);
	free(path);
	return e;
}

/* A file without its name yet; the next run sweeps away what was cut. */
static struct err *
begin(const char *sha256, int *fd)
{
	char		*temp = temp_path(sha256);
	struct err	*e = NULL;

	unlink(temp);
	*fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		e = err_errno(ERR_FAILED, "%s", STATE_STORE);
	free(temp);
	return e;
}

/* Check what was written; closes `fd` whatever happens. */
static struct err *
finish(int fd, const char *sha256, struct err *take_e)
{
	char		 got[SHA256_HEX_SIZE], *temp = temp_path(sha256);
	struct err	*e = take_e;

	if (e == NULL && lseek(fd, 0, SEEK_SET) != 0)
		e = err_errno(ERR_FAILED, "%s", temp);
	if (e == NULL)
		e = sha256_fd(fd, got);
	if (e == NULL && strcmp(got, sha256) != 0)
		e = err_new(ERR_FAILED, "content %.12s is not whole: it has the hash %.12s", sha256, got);
	if (e == NULL) {
		if (unsynced == NULL)
			unsynced = json_object();
		json_object_set_new(unsynced, sha256, json_true());
	} else if (fd >= 0) {
		unlink(temp);
	}
	if (fd >= 0)
		close(fd);
	free(temp);
	return e;
}

/* Decompress into `fd`, at most `size` bytes, through a small window. */
static struct err *
inflate(ZSTD_DStream *stream, int fd, size_t size, const void *data, size_t len)
{
	ZSTD_inBuffer	 in = { .src = data, .size = len };
	char		*block = xmalloc(BLOCK);
	struct err	*e = NULL;
	size_t		 left = 1, total = 0;

	ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, WINDOW_LOG);
	while (e == NULL && left != 0) {
		ZSTD_outBuffer	 out = { .dst = block, .size = BLOCK };

		left = ZSTD_decompressStream(stream, &out, &in);
		total += out.pos;
		if (ZSTD_isError(left))
			e = err_new(ERR_FAILED, "compressed data is damaged: %s", ZSTD_getErrorName(left));
		else if (total > size)
			e = err_new(ERR_FAILED, "compressed data is larger than the %zu bytes promised", size);
		else if (write_all(fd, block, out.pos) != 0)
			e = err_errno(ERR_FAILED, "%s", STATE_STORE);
		else if (left != 0 && in.pos == in.size && out.pos < out.size)
			e = err_new(ERR_FAILED, "compressed data ends too early");
	}
	if (e == NULL && total != size)
		e = err_new(ERR_FAILED, "compressed data has only %zu of the %zu bytes promised", total, size);
	mem_cleanse(block, BLOCK);
	free(block);
	return e;
}

/* The stream keeps pieces of what goes through it, which may be secret: in pages that go back to the kernel. */
static struct err *
inflate_to(int fd, size_t size, const void *data, size_t len)
{
	size_t		 room = ZSTD_estimateDStreamSize((size_t)1 << WINDOW_LOG);
	void		*pages = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct err	*e;

	if (pages == MAP_FAILED)
		return err_errno(ERR_FAILED, "no memory to decompress");
	e = inflate(ZSTD_initStaticDStream(pages, room), fd, size, data, len);
	munmap(pages, room);
	return e;
}

struct err *
store_put_frame(const char *sha256, size_t size, const void *data, size_t len)
{
	struct err	*e;
	int		 fd;

	e = begin(sha256, &fd);
	if (e == NULL)
		e = inflate_to(fd, size, data, len);
	return finish(fd, sha256, e);
}

static struct err *
copy_to(int fd, int from, const char *path)
{
	char		*block = xmalloc(BLOCK);
	struct err	*e = NULL;
	ssize_t		 got;

	while (e == NULL && (got = read(from, block, BLOCK)) != 0) {
		if (got < 0 && errno != EINTR)
			e = err_errno(ERR_FAILED, "%s", path);
		else if (got > 0 && write_all(fd, block, (size_t)got) != 0)
			e = err_errno(ERR_FAILED, "%s", STATE_STORE);
	}
	mem_cleanse(block, BLOCK);
	free(block);
	return e;
}

struct err *
store_put_file(const char *sha256, int from, const char *path)
{
	struct err	*e;
	int		 fd;

	e = begin(sha256, &fd);
	if (e == NULL)
		e = copy_to(fd, from, path);
	return err_context(finish(fd, sha256, e), "%s", path);
}

static struct err *
sync_path(const char *path, int (*sync)(int fd))
{
	int		 fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct err	*e = NULL;

	if (fd < 0 || sync(fd) != 0)
		e = err_errno(ERR_FAILED, "%s: cannot sync it", path);
	if (fd >= 0)
		close(fd);
	return e;
}

/* Each new content by itself when they are few: a whole file system may have much else that waits for its disk. */
static struct err *
sync_contents(void)
{
	const char	*sha256;
	json_t		*value;
	struct err	*e = NULL;
	char		*temp;

	if (json_object_size(unsynced) > SYNC_EACH_MAX)
		return sync_path(STATE_STORE, syncfs);
	json_object_foreach(unsynced, sha256, value) {
		temp = temp_path(sha256);
		e = err_join(e, sync_path(temp, fsync));
		free(temp);
	}
	return e;
}

static struct err *
name_contents(void)
{
	const char	*sha256;
	json_t		*value;
	struct err	*e = NULL;

	json_object_foreach(unsynced, sha256, value) {
		char	*temp = temp_path(sha256), *path = store_path(sha256);

		if (e == NULL && rename(temp, path) != 0)
			e = err_errno(ERR_FAILED, "%s", path);
		free(temp);
		free(path);
	}
	return e;
}

struct err *
store_sync(void)
{
	struct err	*e;

	if (json_object_size(unsynced) == 0)
		return NULL;
	e = sync_contents();
	if (e == NULL)
		e = name_contents();
	if (e == NULL)
		e = sync_path(STATE_STORE, fsync);
	json_decref(unsynced);
	unsynced = NULL;
	return e;
}

void
store_collect(const json_t *keep)
{
	struct strs	 names = { 0 };
	struct err	*e = dir_list(STATE_STORE, &names);
	char		*path;

	for (size_t i = 0; i < names.count; i++) {
		if (json_object_get(keep, names.items[i]) != NULL)
			continue;
		path = store_path(names.items[i]);
		unlink(path);
		free(path);
	}
	err_free(e);	/* what could not be collected now is collected next time */
	strs_fini(&names);
}
