/* schema: references, and circles of them. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include "base/strs.h"
#include "schema/uri.h"

#include <stdlib.h>
#include <string.h>

/* "$dynamicRef" is more than "$ref" only where it leads to a "$dynamicAnchor" by that name at first. */
static void
follow_dynamic(struct schema *schema, struct schema *target, const char *reference)
{
	const char *name = strchr(reference, '#');

	schema->dynamic_ref = target;
	if (name != NULL && json_object_get(target->resource->dynamic, name + 1) != NULL)
		schema->dynamic_name = name + 1;
}

static void
follow(struct schema_set *set, const struct pending *pending)
{
	struct schema	*schema = pending->schema, *target = reference_find(set, schema, pending->reference);
	const char	*keyword = pending->dynamic ? "$dynamicRef" : "$ref";
	char		*uri;

	if (target == NULL) {
		uri = uri_resolve(schema->resource->uri, pending->reference);
		set_problem(set, schema->resource->document, schema->pointer, keyword,
		    set_resource(set, uri) == NULL ? "documents are never fetched: what is referred to must be there" : NULL,
		    "leads nowhere: \"%s\"", pending->reference);
		free(uri);
	} else if (pending->dynamic)
		follow_dynamic(schema, target, pending->reference);
	else
		schema->ref = target;
}

/* Following one may read another document, with references of its own. */
void
references_resolve(struct schema_set *set)
{
	struct pending pending;

	for (size_t i = 0; i < set->pending_count; i++) {
		pending = set->pending[i];
		follow(set, &pending);
	}
	set->pending_count = 0;
}

/*
 * A schema that applies itself to the same value again would never end.  A dynamic reference counts as one to where it
 * leads at first: what it comes to be otherwise is watched when values are checked.
 */

static void	 walk(struct schema_set *set, struct schema *schema, unsigned depth);

static void
walk_all(struct schema_set *set, const struct schemas *list, unsigned depth)
{
	for (size_t i = 0; i < list->count; i++)
		walk(set, list->items[i], depth);
}

static void
walk(struct schema_set *set, struct schema *schema, unsigned depth)
{
	if (schema == NULL || schema->walk == WALK_DONE)
		return;
	if (schema->walk == WALK_OPEN) {
		set_problem(set, schema->resource->document, schema->pointer, "",
		    "a reference to itself must be below a property or an element", "applies itself without end");
		return;
	}
	if (depth > SCHEMA_DEPTH) {
		set_problem(set, schema->resource->document, schema->pointer, "", NULL,
		    "is at the end of more than %u references", SCHEMA_DEPTH);
		return;
	}
	schema->walk = WALK_OPEN;
	walk(set, schema->ref, depth + 1);
	walk(set, schema->dynamic_ref, depth + 1);
	walk_all(set, &schema->all_of, depth + 1);
	walk_all(set, &schema->any_of, depth + 1);
	walk_all(set, &schema->one_of, depth + 1);
	walk(set, schema->not_schema, depth + 1);
	walk(set, schema->if_schema, depth + 1);
	walk(set, schema->then_schema, depth + 1);
	walk(set, schema->else_schema, depth + 1);
	for (size_t i = 0; i < schema->dependent_schemas.count; i++)
		walk(set, schema->dependent_schemas.items[i].schema, depth + 1);
	schema->walk = WALK_DONE;
}

void
references_check(struct schema_set *set)
{
	for (size_t i = 0; i < set->schema_count; i++)
		walk(set, set->schemas[i], 0);
}
