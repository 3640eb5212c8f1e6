/* config: walks the text of the JSON dialect. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_SCAN_H
#define CONFIG_SCAN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define SCAN_DEPTH	100	/* of nested values */

struct scan {
	const char	*path;
	const char	*text;		/* comments are blank; not NUL-terminated */
	const char	*original;	/* the same with its comments, to quote; may be NULL */
	size_t		 len;
	size_t		 pos;
	unsigned	 depth;
};

/*
 * *out is a copy of the text (the caller's, free()) in which comments are spaces; lines and columns stay.
 * Fails where a comment has no end, at a NUL, and at what is not UTF-8.
 */
NODISCARD
struct err	*scan_blank(const char *path, const char *text, size_t len, char **out);

/* Check that the whole text is one JSON value (RFC 8259), an object or an array, and say what is wrong if not. */
NODISCARD
struct err	*scan_check(struct scan *scan);

/* Steps over a text that scan_check() accepts; over any other they stop at its end at last. */
void		 scan_space(struct scan *scan);
void		 scan_skip_string(struct scan *scan);
void		 scan_skip_value(struct scan *scan);

/* Whether the key (with its quotes) from `start` to the scanner's place is `name`. */
bool		 scan_key_is(const struct scan *scan, size_t start, const char *name, size_t len);

/* The place of a byte.  place->text is valid until the next call on the same thread, NULL for very long lines. */
void		 scan_place(const char *path, const char *text, size_t len, size_t offset, struct place *place);

#endif
