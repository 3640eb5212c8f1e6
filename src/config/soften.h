/* config: makes schemas of whole nodes into schemas of single layers. */
/* May know schema, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_SOFTEN_H
#define CONFIG_SOFTEN_H

#include "config/schemas.h"

struct softened {
	const struct known_schemas *known;
	json_t		*documents;	/* name → softened document; null while it is made */
	json_t		*roots;		/* references to those that apply to the whole */
};

void	 soften_init(struct softened *softened, const struct known_schemas *known);

/* What this file says of a node, softened, applies to the whole. */
void	 soften_add(struct softened *softened, const struct schema_file *file);

/* Put all of it into the schema, with the documents that are referred to; softened is gone then. */
void	 soften_finish(struct softened *softened, json_t *schema);

#endif
