/* config: one word of a filter; only for filter.c. */
/* May know schema, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_FILTER_WORD_H
#define CONFIG_FILTER_WORD_H

#include "base/mem.h"

#include <stdbool.h>

struct config;
struct node;
struct regex;

enum word_sign { SIGN_ADD, SIGN_KEEP, SIGN_DROP };
enum word_type { WORD_NODE, WORD_SERVICE, WORD_ENVIRONMENT, WORD_TAG, WORD_REGEX, WORD_PROPERTY };

struct word {
	enum word_sign	 sign;
	enum word_type	 type;
	const char	*text;		/* without the sign; borrowed from the argument */
	struct node	*node;		/* that is named */
	struct regex	*regex;
	char		*property;
	const char	*value;
	bool		 differs;	/* "!=" */
	bool		 known;		/* a node that was looked at has the property */
};

/* ERR_USAGE for what means nothing here.  word_fini() also after an error. */
NODISCARD
struct err	*word_parse(struct word *word, struct config *config, const char *text);
void		 word_fini(struct word *word);

/* Whether the word, whatever its sign, is about this node. */
NODISCARD
struct err	*word_matches(struct word *word, struct node *node, bool *matches);

/* After all nodes that matter were matched: ERR_USAGE when no node at all has the property that the word is about. */
NODISCARD
struct err	*word_check(struct word *word, struct config *config);

#endif
