/* schema: JSON Schema, draft 2020-12. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct schema;
struct schema_set;
struct strs;

enum {
	SCHEMA_STRICT = 1,	/* keywords that nobody knows are problems, unless they begin with "x-" */
	SCHEMA_FORMATS = 2,	/* "format" is checked as if the dialect said so */
};

/*
 * Something wrong with a schema, or with a value.  The message goes behind the name of what it is about:
 * "must be a whole number".  It never quotes the value, which may be a secret; it may quote keys.
 * All of it is borrowed until the report returns.
 */
struct schema_problem {
	const char	*uri;		/* of the document, without fragment; of a value's problem: where the schema is */
	const char	*path;		/* "a.b.1": members by name, elements counted from 1; "" is the whole */
	const char	*keyword;	/* which was not met, or is wrong itself */
	const json_t	*value;		/* what is at the path */
	const char	*message;
	const char	*hint;		/* or NULL */
};

typedef void	 schema_report(void *arg, const struct schema_problem *problem);

/* Documents that refer to each other by their URIs.  The dialect's own are always there. */
struct schema_set *schema_set_new(unsigned flags);
void		 schema_set_free(struct schema_set *set);	/* with all schemas that it compiled */

/* Have the document found under this absolute URI; the set takes a reference to it. */
void		 schema_set_add(struct schema_set *set, const char *uri, json_t *document);

/*
 * The schema that a URI, with or without fragment, stands for, with all it refers to; the set's.  Whatever is wrong
 * with it is reported: keywords that are not known or not well made, references to what the set does not have (nothing
 * is ever fetched), references that go round in circles.  NULL when there was any such problem.
 */
const struct schema *schema_compile(struct schema_set *set, const char *uri, schema_report *report, void *arg);

/* How a value is looked at, beyond what the schema says.  All zeros is the standard's way. */
struct schema_view {
	bool		  nulls_missing;	/* members that are null count as not there */
	bool		(*passes)(void *arg, const json_t *value);	/* true: good whatever the schema says; or NULL */
	schema_report	 *report;		/* each problem; NULL: only whether there is one */
	void		 *arg;			/* of both */
};

/*
 * Whether the value is as the schema says.  Nothing is allocated for one that is.  A schema that takes too long, or
 * recurses without end, is a problem of the value.
 */
bool		 schema_valid(const struct schema *schema, const json_t *value, const struct schema_view *view);

/* Whether `text` is what the format says; true for formats that are not known (schema_format_names()). */
bool		 schema_format_good(const char *format, const char *text);
void		 schema_format_names(struct strs *names);

/*
 * Where a reference in a document leads: *document is the URI of another document or of the same one, *pointer the
 * fragment's JSON pointer ("" is the whole), decoded; both the caller's, free().  False when the fragment is no pointer.
 */
bool		 schema_reference(const char *base, const char *reference, char **document, char **pointer);

/* What is at a JSON pointer (RFC 6901) in a document, borrowed, or NULL. */
json_t		*schema_pointer(json_t *document, const char *pointer);

#endif
