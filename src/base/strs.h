/* base: lists of strings. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_STRS_H
#define BASE_STRS_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* All zeros is an empty list.  The list owns its strings. */
struct strs {
	char	**items;
	size_t	  count;
	size_t	  cap;
};

void	 strs_fini(struct strs *list);
void	 strs_add(struct strs *list, const char *text);
PRINTF(2, 3)
void	 strs_addf(struct strs *list, const char *format, ...);
void	 strs_split(struct strs *list, const char *text, char separator);	/* adds the parts; none for "" */
void	 strs_remove(struct strs *list, size_t index);
void	 strs_sort(struct strs *list);			/* bytewise */
bool	 strs_has(const struct strs *list, const char *text);
const char *strs_missing(const struct strs *list, const struct strs *from);	/* the first that `from` lacks, or NULL */
void	 strs_join(const struct strs *list, const char *between, struct buf *out);

/*
 * The candidate that `word` was most likely meant to be, by edit distance, or
 * NULL when none is near.  Borrowed from the list.
 */
const char	*strs_nearest(const struct strs *candidates, const char *word);

/* Whether one letter more, less or changed, or two neighbours in the other order, make one of the other. */
bool	 str_one_off(const char *a, const char *b);

bool	 str_starts(const char *text, const char *prefix);
bool	 str_ends(const char *text, const char *suffix);

/* As strcmp(), but numbers in the texts count as such: "web9" comes before "web10".  0 for equal texts only. */
int	 str_natural(const char *a, const char *b);

#endif
