/* repo: a provider instance on disk. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_REPO_H
#define REPO_REPO_H

#include "base/mem.h"

#include <stdbool.h>

struct buf;
struct keyring;
struct strs;
struct view;

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
	char		*pin;			/* the environment that the user pinned, pin_read(); NULL: none */
	char		*state;			/* what errors put before paths: a revision, "index"; NULL: none */
	struct view	*view, *platform_view;	/* where files are read from; NULL: from disk */
	bool		 stand_ins;		/* certificates and keys that are missing have a text in their place */
	struct keyring	*keyring;		/* the vault's own, vault_setup(); a view has that of the instance */
	bool		 read_only;		/* nothing is written: secrets get a stand-in */
	/*
	 * NULL, or the instance from which a view takes what must be as it is now, and not as it was then: the vault,
	 * secrets, certificates and the nodes' host keys.  Then secrets are the real ones, though the view is read_only.
	 */
	const struct repo *keys;
	/*
	 * NULL, or where those go that only look, but at what is really there: nothing is written, secrets and keys are
	 * opened, and the path of each that a deploy would first have to make is appended here and has a stand-in.
	 */
	struct strs	*to_make;
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

/* The environment that is pinned, by the user or else by the Leapfile; NULL: none. */
const char	*repo_environment(const struct repo *repo);

/*
 * The instance `here` as it is in another state, without a check out, for reading only.  Its Leapfile and its platform
 * are those of that state; a platform that git does not track, or that is in another place, is read from disk
 * as it is.  Files that .gitignore excludes (private keys, secrets) are read from disk in every state.  Submodules are
 * read at the commit that the state names.  *out is the caller's, repo_close().
 */
enum repo_moment {
	REPO_REVISION,	/* `what`: any revision that git rev-parse knows */
	REPO_INDEX,	/* what is staged; `what` is NULL */
	REPO_EDIT,	/* HEAD with the file or directory `what` (as repo_tracked() gives it) as it is in the work tree */
};
NODISCARD
struct err	*repo_open_at(struct repo **out, const struct repo *here, enum repo_moment moment, const char *what);

/* The commit that a revision means, as hexadecimal digits.  Fails with ERR_USAGE when it is none. */
NODISCARD
struct err	*repo_commit(const struct repo *here, const char *what, char out[65]);

/* Whether a word is a revision of the repository that the instance is in. */
NODISCARD
struct err	*repo_is_revision(const struct repo *here, const char *word, bool *is);

/*
 * Where a file or directory that a user names, from the current directory, is below the top of the git work tree:
 * the caller's, free(), and NULL when neither the work tree nor HEAD has it.  Fails with ERR_USAGE when git ignores
 * it, or does not reach so far.
 */
NODISCARD
struct err	*repo_tracked(const struct repo *here, const char *path, char **out);

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

/* What a path is: a link to a file is that file, one to anything else is REPO_OTHER. */
enum repo_type { REPO_NOTHING, REPO_FILE, REPO_DIRECTORY, REPO_OTHER };
enum repo_type	 repo_type(const struct repo *repo, const char *path);

/* Whether what repo_read() gives is only a text in the place of a certificate or key that a deploy would make. */
bool		 repo_is_stand_in(const struct repo *repo, const char *path);

/* The same for the platform's files. */
NODISCARD
struct err	*repo_platform_read(const struct repo *repo, const char *path, struct buf *out);
bool		 repo_platform_has(const struct repo *repo, const char *path);
enum repo_type	 repo_platform_type(const struct repo *repo, const char *path);
NODISCARD
struct err	*repo_platform_list(const struct repo *repo, const char *dir, const char *suffix, struct strs *out);

/* Write a file of the instance (directories are made, 0755); content that is there already is left alone. */
NODISCARD
struct err	*repo_write(const struct repo *repo, const char *path, const void *data, size_t len, unsigned mode,
		    bool *changed);

/* Whether the file on disk has this content and mode already. */
bool		 repo_same(const struct repo *repo, const char *path, const void *data, size_t len, unsigned mode);

/* As repo_write() for one of many that can be made again: all are safe on disk after file_sync_all() only. */
NODISCARD
struct err	*repo_write_unsynced(const struct repo *repo, const char *path, const void *data, size_t len,
		    unsigned mode);

#endif
