/* node: putting things at a path without being led astray on the way. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_PLACE_H
#define NODE_PLACE_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A name in an open directory. */
struct spot {
	const char	*path;		/* borrowed */
	const char	*name;		/* the last component of path */
	int		 dir;		/* the directory it is in; -1 when that does not exist */
};

/* Whom a file belongs to, and who may do what with it. */
struct meta {
	mode_t	 mode;
	uid_t	 uid;
	gid_t	 gid;
};

/*
 * Open the directory that `path`, absolute, is in.  Symbolic links on the way are followed only when they
 * belong to root: nobody else may lead us to another place.  A directory that is missing is an error
 * that names it, or, with `may_miss`, gives spot->dir = -1.
 */
NODISCARD
struct err	*spot_open(struct spot *spot, const char *path, bool may_miss);
void		 spot_close(struct spot *spot);

/*
 * Put what is left to read from `from` at the spot: written beside with its final owner and mode from the
 * start, synced, renamed.  What was there is replaced; on failure it stays and nothing is left behind.
 */
NODISCARD
struct err	*spot_put(const struct spot *spot, const struct meta *meta, int from);

/*
 * The same in steps, for many files that go live together: write beside, under the name that `temp` becomes; bring
 * that to the disk; rename it to its place, or remove it.  temp[0] is '\0' when there is nothing beside.
 */
#define SPOT_TEMP_SIZE	64
NODISCARD
struct err	*spot_stage(const struct spot *spot, const struct meta *meta, int from, char temp[SPOT_TEMP_SIZE]);
NODISCARD
struct err	*spot_sync_staged(const struct spot *spot, const char *temp);
NODISCARD
struct err	*spot_take(const struct spot *spot, char temp[SPOT_TEMP_SIZE]);
void		 spot_unstage(const struct spot *spot, char temp[SPOT_TEMP_SIZE]);

/* The same for a symbolic link. */
NODISCARD
struct err	*spot_put_link(const struct spot *spot, const char *target);

/* Change owner and mode of what is there, never through a symbolic link. */
NODISCARD
struct err	*spot_set_meta(const struct spot *spot, const struct meta *meta);

/* Sync the directory: what was renamed or removed in it stays so after a power cut. */
NODISCARD
struct err	*spot_sync(const struct spot *spot);

/* Sync the whole file system that the directory is in. */
NODISCARD
struct err	*spot_sync_all(const struct spot *spot);

/* Remove half-written things from the directory that `path` is in. */
void		 spot_sweep(const char *path);

#endif
