/* repo: who wrote the lines of files last, by git. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_BLAME_H
#define REPO_BLAME_H

#include "base/mem.h"

#include <stdint.h>

struct blame;
struct buf;

enum blame_state {
	BLAME_NONE,		/* not in a git repository that can be read */
	BLAME_UNCOMMITTED,	/* new or changed since HEAD */
	BLAME_COMMITTED,
};

/* A line, and the last commit that touched it. */
struct blame_line {
	const char	*path;		/* relative to the root; the caller's, and so are the next two */
	const struct buf *text;		/* of the file as it is now; the same one for all lines of a file */
	unsigned	 number;	/* from 1 */
	enum blame_state state;
	char		 commit[65];	/* hexadecimal digits */
	char		*author;	/* the name; blame_line_fini() */
	char		*summary;	/* the first line of its message */
	int64_t		 time;		/* seconds since the epoch, */
	int		 offset;	/* and minutes that the author's clock was east of UTC */
};
void		 blame_line_fini(struct blame_line *line);

/* The repository that the directory `root` is in, NULL when it is in none; the caller's, blame_close(). */
struct blame	*blame_open(const char *root);
void		 blame_close(struct blame *blame);

/*
 * Find out who wrote these lines.  The history is gone through once for all of them, through all parents and along
 * renames as git-blame(1) does, and no further than to their authors.  What git cannot tell is BLAME_NONE; `blame`
 * may be NULL, then all is.  Not for threads.
 */
void		 blame_lines(struct blame *blame, struct blame_line *lines, size_t count);

#endif
