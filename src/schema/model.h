/* schema: what the files of this room share: schemas as they are compiled. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCHEMA_MODEL_H
#define SCHEMA_MODEL_H

#include "schema/schema.h"

#include <stddef.h>
#include <stdint.h>

/* Vocabularies of the dialect, each a bit. */
enum vocabulary {
	VOCAB_CORE = 1,
	VOCAB_APPLICATOR = 2,
	VOCAB_UNEVALUATED = 4,
	VOCAB_VALIDATION = 8,
	VOCAB_META_DATA = 16,
	VOCAB_FORMAT = 32,		/* as an annotation */
	VOCAB_FORMAT_ASSERTION = 64,
	VOCAB_CONTENT = 128,
	VOCAB_ALL = 255 & ~VOCAB_FORMAT_ASSERTION,
};

/* Types of a value, each a bit; a number without fraction has two. */
enum type {
	TYPE_NULL = 1,
	TYPE_BOOLEAN = 2,
	TYPE_INTEGER = 4,
	TYPE_NUMBER = 8,
	TYPE_STRING = 16,
	TYPE_ARRAY = 32,
	TYPE_OBJECT = 64,
};

struct schemas {
	struct schema	**items;
	size_t		  count;
};

/* One name, or pattern, of "properties", "patternProperties" or "dependentSchemas". */
struct member {
	const char	*key;
	struct regex	*regex;		/* of patterns only */
	struct schema	*schema;
};

struct members {
	struct member	*items;		/* names are sorted */
	size_t		 count;
};

#define NO_COUNT	(-1)

/* A document, or a part of one that has an "$id". */
struct resource {
	char		*uri;
	struct document	*document;
	char		*pointer;	/* of its root in the document */
	unsigned	 vocabularies;
	json_t		*anchors;	/* name → number of a schema */
	json_t		*dynamic;	/* those of "$dynamicAnchor" */
};

struct document {
	char		*uri;
	json_t		*json;
	json_t		*index;		/* JSON pointer → number of a schema */
	bool		 scanned;
};

/* Schemas that apply each other, one inside the other: more are refused, or a problem of the value. */
#define SCHEMA_DEPTH	400u

/* One subschema.  Members are named as keywords are; those that are not there are NULL, 0 or NO_COUNT. */
struct schema {
	struct schema_set	*set;
	struct resource		*resource;
	char			*pointer;	/* in the document */
	json_t			*json;
	bool			 never;		/* the schema `false` */
	enum { WALK_NEW, WALK_OPEN, WALK_DONE } walk;	/* in the search for circles */

	struct schema		*ref, *dynamic_ref;
	const char		*dynamic_name;	/* the anchor that the dynamic scope may have another of */

	unsigned		 types;
	const json_t		*constant, *choices;
	const json_t		*multiple_of, *maximum, *exclusive_maximum, *minimum, *exclusive_minimum;
	json_int_t		 max_length, min_length, max_items, min_items, max_contains, min_contains,
				 max_properties, min_properties;
	bool			 unique_items;
	struct regex		*pattern;
	const json_t		*required, *dependent_required;
	const struct format	*format;	/* when it is to be checked */

	struct schemas		 all_of, any_of, one_of, prefix_items;
	struct schema		*not_schema, *if_schema, *then_schema, *else_schema;
	struct members		 properties, pattern_properties, dependent_schemas;
	struct schema		*additional_properties, *property_names, *unevaluated_properties;
	struct schema		*items, *contains, *unevaluated_items;
};

/* A reference that is followed when the whole document is known. */
struct pending {
	struct schema	*schema;
	const char	*reference;
	bool		 dynamic;
};

struct schema_set {
	unsigned		  flags;
	struct document		**documents;
	size_t			  document_count;
	struct resource		**resources;
	size_t			  resource_count;
	json_t			 *by_uri;	/* URI → number of a resource */
	struct schema		**schemas;
	size_t			  schema_count;
	struct pending		 *pending;
	size_t			  pending_count;
	schema_report		 *report;
	void			 *arg;
	size_t			  problems;
};

/* documents.c */
struct document	*set_document(const struct schema_set *set, const char *uri);
struct resource	*set_resource(const struct schema_set *set, const char *uri);
struct resource	*set_add_resource(struct schema_set *set, struct document *document, const char *uri,
		    const char *pointer);
unsigned	 dialect_vocabularies(struct schema_set *set, const struct document *document, const char *pointer,
		    const json_t *schema, unsigned otherwise);

/* Something is wrong with the schema at this pointer. */
PRINTF(6, 7)
void		 set_problem(struct schema_set *set, const struct document *document, const char *pointer,
		    const char *keyword, const char *hint, const char *format, ...);

/* compile.c: the schema at a place of a document, with all below it; made once. */
struct schema	*schema_at(struct schema_set *set, struct document *document, struct resource *resource,
		    const char *pointer, json_t *json);

/* keywords.c: fill in what this member of the schema says. */
void		 keyword_compile(struct schema *schema, const char *keyword, json_t *value);

/* references.c: follow what is pending; find circles. */
void		 references_resolve(struct schema_set *set);
struct schema	*reference_find(struct schema_set *set, const struct schema *from, const char *reference);
void		 references_check(struct schema_set *set);

/* numbers.c: RFC 8259 numbers, whichever way jansson has them. */
bool		 number_integral(const json_t *number);
int		 number_compare(const json_t *a, const json_t *b);
bool		 number_multiple(const json_t *number, const json_t *of);

/* equal.c: equality of the standard: 1 is 1.0, order of members does not count. */
bool		 json_same(const json_t *a, const json_t *b);
bool		 json_unique(const json_t *array, size_t *first, size_t *second);

unsigned	 types_of(const json_t *value);

/*
 * While a value is checked.  What it is made of lives on the stack: where the value is, and through which resources
 * the schema was reached.
 */
struct step {
	const struct step	*above;
	const char		*key;		/* of a member, or NULL */
	size_t			 index;		/* of an element */
};

struct dynamic {
	const struct dynamic	*outer;
	const struct resource	*resource;
};

struct seen;

struct run {
	const struct schema_view *view;
	schema_report		*report;	/* NULL: quiet; the first problem ends it */
	void			*arg;
	unsigned		 depth, steps;
	bool			 stopped;	/* it took too long: everything is wrong */
};

struct look {
	struct run		*run;
	const json_t		*value;
	const struct step	*step;		/* NULL at the root */
	const struct dynamic	*scope;
	struct seen		*seen;		/* which members or elements were looked at; NULL: nobody asks */
};

/* validate.c */
bool		 look_schema(const struct look *look, const struct schema *schema);

/* children.c: what is in objects and arrays. */
bool		 look_missing(const struct look *look, const json_t *member);
bool		 look_object(const struct look *look, const struct schema *schema);
bool		 look_array(const struct look *look, const struct schema *schema);
bool		 look_unevaluated(const struct look *look, const struct schema *schema);

/* seen.c: sets of the members, by their places, or elements of one value. */
struct seen {
	uint64_t	 word;		/* enough for most */
	uint64_t	*words;		/* or more of them */
	size_t		 count;
};

void		 seen_init(struct seen *seen, const json_t *value);
void		 seen_fini(struct seen *seen);
void		 seen_add(struct seen *seen, size_t index);	/* `seen` may be NULL */
void		 seen_add_before(struct seen *seen, size_t end);
bool		 seen_has(const struct seen *seen, size_t index);
void		 seen_merge(struct seen *seen, const struct seen *other);

/* problems.c: report; each returns false.  Nothing is said of a quiet run. */
PRINTF(5, 6)
bool		 problem(const struct look *look, const struct schema *schema, const char *keyword, const char *hint,
		    const char *format, ...);
char		*problem_shown(const json_t *value);	/* of a schema, as people write it; the caller's, free() */
bool		 problem_type(const struct look *look, const struct schema *schema);
bool		 problem_enum(const struct look *look, const struct schema *schema);
bool		 problem_unknown(const struct look *look, const struct schema *schema, const char *keyword);
bool		 problem_forms(const struct look *look, const struct schema *schema, const char *keyword,
		    const struct schemas *forms);
bool		 problem_name(const struct look *look, const struct schema *schema);

/* dialect.c: the documents of draft 2020-12 itself, for references to them. */
#define DIALECT_URI	"https://json-schema.org/draft/2020-12/schema"
extern const char *const dialect_documents[];	/* texts; ends in NULL */

#endif
