/* repo: what the files of this room share of opening an instance. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_INTERNAL_H
#define REPO_INTERNAL_H

#include "repo/repo.h"

/* Read the Leapfile through repo_read() into repo->leapfile. */
NODISCARD
struct err	*leapfile_read(struct repo *repo);

/* A path that the user wrote in a Leapfile: "~/" is the home directory, all else relative to the instance. */
char		*user_path(const char *root, const char *path);

/* The platform at `path` on disk, and the templates beside it. */
NODISCARD
struct err	*use_platform(const char *path, char **platform, char **templates);

/* The Leapfile names a directory that is none. */
NODISCARD
struct err	*no_platform(const struct leapfile *leapfile, const char *path);

/* Fail when `path` leads out of `root`, be it through a link. */
NODISCARD
struct err	*check_inside(const char *root, const char *path);

/* The directory that an absolute `path` is in, the caller's, free(). */
char		*parent_of(const char *path);

#endif
