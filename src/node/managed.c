/* node: what leap put on this node, and what was there before. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/managed.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/state.h"
#include "wire/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERSION	1

static struct err *
damaged(const char *path, const char *why)
{
	return err_hint(err_new(ERR_FAILED, "%s is damaged: %s", path, why),
	    "restore it from a backup, or move it away: then leap takes what is there as not its own");
}

bool
entry_well_formed(const json_t *entry)
{
	const char	*id = json_str(entry, "id");
	char		*made = resource_id(json_object_get(entry, "want"));
	bool		 well = id != NULL && made != NULL && strcmp(id, made) == 0;

	free(made);
	return well;
}

static struct err *
parse(struct managed *managed, const char *path, const struct buf *text)
{
	json_error_t	 why;
	json_t		*root = json_loadb(buf_text(text), text->len, JSON_REJECT_DUPLICATES, &why), *entry;
	struct err	*e = NULL;
	size_t		 i;

	if (root == NULL)
		return damaged(path, why.text);
	if (json_int(root, "version", 0) != VERSION)
		e = err_new(ERR_FAILED, "%s was written by another version of leap", path);
	json_array_foreach(json_object_get(root, "entries"), i, entry) {
		if (e == NULL && !entry_well_formed(entry))
			e = damaged(path, "an entry has no name");
		if (e == NULL)
			json_object_set(managed->entries, json_str(entry, "id"), entry);
	}
	json_decref(root);
	return e;
}

struct err *
managed_load(struct managed *managed, const char *path)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	managed->entries = json_object();
	if (file_exists(path))
		e = file_read(path, STATE_MAX, &text);
	if (e == NULL && text.data != NULL)
		e = parse(managed, path, &text);
	buf_fini(&text);
	return e;
}

struct err *
managed_save(const struct managed *managed, const char *path)
{
	json_t		*list = json_array(), *root, *entry;
	struct buf	 text = { 0 };
	const char	*id;
	struct err	*e;

	json_object_foreach(managed->entries, id, entry)
		json_array_append(list, entry);
	root = json_pack("{s:i, s:o}", "version", VERSION, "entries", list);
	json_canonical(root, &text);
	buf_addc(&text, '\n');
	e = file_write(path, text.data, text.len, 0600);
	buf_fini(&text);
	json_decref(root);
	return e;
}

void
managed_fini(struct managed *managed)
{
	json_decref(managed->entries);
	managed->entries = NULL;
}

json_t *
managed_get(const struct managed *managed, const char *id)
{
	return json_object_get(managed->entries, id);
}

void
managed_order(struct managed *managed, const struct strs *ids)
{
	json_t	*entry;

	/* Taking an entry out and putting it back moves it behind all others. */
	for (size_t i = 0; i < ids->count; i++) {
		entry = json_incref(managed_get(managed, ids->items[i]));
		if (entry == NULL)
			continue;
		json_object_del(managed->entries, ids->items[i]);
		json_object_set_new(managed->entries, ids->items[i], entry);
	}
}

void
managed_gone(const struct managed *managed, const json_t *wanted, struct strs *out)
{
	const char	*id;
	json_t		*entry;

	json_object_foreach(managed->entries, id, entry)
		if (json_object_get(wanted, id) == NULL)
			strs_add(out, id);
	for (size_t i = 0; i < out->count / 2; i++) {
		char	*other = out->items[out->count - 1 - i];

		out->items[out->count - 1 - i] = out->items[i];
		out->items[i] = other;
	}
}

json_t *
entry_new(const char *id, json_t *want, json_t *before)
{
	json_t	*entry = json_pack("{s:s, s:O, s:b, s:[]}", "id", id, "want", want, "intent", 1, "ours");

	if (before != NULL)
		json_object_set(entry, "before", before);
	return entry;
}

bool
entry_ours(const json_t *entry, const char *token)
{
	const json_t	*one;
	size_t		 i;

	json_array_foreach(json_object_get(entry, "ours"), i, one)
		if (strcmp(json_string_value(one) != NULL ? json_string_value(one) : "", token) == 0)
			return true;
	return false;
}

bool
entry_foreign(const json_t *entry, const char *member, const char *token)
{
	const char	*before = json_str(json_object_get(entry, "before"), member);

	if (entry == NULL || json_bool(entry, "intent") || entry_ours(entry, token))
		return false;
	return before == NULL || strcmp(before, token) != 0;
}

void
entry_add_ours(json_t *entry, const char *token)
{
	if (!entry_ours(entry, token))
		json_array_append_new(json_object_get(entry, "ours"), json_string(token));
}

void
entry_settle(json_t *entry, json_t *want, const char *token)
{
	json_object_set(entry, "want", want);
	json_object_set_new(entry, "ours", token != NULL ? json_pack("[s]", token) : json_array());
	json_object_del(entry, "intent");
}
