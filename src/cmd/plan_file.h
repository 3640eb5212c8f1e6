/* cmd: plans that are kept in a file. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_PLAN_FILE_H
#define CMD_PLAN_FILE_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct context;
struct fleet;

/*
 * A plan in a file is JSON, of mode 0600:
 *
 *   { "leap_plan": 1, "commit": HEX, "clean": bool, "rev": HEX or null, "thorough": bool, "purge_packages": bool,
 *     "nodes": { NAME: { "manifest": SHA-256, "state": SHA-256, "changed": N, "restarted": N, "generation": N }, ... } }
 *
 * Contents are not in it, so that no secret is: whoever executes it compiles anew, and the manifests must
 * come out the same.  "rev" is the commit that was planned instead of the work tree.
 */

/* Keep the nodes that were planned.  Fails when there is none, and when secrets would first have to be made. */
NODISCARD
struct err	*plan_write(const char *path, const struct fleet *fleet);

/* Whether the command's only argument names such a file, and not nodes. */
bool		 plan_is_named(const struct context *context);

/* Read and check one.  *out is a new reference. */
NODISCARD
struct err	*plan_read(json_t **out, const char *path);

/*
 * Of a fleet of just the plan's nodes: each must be as it was planned.  Those whose manifest is another now fail, with
 * PUSH_MOVED, and are pushed no more.
 */
void		 plan_expect(struct fleet *fleet, const json_t *plan);

#endif
