/* recipe: what follows on a node from one manifest after another. */
/* May know repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RECIPE_CHANGES_H
#define RECIPE_CHANGES_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct changes;
struct manifest;

/* What several comparisons share: a difference of contents that many nodes have is made once. */
struct changes	*changes_new(void);
void		 changes_free(struct changes *changes);

/*
 * What a node would do when `after` is applied where `before` (NULL: nothing) was, with the words of leap-node, but
 * from the manifests alone: a list of { "resource", "action", "detail"?, "patch"? }, a new reference.  What leaves the
 * manifest comes first, then all in the order of `after`: what is new or other, and which units are restarted or
 * reloaded and which commands run because of it; then the checks.  It is empty when the manifests have the same hash
 * and only then.  "patch" has the hunks of a difference between texts; contents that are secret in either get none.
 */
NODISCARD
struct err	*changes_between(struct changes *changes, json_t **events, const struct manifest *before,
		    const struct manifest *after);

#endif
