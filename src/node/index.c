/* node: what is known of files without reading them, as git's index does. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/index.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "node/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEADER		"leap index 1\n"
/* File times come from the kernel's tick, at worst 10 ms coarse; twice that and more is safe. */
#define RACY_NS		INT64_C(50000000)

/* The index of the first entry whose path is not below `path`. */
static size_t
position(const struct index *index, const char *path)
{
	size_t	 low = 0, high = index->count;

	while (low < high) {
		size_t	 middle = low + (high - low) / 2;

		if (strcmp(index->entries[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct index_entry *
insert(struct index *index, size_t at)
{
	struct index_entry	*entry;

	if (index->count == index->cap) {
		index->cap = index->cap != 0 ? index->cap * 2 : 64;
		index->entries = xrealloc(index->entries, index->cap, sizeof(*index->entries));
	}
	entry = index->entries + at;
	memmove(entry + 1, entry, (index->count - at) * sizeof(*entry));
	index->count++;
	*entry = (struct index_entry){ 0 };
	return entry;
}

/* One line: the numbers, then the path, which is the rest. */
static bool
parse_line(struct index *index, const char *line)
{
	struct index_entry	 entry = { 0 }, *put;
	size_t			 at;
	int			 used = 0;

	if (sscanf(line, "%64s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNu64 " %o %u %u %" SCNd64 " %n", entry.sha256,
	    &entry.size, &entry.mtime, &entry.ctime, &entry.inode, &entry.mode, &entry.uid, &entry.gid,
	    &entry.read_at, &used) != 9 || line[used] != '/' || !sha256_valid(entry.sha256))
		return false;
	at = position(index, line + used);
	if (at < index->count && strcmp(index->entries[at].path, line + used) == 0)
		return false;
	entry.path = xstrdup(line + used);
	put = insert(index, at);
	*put = entry;
	return true;
}

void
index_load(struct index *index, const char *path)
{
	struct buf	 text = { 0 };
	struct err	*e = file_read(path, STATE_MAX, &text);
	char		*line, *end;

	*index = (struct index){ 0 };
	if (e != NULL || strncmp(buf_text(&text), HEADER, strlen(HEADER)) != 0)
		goto out;
	for (line = text.data + strlen(HEADER); (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (!parse_line(index, line))
			break;
	}
out:
	err_free(e);
	buf_fini(&text);
}

void
index_fini(struct index *index)
{
	for (size_t i = 0; i < index->count; i++)
		free(index->entries[i].path);
	free(index->entries);
	*index = (struct index){ 0 };
}

struct err *
index_save(struct index *index, const char *path)
{
	struct buf	 text = { 0 };
	struct err	*e;

	for (size_t i = 0; i < index->count; i++)
		index->changed |= !index->entries[i].used;
	if (!index->changed)
		return NULL;
	buf_adds(&text, HEADER);
	for (size_t i = 0; i < index->count; i++) {
		const struct index_entry	*entry = &index->entries[i];

		if (entry->used)
			buf_addf(&text, "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu64 " %o %u %u %" PRId64 " %s\n",
			    entry->sha256, entry->size, entry->mtime, entry->ctime, entry->inode, entry->mode,
			    entry->uid, entry->gid, entry->read_at, entry->path);
	}
	/* What a power cut takes of it, or damages, is read again. */
	e = file_write_unsynced(path, text.data, text.len, 0600);
	buf_fini(&text);
	return e;
}

static bool
matches(const struct index_entry *entry, const struct stat *st)
{
	int64_t	 changed = timespec_ns(st->st_mtim);

	if (timespec_ns(st->st_ctim) > changed)
		changed = timespec_ns(st->st_ctim);
	return entry->size == st->st_size && entry->mtime == timespec_ns(st->st_mtim) &&
	    entry->ctime == timespec_ns(st->st_ctim) && entry->inode == st->st_ino &&
	    entry->mode == st->st_mode && entry->uid == st->st_uid && entry->gid == st->st_gid &&
	    changed + RACY_NS < entry->read_at;
}

struct err *
index_sha256(struct index *index, const char *path, int dir, const char *name, const struct stat *st,
    char out[SHA256_HEX_SIZE])
{
	size_t			 at = position(index, path);
	struct index_entry	*entry = index->entries + at;
	bool			 known = at < index->count && strcmp(entry->path, path) == 0;
	int64_t			 read_at = clock_ns(CLOCK_REALTIME);
	struct err		*e;
	int			 fd;

	if (known && !index->thorough && matches(entry, st)) {
		entry->used = true;
		memcpy(out, entry->sha256, SHA256_HEX_SIZE);
		return NULL;
	}
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(ERR_FAILED, "%s", path);
	e = sha256_fd(fd, out);
	close(fd);
	if (e != NULL)
		return err_context(e, "%s", path);
	if (!known) {
		entry = insert(index, at);
		entry->path = xstrdup(path);
	}
	memcpy(entry->sha256, out, SHA256_HEX_SIZE);
	entry->size = st->st_size;
	entry->mtime = timespec_ns(st->st_mtim);
	entry->ctime = timespec_ns(st->st_ctim);
	entry->inode = st->st_ino;
	entry->mode = st->st_mode;
	entry->uid = st->st_uid;
	entry->gid = st->st_gid;
	entry->read_at = read_at;
	entry->used = index->changed = true;
	return NULL;
}
