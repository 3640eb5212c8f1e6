/* node: what was applied here, numbered. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_GENERATION_H
#define NODE_GENERATION_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct manifest;
struct run;

#define GENERATIONS_KEPT	10	/* of those that were applied to their end: the node is in the last one of them */
#define FAILURES_KEPT		20	/* of the others, no older than those */

/*
 * A generation is a directory with manifest.json and record.json:
 *
 *   {"manifest": SHA-256, "who", "from", "commit", "dirty": true? (it had changes that are in no commit), "when",
 *    "result": "ok"|"failed"|"cancelled", "changed": N, "restarted": N, "applied": whether it was applied to its end (its
 *    checks may have failed), "touched": whether it came so far as to change anything,
 *    "resources": [id, ...]?  the first RUN_TOUCHES_MAX that it changed,
 *    "back_to": N?   a rollback, or what failed and went back: the generation that the node was in afterwards,
 *    "why": TEXT?    that nobody asked for by hand}
 */

/* The number of the last generation, 0 when there is none. */
unsigned	 generation_last(void);

/*
 * The generation that the node is in, 0 for none.  *unfinished is the number of a later one that was begun and neither
 * finished nor gone back from, so that the node is somewhere between the two; else 0.
 */
unsigned	 generation_current(unsigned *unfinished);

/*
 * The one that a rollback means when it says no number: the one before the current one, or before the one that was gone
 * back to; before an apply that was left unfinished, the current one.  0 when there is none.
 */
unsigned	 generation_before(void);

/* Whether there is such a generation, and it was applied to its end. */
bool		 generation_applied(unsigned number);

/* The generation's manifest, manifest_fini(); 0 is an empty one for this node. */
NODISCARD
struct err	*generation_load(unsigned number, const char *node, struct manifest *out);

/*
 * {"generations": [{"number": N, and the record}, ...], "current": N, "unfinished": N, "cut": bool}, a new reference; the
 * last one first.  `cut`: the last apply ended before it could be recorded.
 */
json_t		*generation_history(bool cut);

/*
 * Record the run's manifest as the next generation, unless it is the last one's and nothing
 * changed; sets run->generation.  Then forget the oldest ones, and the contents that no generation and nothing
 * that is managed names any more.
 */
NODISCARD
struct err	*generation_record(struct run *run, bool failed);

#endif
