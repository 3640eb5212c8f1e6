/* push: the difference that a planned change makes to a content. */
/* May know repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "push/patch.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"
#include "push/answers.h"
#include "repo/textdiff.h"
#include "wire/manifest.h"

#include <stdlib.h>
#include <string.h>

#define HUNKS_MAX	(256u << 10)	/* bytes of one difference */

json_t *
patch_index(const struct manifest *manifest)
{
	json_t	*index = json_object(), *resource;
	size_t	 i;
	char	*id;

	json_array_foreach(json_object_get(manifest->root, "resources"), i, resource) {
		id = resource_id(resource);
		if (id != NULL && json_str(resource, "sha256") != NULL)
			json_object_set(index, id, resource);
		free(id);
	}
	return index;
}

static void
hide(json_t *event, const char *why)
{
	json_object_set_new(event, "hidden", json_string(why));
}

/* Either may be NULL, not both. */
static void
add_hunks(json_t *event, const char *old, const struct blob *new)
{
	struct textdiff	 counts = { 0 };
	struct buf	 hunks = { 0 }, clean = { 0 };
	struct err	*e;

	e = textdiff(&counts, &hunks, old, old == NULL ? 0 : strlen(old), new == NULL ? NULL : new->data,
	    new == NULL ? 0 : new->len);
	if (e != NULL || counts.opaque) {
		hide(event, "the content is no text, or too long to be compared");
	} else if (hunks.len > 0) {
		text_clean(&clean, hunks.data, hunks.len, HUNKS_MAX, true);
		json_object_set_new(event, "patch", json_string(buf_text(&clean)));
	}
	err_free(e);
	buf_fini(&hunks);
	buf_fini(&clean);
}

/* Whether only owner and mode change: the content is there, as it shall be. */
static bool
same_content(const json_t *event)
{
	const char	*detail = json_str(event, "detail");

	return strcmp(json_str(event, "action"), "update") == 0 && detail != NULL && !str_starts(detail, "content") &&
	    str_starts(json_str(event, "resource"), "file:");
}

void
patch_event(json_t *event, const struct manifest *manifest, const json_t *index, const char *old)
{
	const char		*action = json_str(event, "action"), *id = json_str(event, "resource");
	const json_t		*resource = json_object_get(index, id);
	const struct blob	*new = resource == NULL ? NULL : manifest_blob(manifest, json_str(resource, "sha256"));
	bool			 create = strcmp(action, "create") == 0, update = strcmp(action, "update") == 0;

	if (!str_starts(id, "file:") && !str_starts(id, "firewall:"))
		return;
	if (strcmp(action, "remove") == 0) {
		if (old != NULL)
			add_hunks(event, old, NULL);
		return;
	}
	if ((!create && !update) || new == NULL || same_content(event))
		return;
	if (new->secret || json_bool(resource, "secret"))
		hide(event, create ? "secret content" : "secret content differs");
	else if (create || old != NULL)
		add_hunks(event, old, new);
	else
		hide(event, "the content that is there now is secret, no text, or not for everybody's eyes");
}
