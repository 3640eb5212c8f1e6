/* recipe: recipes and templates turn a node's properties into its manifest. */
/* May know config, lua, vault, repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RECIPE_RECIPE_H
#define RECIPE_RECIPE_H

#include "base/mem.h"

struct buf;
struct manifest;
struct node;
struct repo;

/*
 * Run the platform's base recipe and then each service's recipe, in order.  Pure: equal
 * properties and files give an equal manifest.  *out is the caller's, manifest_fini().
 * Errors have the place in the recipe, template, or property.
 */
NODISCARD
struct err	*recipe_run(struct manifest *out, struct node *node);

/* The same for its errors alone, for which no private key has to be opened: recipes get a text in the place of each. */
NODISCARD
struct err	*recipe_check(struct node *node);

/*
 * Append what a template of a service ("zone" of "services/dns") is for this node,
 * which need not have the service.
 */
NODISCARD
struct err	*recipe_render(struct buf *out, struct node *node, const char *dir, const char *name);

/*
 * *name is that of the file files/cert/NAME.crt which is good for the domain name `site`: its own, else the first of
 * those that are good for it too, as wildcards are.  One that a CA signed comes before one that only stands in until
 * a CA has; NULL when there is none.  The caller's, free().
 */
NODISCARD
struct err	*certificate_for(char **name, const struct repo *repo, const char *site);

#endif
