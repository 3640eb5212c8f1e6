/* cmd: what the files of leap why share. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_WHY_H
#define CMD_WHY_H

#include "base/strs.h"
#include "config/explain.h"
#include "repo/blame.h"

struct repo;

/* All that is said in one run. */
struct why {
	const char		 *owner;	/* "web1", "provider" */
	struct scope		 *scope;
	struct explain		 *explain;	/* of one property; NULL: all of them */
	struct strs		  leaves;	/* what is below that, or all */
	struct explain		**rows;		/* of each leaf */
	unsigned		  depth;
	struct blame_line	 *lines;	/* who wrote what was said, */
	const struct explain_place **places;	/* as many: where that is */
	size_t			  place_count;
};

/* Who wrote the line at this place, which is one of an explain of these; NULL: not looked for. */
const struct blame_line *why_commit(const struct why *why, const struct explain_place *place);

void	 why_print(const struct why *why);
void	 why_print_json(const struct why *why);

#endif
