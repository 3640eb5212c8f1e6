/* cmd: what leap check found, in an order, each mistake once. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_FINDINGS_H
#define CMD_FINDINGS_H

#include "base/err.h"

struct buf;
struct json_t;

struct finding {
	const struct err	*e;		/* the first that is joined counts */
	size_t			 number;	/* in the order in which they came */
	size_t			 more;		/* as many again break the same rule at the same place */
};

/* All zeros is empty. */
struct findings {
	struct err	**owned;
	size_t		  owned_count;
	struct finding	 *items;
	size_t		  count;
	size_t		  errors, warnings, files;	/* as findings_sort() counts them */
};

/* Take all that are joined. */
void		 findings_add(struct findings *findings, struct err *take_e);

/*
 * By file, line and column, errors before warnings.  Mere consequences (RULE_CONSEQUENCE) go; of several at the same
 * place the first stays, and so it is for those that break the same rule on the same line.
 */
void		 findings_sort(struct findings *findings);
void		 findings_fini(struct findings *findings);

/* "2 errors and 1 warning in 3 files" */
void		 findings_summary(const struct findings *findings, struct buf *out);

/* The rule's name; every finding has one. */
const char	*finding_rule(const struct finding *finding);

/* A text as JSON, a new reference; what is not UTF-8 of it is "?". */
struct json_t	*finding_string(const char *text);

/* For a person, grouped by file. */
void		 findings_text(const struct findings *findings, struct buf *out);

/* As JSON and, with the rules that are broken described and `prefix` before the paths, as SARIF 2.1.0 (OASIS standard). */
void		 findings_json(const struct findings *findings, size_t nodes, struct buf *out);
void		 findings_sarif(const struct findings *findings, const char *prefix, struct buf *out);

#endif
