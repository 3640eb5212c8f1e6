/* repo: how two texts differ, as git shows it. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_TEXTDIFF_H
#define REPO_TEXTDIFF_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define TEXTDIFF_MAX	(1u << 20)	/* bytes of a text; what is longer nobody reads as a difference */

struct textdiff {
	size_t	 added, removed;	/* lines */
	bool	 opaque;		/* one of them is no text, or longer than TEXTDIFF_MAX: nothing else is known */
};

/*
 * Compare two contents (NULL: there is no file) and append hunks in the unified format with three lines of context,
 * without the lines that name files, to `hunks` (may be NULL).  Nothing is masked: secrets must not come here.
 */
NODISCARD
struct err	*textdiff(struct textdiff *out, struct buf *hunks, const void *old, size_t old_len, const void *new,
		    size_t new_len);

#endif
