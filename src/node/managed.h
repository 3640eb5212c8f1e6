/* node: what leap put on this node, and what was there before. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_MANAGED_H
#define NODE_MANAGED_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct strs;

/*
 * managed.json is {"version": 1, "entries": [ENTRY, ...]}, in the order in which they were applied.
 *
 * ENTRY  {"id":     "file:/etc/motd",
 *         "want":   the resource as it was last applied, or is about to be,
 *         "intent": true until it was applied once: a cut apply left it at an unknown point,
 *         "before": what was there before leap, {} for nothing; its members are the type's own,
 *         "ours":   what leap put there or may have put there (SHA-256, target): just one unless an apply was cut,
 *         "note":   what else the type wants to remember}
 */
struct managed {
	json_t	*entries;	/* id → ENTRY; iterates in order */
};

NODISCARD
struct err	*managed_load(struct managed *managed, const char *path);
NODISCARD
struct err	*managed_save(const struct managed *managed, const char *path);
void		 managed_fini(struct managed *managed);

/* The entry, borrowed, or NULL. */
json_t		*managed_get(const struct managed *managed, const char *id);

/* Bring the entries into this order, those that are not in it first. */
void		 managed_order(struct managed *managed, const struct strs *ids);

/* The ids that are in no manifest any more, last applied first. */
void		 managed_gone(const struct managed *managed, const json_t *wanted, struct strs *out);

/* Whether it has an id, and one that is its resource's. */
bool		 entry_well_formed(const json_t *entry);

/* A new entry, a new reference; `before` is NULL when it is not known. */
json_t		*entry_new(const char *id, json_t *want, json_t *before);

/* Whether leap put, or may have put, this there. */
bool		 entry_ours(const json_t *entry, const char *token);

/*
 * Whether somebody else put this there after leap was done.  What was there before leap (its "before" has the
 * same `token` under `member`) is not: a removal that was cut may have brought it back, and it is kept anyway.
 */
bool		 entry_foreign(const json_t *entry, const char *member, const char *token);
void		 entry_add_ours(json_t *entry, const char *token);

/* It is applied: `want` is what is there now, `token` the only thing of ours (NULL for none). */
void		 entry_settle(json_t *entry, json_t *want, const char *token);

#endif
