/* node: the items of a run, from the manifest and from what was managed before. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/items.h"

#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/preview.h"
#include "node/run.h"
#include "node/store.h"

#include <stdlib.h>
#include <string.h>

#define BLOB_SECONDS	120	/* without a byte */

static void
item_init(struct item *item, struct run *run, const char *id, json_t *want)
{
	const char	*type = json_str(want, "type");

	*item = (struct item){ .type = type_find(type), .id = xstrdup(id), .name = json_str(want, resource_key(type)),
	    .want = json_incref(want), .entry = json_incref(managed_get(&run->managed, id)) };
	if (strcmp(type, "unit") == 0)
		systemd_announce(&run->systemd, item->name);
}

static void
item_fini(struct item *item)
{
	item_clear_steps(item);
	json_decref(item->want);
	json_decref(item->entry);
	json_decref(item->before);
	free(item->id);
}

static bool
stays(const struct run *run, const char *id)
{
	const json_t		*entry = managed_get(&run->managed, id);
	const struct type	*type = type_find(json_str(json_object_get(entry, "want"), "type"));

	return type->stays != NULL && type->stays(run, entry);
}

static void
build_gone(struct run *run)
{
	struct strs	 gone = { 0 };
	json_t		*want;

	managed_gone(&run->managed, run->by_id, &gone);
	run->gone = xcalloc(gone.count + 1, sizeof(*run->gone));
	for (size_t i = 0; i < gone.count; i++) {
		if (stays(run, gone.items[i]))
			continue;
		want = json_object_get(managed_get(&run->managed, gone.items[i]), "want");
		item_init(&run->gone[run->gone_count], run, gone.items[i], want);
		run->gone[run->gone_count++].gone = true;
	}
	strs_fini(&gone);
}

void
items_build(struct run *run)
{
	const json_t	*resources = json_object_get(run->manifest->root, "resources"), *check;
	json_t		*want;
	char		*id;
	size_t		 i;

	run->by_id = json_object();
	run->item_count = json_array_size(resources);
	run->items = xcalloc(run->item_count + 1, sizeof(*run->items));
	json_array_foreach(resources, i, want) {
		id = resource_id(want);
		item_init(&run->items[i], run, id, want);
		json_object_set_new(run->by_id, id, json_integer((json_int_t)i));
		free(id);
	}
	build_gone(run);
	json_array_foreach(json_object_get(run->manifest->root, "checks"), i, check)
		if (strcmp(json_str(check, "type"), "unit") == 0)
			systemd_announce(&run->systemd, json_str(check, "name"));
}

void
items_fini(struct run *run)
{
	for (size_t i = 0; i < run->item_count; i++)
		item_fini(&run->items[i]);
	for (size_t i = 0; i < run->gone_count; i++)
		item_fini(&run->gone[i]);
	free(run->items);
	free(run->gone);
	json_decref(run->by_id);
	run->items = run->gone = NULL;
	run->item_count = run->gone_count = 0;
	run->by_id = NULL;
}

struct err *
items_inspect(struct run *run)
{
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < run->gone_count; i++) {
		run->failed_id = run->gone[i].id;
		e = run->gone[i].type->inspect_gone(run, &run->gone[i]);
	}
	for (size_t i = 0; e == NULL && i < run->item_count; i++) {
		run->failed_id = run->items[i].id;
		e = run->items[i].type->inspect(run, &run->items[i]);
	}
	if (e == NULL)
		run->failed_id = NULL;
	return e;
}

int
items_at_rest(const struct run *run)
{
	if (run->gone_count > 0 || run->journal.cut || json_object_size(run->journal.owed) > 0)
		return 0;
	for (size_t i = 0; i < run->item_count; i++) {
		const struct item	*item = &run->items[i];

		if (item->step_count > 0 || !item_settled(item) ||
		    !json_equal(json_object_get(item->entry, "want"), item->want))
			return 0;
	}
	return 1;
}

void
item_report(struct run *run, const struct item *item)
{
	bool	 changed = false;

	for (size_t i = 0; i < item->step_count; i++) {
		const struct step	*step = &item->steps[i];

		/* Who puts something aside tells where, when it is done. */
		if (strcmp(step->action, "keep") == 0 && run->acting)
			continue;
		if (run->acting)
			run_event(run, item->id, step->action, step->detail, NULL);
		else
			preview_event(run, item, step);
		if (strcmp(step->action, "restart") == 0 || strcmp(step->action, "reload") == 0)
			run->restarted++;
		else if (strcmp(step->action, "warn") != 0)
			changed = true;
	}
	run->changed += changed;
	if (changed && run->acting && json_array_size(run->touches) < RUN_TOUCHES_MAX) {
		run->touches = run->touches != NULL ? run->touches : json_array();
		json_array_append_new(run->touches, json_text(item->id));
	}
}

/* sha256 → size of all contents that are not here. */
static json_t *
missing_contents(const struct run *run)
{
	json_t	*missing = json_object();

	for (size_t i = 0; i < run->item_count; i++)
		if (run->items[i].lacks_content)
			json_object_set(missing, item_str(&run->items[i], "sha256"),
			    json_object_get(run->items[i].want, "size"));
	return missing;
}

size_t
items_missing_bytes(const struct run *run)
{
	json_t		*missing = missing_contents(run), *size;
	const char	*sha256;
	size_t		 bytes = 0;

	json_object_foreach(missing, sha256, size)
		bytes += (size_t)json_integer_value(size);
	json_decref(missing);
	return bytes;
}

/* Store one BLOB's content and take it off the list. */
static struct err *
take_blob(const struct frame *frame, json_t *missing)
{
	char		 sha256[SHA256_HEX_SIZE] = "";
	size_t		 prefix = SHA256_HEX_SIZE - 1;
	const json_t	*size;
	struct err	*e;

	if (frame->type != FRAME_BLOB || frame->len < prefix)
		return err_new(ERR_FAILED, "leap sent a frame of type '%c' where contents were expected", frame->type);
	memcpy(sha256, frame->data, prefix);
	size = sha256_valid(sha256) ? json_object_get(missing, sha256) : NULL;
	if (size == NULL)
		return err_new(ERR_FAILED, "leap sent a content that was not asked for");
	e = store_put_frame(sha256, (size_t)json_integer_value(size), frame->data + prefix, frame->len - prefix);
	if (e == NULL)
		json_object_del(missing, sha256);
	return e;
}

struct err *
items_fetch(struct run *run)
{
	json_t		*missing = missing_contents(run), *list = json_array();
	const char	*sha256;
	json_t		*size;
	struct frame	 frame;
	struct err	*e = NULL;

	json_object_foreach(missing, sha256, size)
		json_array_append_new(list, json_string(sha256));
	channel_add(run->channel, FRAME_NEED, json_pack("{s:o}", "blobs", list));
	if (json_object_size(missing) > 0)
		channel_flush(run->channel);
	while (e == NULL && !run->cancelled && json_object_size(missing) > 0) {
		e = channel_read(run->channel, &frame, FRAME_MAX_UP, BLOB_SECONDS);
		if (e == NULL && frame.type == FRAME_CANCEL)
			run->cancelled = true;
		else if (e == NULL)
			e = take_blob(&frame, missing);
	}
	e = err_join(e, store_sync());	/* what came before a cut need not come again */
	channel_forget(run->channel);	/* they may have been secret; steps and checks can take long */
	json_decref(missing);
	return e;
}
