/* node: what is known of files without reading them, as git's index does. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_INDEX_H
#define NODE_INDEX_H

#include "base/mem.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct index_entry {
	char		*path;
	char		 sha256[SHA256_HEX_SIZE];
	int64_t		 size;
	int64_t		 mtime, ctime;	/* nanoseconds */
	uint64_t	 inode;
	unsigned	 mode, uid, gid;
	int64_t		 read_at;	/* when the content was read, nanoseconds */
	bool		 used;		/* asked for in this run; others are forgotten */
};

/* All zeros is an empty index.  Sorted by path. */
struct index {
	struct index_entry	*entries;
	size_t			 count, cap;
	bool			 changed;
	bool			 thorough;	/* trust nothing, read everything */
};

/* A missing or damaged index is an empty one: it only saves time. */
void		 index_load(struct index *index, const char *path);
void		 index_fini(struct index *index);

/* Write the entries that were used, if any changed. */
NODISCARD
struct err	*index_save(struct index *index, const char *path);

/*
 * The hash of the regular file `name` in the directory `dir`, known here as `path`, whose lstat(2)
 * is *st.  The file is read only when something about it differs from what is remembered, or
 * when it changed so shortly before it was read that a later change could look the same
 * (the "racy" rule).
 */
NODISCARD
struct err	*index_sha256(struct index *index, const char *path, int dir, const char *name,
		    const struct stat *st, char out[SHA256_HEX_SIZE]);

#endif
