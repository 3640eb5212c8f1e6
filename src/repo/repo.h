/* repo: a provider instance on disk. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_REPO_H
#define REPO_REPO_H

#include "base/mem.h"

#include <stdbool.h>

struct buf;
struct strs;

#define REPO_FILE_MAX	(64u << 20)

/* The Leapfile's settings, each with its default where the file is silent. */
struct leapfile {
	char		*platform;		/* as written; NULL: look beside the program */
	unsigned	 platform_line;		/* where it is written, for errors; 0: nowhere */
	char		*environment;		/* pinned, or NULL */
	char		*ssh_user;		/* "root" */
	char		*ssh_key;		/* a private key's file, or NULL: agent and defaults */
	char		*ssh_transport;		/* "auto", "libssh2", "ssh" */
	unsigned	 ssh_timeout;		/* seconds, 10 */
	unsigned	 ssh_parallel;		/* nodes at once, 32 */
	char		*local_network;		/* "10.5.5.0/24" */
	char		*local_release;		/* Debian's code name, "trixie" */
	char		*local_mirror;		/* "http://deb.debian.org/debian" */
};

struct repo {
	char		*root;			/* absolute path of the instance */
	char		*platform;		/* absolute path of the platform, */
	char		*templates;		/* and of the templates beside it */
	struct leapfile	 leapfile;
	bool		 read_only;		/* nothing is written: secrets that are missing get a stand-in */
};

/*
 * Find the instance from directory `start` upwards by its Leapfile, read that
 * (YAML 1.1, unknown keys refused with a suggestion), and find the platform:
 * the Leapfile's, else ../platform beside the running program, else
 * PREFIX/share/leap/platform.  *out is the caller's, repo_close().
 */
NODISCARD
struct err	*repo_open(struct repo **out, const char *start);
void		 repo_close(struct repo *repo);

/* Parse a Leapfile's text; `path` is for errors. */
NODISCARD
struct err	*leapfile_parse(struct leapfile *out, const char *path, const char *text, size_t len);
void		 leapfile_fini(struct leapfile *leapfile);

/* The platform and templates directories as for an instance that names none; for `leap new`. */
NODISCARD
struct err	*repo_find_platform(char **platform, char **templates);

/*
 * Files of the instance, by a path relative to it.  A path that leads outside,
 * also through a link, is refused.  repo_list() gives the sorted names of
 * directory `dir` that end in `suffix`, without it; a missing directory has none.
 */
NODISCARD
struct err	*repo_read(const struct repo *repo, const char *path, struct buf *out);
bool		 repo_has(const struct repo *repo, const char *path);
NODISCARD
struct err	*repo_list(const struct repo *repo, const char *dir, const char *suffix, struct strs *out);

/* The same for the platform's files. */
NODISCARD
struct err	*repo_platform_read(const struct repo *repo, const char *path, struct buf *out);
bool		 repo_platform_has(const struct repo *repo, const char *path);
NODISCARD
struct err	*repo_platform_list(const struct repo *repo, const char *dir, const char *suffix, struct strs *out);

/* Write a file of the instance (directories are made, 0755); content that is there already is left alone. */
NODISCARD
struct err	*repo_write(const struct repo *repo, const char *path, const void *data, size_t len, unsigned mode,
		    bool *changed);

#endif
