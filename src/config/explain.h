/* config: where a value comes from. */
/* May know lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_EXPLAIN_H
#define CONFIG_EXPLAIN_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct buf;
struct config;
struct node;
struct scope;
struct strs;

/* A line of a file.  Texts are borrowed from the config. */
struct explain_place {
	const char	 *path;		/* as errors show it; NULL: none */
	const char	 *file;		/* relative to the instance, or to the platform; NULL for a file in macros/ */
	bool		  instance;
	const struct buf *text;		/* of the whole file; NULL for a file in macros/ */
	unsigned	  line, column;	/* from 1; column 0: unknown */
};

/* What a layer does to a property. */
enum explain_effect {
	EXPLAIN_SETS,
	EXPLAIN_MERGES,		/* an object, key by key, into the one that is there */
	EXPLAIN_ADDS,		/* "+key" */
	EXPLAIN_REMOVES,	/* "-key" */
	EXPLAIN_REPLACES,	/* "!key", of the property or of an object that it is in */
	EXPLAIN_CLEARS,		/* "!key" of an object that it was in, and is no more */
	EXPLAIN_NOTHING,	/* null, or "-key" of what is not there */
};

struct explain_layer {
	char			*title;		/* "common", "service dns", "tag blue in live", "node web1"; "leap" itself */
	struct explain_place	 place;		/* of the key; of an element in a list */
	char			*key;		/* as the file has it: "+aliases"; "!dns.aliases" in an object that replaces */
	json_t			*value;		/* as the file has it */
	enum explain_effect	 effect;
	bool			 overridden;	/* a later layer made it void */
};

enum explain_type { EXPLAIN_PROPERTY, EXPLAIN_SELECTION, EXPLAIN_FILE, EXPLAIN_SECRET, EXPLAIN_FUNCTION };

/* Something that a value was made of. */
struct explain_fact {
	enum explain_type	 type;
	char			*owner;		/* of a property: "web1", "provider", "services.dns"; of a secret its environment;
						   of a file where it was found, as errors show it, or NULL */
	char			*name;		/* the property, or `nodes_like_me`, a file, secret or function by its name */
	json_t			*value;		/* as it may be shown; of a selection the nodes' names; NULL: there is none */
	struct err		*error;		/* why a property has no value */
	json_t			*filter;	/* of a selection; NULL: all */
	char			*macro;		/* the expression that made the value, with its "= "; NULL: it stands in a file */
	struct explain_place	 place;		/* where it was set */
	bool			 repeated;	/* its own facts are said where it came up first */
	size_t			 cut;		/* so many facts are not here because of the depth */
	struct explain_fact	*facts;		/* what the macro read, or the macros in the list or object */
	size_t			 fact_count;
};

struct explain {
	struct explain_fact	 fact;		/* the property itself */
	const json_t		*merged;	/* what the layers made of it, before evaluation; NULL below a macro */
	struct explain_layer	*layers;	/* all that say something about it, in the order in which they apply */
	size_t			 layer_count;
	size_t			 origin;	/* the layer that the value is from; the last of several */
	char			*reason;	/* which layer won over which, and why; NULL when none did */
};

/* Remember from now on what macros read.  Call it before anything is evaluated. */
void		 explain_start(struct config *config);

/* What can be explained: a node, or the provider in an environment (NULL: none).  Borrowed from the config. */
struct scope	*explain_node(const struct node *node);
struct scope	*explain_provider(struct config *config, const char *environment);

/*
 * Explain the property "a.b" or "a.b.1".  What macros read is followed `depth` steps far.  Fails like node_get() when
 * there is no such property; a macro that fails is no error here, see fact.error.  *out is the caller's,
 * explain_free(), and borrows from the config.
 */
NODISCARD
struct err	*explain_property(struct explain **out, struct scope *scope, const char *property, unsigned depth);
void		 explain_free(struct explain *explain);

/*
 * Add the paths of all values at and below `property` ("": all), sorted: what is no object and no list; an empty one,
 * a list without objects or lists in it, and a macro that fails, as one.
 */
NODISCARD
struct err	*explain_leaves(struct strs *out, struct scope *scope, const char *property);

#endif
