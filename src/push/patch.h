/* push: the difference that a planned change makes to a content. */
/* May know repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUSH_PATCH_H
#define PUSH_PATCH_H

#include "base/mem.h"

#include <jansson.h>

struct manifest;

/*
 * Where contents of each resource of a manifest are found by its id, "file:/etc/motd"; free with json_decref().
 * NULL for a manifest that nobody plans.
 */
json_t		*patch_index(const struct manifest *manifest);

/*
 * Give the event of a file or firewall that is created, updated or removed its "patch": hunks from `old`, what the
 * node says is there now (NULL: it does not say), to what the manifest wants; and without one, where that is not
 * obvious, say in "hidden" why: the content is secret, no text, or not the node's to tell.
 */
void		 patch_event(json_t *event, const struct manifest *manifest, const json_t *index, const char *old);

#endif
