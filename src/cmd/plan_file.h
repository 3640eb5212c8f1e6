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
struct repo;

/*
 * A plan in a file is JSON, of mode 0600:
 *
 *   { "leap_plan": 2, "commit": HEX, "clean": bool, "rev": HEX or null, "thorough": bool, "purge_packages": bool,
 *     "nodes": { NAME: { "manifest": SHA-256, "state": SHA-256, "changed": N, "restarted": N, "generation": N }, ... },
 *     "failed": [NAME, ...] }
 *
 * Contents are not in it, so that no secret is: whoever executes it compiles anew, and the manifests must
 * come out the same.  "rev" is the commit if that was planned instead of the work tree.  The nodes that could
 * not be planned are "failed": they may be down, so that fewer others of their services may be.
 */

/* Keep the nodes that were planned.  Fails when there is none, and when secrets would first have to be made. */
NODISCARD
struct err	*plan_write(const char *path, const struct fleet *fleet);

/*
 * *out is the command's argument that names such a file and not nodes, or NULL: one that can only be a path, or a file
 * that is there.  Fails when there are other arguments.
 */
NODISCARD
struct err	*plan_find(const char **out, const struct context *context);

/* Read and check one that was made in this repository.  *out is a new reference. */
NODISCARD
struct err	*plan_read(json_t **out, const char *path, const struct repo *repo);

/* Its text; `path` is for messages. */
NODISCARD
struct err	*plan_parse(json_t **out, const char *path, const char *text, size_t len);

/*
 * Of a fleet of just the plan's nodes: each must be as it was planned.  Those whose manifest is another now fail, with
 * PUSH_MOVED, and are pushed no more.
 */
void		 plan_expect(struct fleet *fleet, const json_t *plan);

#endif
