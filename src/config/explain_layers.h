/* config: what each layer says about one property. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_EXPLAIN_LAYERS_H
#define CONFIG_EXPLAIN_LAYERS_H

#include "config/explain.h"
#include "config/state.h"

#include "base/strs.h"

/* What one layer says. */
struct saying {
	const struct source	*source;
	struct strs		 keys;		/* the way to it, as the file has it */
	json_t			*value;		/* borrowed from the source; NULL: it is not in an object that replaces */
	char			 prefix;	/* '+', '-', '!' or 0 */
	enum explain_effect	 effect;
	bool			 overridden;
};

struct sayings {
	struct strs	 steps;		/* the property's path; names of keys and numbers of elements */
	size_t		 literal;	/* so many steps go through objects, up to a macro, a list, or the end */
	json_t		*merged;	/* what the layers made there, before evaluation; borrowed */
	struct saying	*items;		/* in the order in which the layers apply */
	size_t		 count;
	size_t		 origin;	/* which one decided; `count` when none did */
	size_t		 element;	/* and of an element: its number in the origin's list; 0 where that is no list */
};

/* Evaluates macros on the way.  False when there is no such property: nothing is to be freed then. */
bool		 sayings_find(struct sayings *sayings, struct scope *scope, const char *property);
void		 sayings_fini(struct sayings *sayings);

/* The first `count` steps as a path, the caller's, free(). */
char		*sayings_path(const struct sayings *sayings, size_t count);

/*
 * The macro that the property's value comes from, borrowed; NULL when it stands in a file.  *steps is how many of the
 * steps lead to it.
 */
json_t		*sayings_macro(const struct sayings *sayings, size_t *steps);

/* What the layers made of the property, before evaluation; NULL below a macro. */
json_t		*sayings_merged(const struct sayings *sayings);

/* Which layer won over which, and why, the caller's, free(); NULL when none did. */
char		*sayings_reason(const struct sayings *sayings, const struct scope *scope);

/* "service dns in live", the caller's, free(). */
char		*source_title(const struct config *config, const struct scope *scope, const struct source *source);

/* Where the origin says it: an element in a list, or the key.  Of a scope that nothing is said about, its file. */
void		 sayings_place(const struct sayings *sayings, const struct scope *scope, struct explain_place *place);
void		 saying_place(const struct saying *saying, struct explain_place *place);

#endif
