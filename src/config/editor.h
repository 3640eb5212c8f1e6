/* config: schemas by which editors check and complete the files of an instance. */
/* May know schema, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_EDITOR_H
#define CONFIG_EDITOR_H

#include "base/mem.h"

#include <jansson.h>

struct config;
struct strs;

/* The names of the schemas, each a file NAME.json beside the others, to which it refers so. */
void		 editor_names(struct strs *names);

/*
 * A schema of draft 2020-12, a new reference; NULL for a name that is none.  What the schemas of the platform, of
 * the instance and of all its services and tags say of a whole node is softened to what one layer of it may hold: a macro,
 * "REQUIRED" or null in the place of any value, keys with "+", "-" and "!", and nothing that must be there.
 * Fails with what is wrong with the schemas.
 */
NODISCARD
struct err	*editor_schema(struct config *config, const char *name, json_t **out);

#endif
