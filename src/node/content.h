/* node: what files and firewalls share: looking at a path, and putting content there. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_CONTENT_H
#define NODE_CONTENT_H

#include "base/sha256.h"
#include "node/place.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>

struct item;
struct run;

/* What is at a path. */
struct seen {
	bool		 exists;
	struct stat	 st;			/* when it exists */
	char		 sha256[SHA256_HEX_SIZE];	/* of a regular file's content that was read, else "" */
};

/* Look at a path without following a link there.  A missing directory on the way is as a missing file. */
NODISCARD
struct err	*seen_look(struct seen *seen, struct run *run, const char *path);

/*
 * The same for the place of a file's item.  A content whose size alone says that it is neither wanted nor leap's nor
 * what was there before is not read, and has no hash: it may be a log that grew to gigabytes.
 */
NODISCARD
struct err	*seen_look_at(struct seen *seen, struct run *run, const struct item *item);

/* {} or {"mode", "uid", "gid", "sha256"?, "size"?}: a new reference, for an entry's "before". */
json_t		*seen_to_json(const struct seen *seen);

/* "a directory", "a symbolic link", ... */
const char	*seen_kind(const struct seen *seen);

/* Owner and mode of an entry's "before". */
void		 meta_from_json(struct meta *meta, const json_t *before);

/* Put the store's content of this hash at `path`. */
NODISCARD
struct err	*content_put(const char *path, const struct meta *meta, const char *sha256);

/* The same in two steps, none of which syncs: beside its place, and live.  See spot_stage(). */
NODISCARD
struct err	*content_stage(const char *path, const struct meta *meta, const char *sha256, char temp[SPOT_TEMP_SIZE]);
NODISCARD
struct err	*content_take(const char *path, char temp[SPOT_TEMP_SIZE]);

/* Keep the content of the regular file at `path`, which has this hash, in the store. */
NODISCARD
struct err	*content_save(const char *path, const char *sha256);

/* Remove the file or link at `path`. */
NODISCARD
struct err	*content_remove(const char *path);

/* Put what somebody else made of `path` aside, and say so. */
NODISCARD
struct err	*content_keep(struct run *run, const char *id, const char *path);

#endif
