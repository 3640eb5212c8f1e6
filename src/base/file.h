/* base: files and directories. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/mem.h"

#include <stdbool.h>
#include <sys/types.h>

struct buf;
struct strs;

/* Append a regular file's content.  Fails when it is larger than `max` bytes. */
NODISCARD
struct err	*file_read(const char *path, size_t max, struct buf *out);

/*
 * As file_read() for `path` below the directory `root`.  Fails when the path
 * or a symbolic link on the way leads outside `root` (openat2(2), RESOLVE_BENEATH): ERR_CONFIG.
 */
NODISCARD
struct err	*file_read_beneath(const char *root, const char *path, size_t max, struct buf *out);

/*
 * Replace `path` by `data`: written beside, with its final mode from creation,
 * synced, renamed.  The parent directory must exist.
 */
NODISCARD
struct err	*file_write(const char *path, const void *data, size_t len, mode_t mode);

/* As file_write(), but a file that has this content and mode already is left alone; *changed says (may be NULL). */
NODISCARD
struct err	*file_update(const char *path, const void *data, size_t len, mode_t mode, bool *changed);

/* Whether the file is a regular one with this content and mode. */
bool		 file_same(const char *path, const void *data, size_t len, mode_t mode);

/*
 * As file_write(), but for many files that can be made again, of which a power cut may lose some: they are on disk
 * after file_sync_all(), which is told any file or directory of the same file system.
 */
NODISCARD
struct err	*file_write_unsynced(const char *path, const void *data, size_t len, mode_t mode);
NODISCARD
struct err	*file_sync_all(const char *path);

/* mkdir -p.  What exists keeps its mode. */
NODISCARD
struct err	*dir_make(const char *path, mode_t mode);

/* mkdir -p of the directory that `path` is in. */
NODISCARD
struct err	*dir_make_parent(const char *path, mode_t mode);

/* The names in a directory, sorted, without "." and "..".  A missing directory is empty. */
NODISCARD
struct err	*dir_list(const char *path, struct strs *out);

/* The same for `path` below the directory `root`, as file_read_beneath() goes there; ERR_CONFIG when it leads outside. */
NODISCARD
struct err	*dir_list_beneath(const char *root, const char *path, struct strs *out);

/* rm -r, never following symbolic links nor crossing into another file system.  A missing path is no error. */
NODISCARD
struct err	*dir_remove(const char *path);

bool		 file_exists(const char *path);

/* "a/b", the caller's, free().  `b` alone when it is absolute. */
char		*path_join(const char *a, const char *b);

/* Write all of it, retrying on EINTR and short writes.  0, or -1 with errno. */
int		 write_all(int fd, const void *data, size_t len);

#endif
