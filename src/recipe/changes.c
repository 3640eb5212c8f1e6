/* recipe: what follows on a node from one manifest after another. */
/* May know repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/changes.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "repo/textdiff.h"
#include "wire/manifest.h"

#include <stdlib.h>
#include <string.h>

struct changes {
	json_t	*contents;	/* "OLD NEW", names of blobs → what content_differs() found */
};

/* One comparison. */
struct compare {
	struct changes		*changes;
	const struct manifest	*before, *after;
	json_t			*old, *new;	/* id → resource */
	json_t			*steps;		/* ids of what the node changes */
	json_t			*events;
};

struct changes *
changes_new(void)
{
	struct changes	*changes = xcalloc(1, sizeof(*changes));

	changes->contents = json_object();
	return changes;
}

void
changes_free(struct changes *changes)
{
	if (changes == NULL)
		return;
	json_decref(changes->contents);
	free(changes);
}

static const json_t *
resources(const struct manifest *manifest)
{
	return manifest == NULL ? NULL : json_object_get(manifest->root, "resources");
}

static json_t *
by_id(const struct manifest *manifest)
{
	json_t	*ids = json_object(), *one;
	size_t	 i;
	char	*id;

	json_array_foreach(resources(manifest), i, one) {
		id = resource_id(one);
		json_object_set(ids, id, one);
		free(id);
	}
	return ids;
}

static void
add_event(struct compare *compare, const char *id, const char *action, const char *detail)
{
	json_t	*event = json_pack("{s:s, s:s}", "resource", id, "action", action);

	if (detail != NULL && *detail != '\0')
		json_object_set_new(event, "detail", json_string(detail));
	json_array_append_new(compare->events, event);
}

/* Give the event that was added last the patch of a difference (NULL: there is none). */
static void
add_patch(struct compare *compare, const json_t *difference)
{
	json_t	*patch = json_object_get(difference, "patch");

	if (patch != NULL)
		json_object_set(json_array_get(compare->events, json_array_size(compare->events) - 1), "patch", patch);
}

/* The node does something, which others may watch. */
static void
add_step(struct compare *compare, const char *id, const char *action, const char *detail)
{
	add_event(compare, id, action, detail);
	json_object_set_new(compare->steps, id, json_true());
}

static bool
has(const json_t *list, const char *text)
{
	const json_t	*one;
	size_t		 i;

	json_array_foreach(list, i, one) {
		if (strcmp(json_string_value(one), text) == 0)
			return true;
	}
	return false;
}

/* Whether what stands in one of the list changes; or, for `gone`, leaves. */
static bool
any_steps(const struct compare *compare, const json_t *list, bool gone)
{
	const json_t	*one;
	size_t		 i;

	json_array_foreach(list, i, one) {
		const char *id = json_string_value(one);

		if (json_object_get(compare->steps, id) != NULL &&
		    (json_object_get(compare->new, id) == NULL) == gone)
			return true;
	}
	return false;
}

/* What the resource has to do because of others; NULL: nothing. */
static const char *
owed(const struct compare *compare, const json_t *old, const json_t *new)
{
	for (size_t i = 0; i < MANIFEST_WATCHES; i++) {
		if (any_steps(compare, json_object_get(new, manifest_watches[i].member), false) ||
		    any_steps(compare, json_object_get(old, manifest_watches[i].member), true))
			return manifest_watches[i].action;
	}
	return NULL;
}

static void
join(struct buf *detail)
{
	if (detail->len > 0)
		buf_adds(detail, ", ");
}

/* jansson has it that nothing is not equal to nothing. */
static bool
same(const json_t *old, const json_t *new)
{
	return old == new || json_equal(old, new);
}

/* The words of one list that are not in the other, each with the sign. */
static void
add_words(struct buf *detail, const json_t *list, const json_t *other, char sign)
{
	const json_t	*one;
	size_t		 i;

	json_array_foreach(list, i, one) {
		if (!has(other, json_string_value(one)))
			buf_addf(detail, " %c%s", sign, json_string_value(one));
	}
}

static void
add_scalar(struct buf *detail, const json_t *value)
{
	if (json_is_string(value))
		buf_adds(detail, json_string_value(value));
	else if (value == NULL)
		buf_adds(detail, "unset");
	else
		json_canonical(value, detail);
}

/* "shell /bin/sh -> /bin/bash", "groups +adm -www". */
static void
add_difference(struct buf *detail, const char *member, const json_t *old, const json_t *new)
{
	if (same(old, new))
		return;
	join(detail);
	buf_adds(detail, member);
	if (json_is_array(old) || json_is_array(new)) {
		add_words(detail, new, old, '+');
		add_words(detail, old, new, '-');
		return;
	}
	buf_addc(detail, ' ');
	add_scalar(detail, old);
	buf_adds(detail, " -> ");
	add_scalar(detail, new);
}

/* What names the content is compared as such. */
static bool
is_content(const char *member)
{
	return strcmp(member, "sha256") == 0 || strcmp(member, "size") == 0 || strcmp(member, "secret") == 0 ||
	    strcmp(member, "command") == 0;
}

static void
add_differences(struct buf *detail, json_t *old, json_t *new)
{
	const char	*member;
	json_t		*value;

	json_object_foreach(old, member, value) {
		if (!is_content(member))
			add_difference(detail, member, value, json_object_get(new, member));
	}
	json_object_foreach(new, member, value) {
		if (!is_content(member) && json_object_get(old, member) == NULL)
			add_difference(detail, member, NULL, value);
	}
}

/* { "detail", "patch"? } for two texts (`old` may be NULL: there was none), a new reference. */
NODISCARD
static struct err *
texts_differ(json_t **out, const char *what, const char *old, size_t old_len, const char *new, size_t new_len)
{
	struct textdiff	 counts = { 0 };
	struct buf	 hunks = { 0 };
	json_t		*patch = NULL;
	struct err	*e = textdiff(&counts, &hunks, old, old_len, new, new_len);

	*out = NULL;
	if (e != NULL)
		goto out;
	if (hunks.len > 0)
		patch = json_stringn(hunks.data, hunks.len);	/* NULL when it is not UTF-8 */
	if (patch != NULL)
		*out = json_pack("{s:o, s:o}", "detail", json_sprintf("%s +%zu -%zu", what, counts.added,
		    counts.removed), "patch", patch);
	else if (old == NULL)
		*out = json_pack("{s:o}", "detail", json_sprintf("%s, %zu bytes", what, new_len));
	else
		*out = json_pack("{s:o}", "detail", json_sprintf("%s, %zu -> %zu bytes", what, old_len, new_len));
out:
	buf_fini(&hunks);
	return e;
}

static const struct blob *
blob_of(const struct manifest *manifest, const json_t *resource)
{
	const char	*sha256 = json_str(resource, "sha256");

	return sha256 == NULL ? NULL : manifest_blob(manifest, sha256);
}

static bool
is_secret(const json_t *resource, const struct blob *blob)
{
	return json_bool(resource, "secret") || (blob != NULL && blob->secret);
}

/* How the contents of two resources, of which the old one may be NULL, differ; *out is borrowed, NULL: not at all. */
NODISCARD
static struct err *
content_differs(struct compare *compare, json_t **out, const json_t *old, const json_t *new)
{
	const struct blob	*from = old == NULL ? NULL : blob_of(compare->before, old);
	const struct blob	*to = blob_of(compare->after, new);
	bool			 secret = is_secret(old, from) || is_secret(new, to);
	struct err		*e = NULL;
	char			*key;

	*out = NULL;
	if (to == NULL || (from != NULL && strcmp(from->sha256, to->sha256) == 0))
		return NULL;
	key = secret ? xstrdup("secret") : xasprintf("%s %s", from == NULL ? "" : from->sha256, to->sha256);
	if ((*out = json_object_get(compare->changes->contents, key)) == NULL) {
		if (secret)
			*out = json_pack("{s:s}", "detail", "secret content");
		else
			e = texts_differ(out, "content", from == NULL ? NULL : from->data, from == NULL ? 0 : from->len,
			    to->data, to->len);
		if (e == NULL)
			json_object_set_new(compare->changes->contents, key, *out);
	}
	free(key);
	return e;
}

/* What is new on the node. */
NODISCARD
static struct err *
add_new(struct compare *compare, const char *id, json_t *new)
{
	const char	*target = json_str(new, "target"), *type = json_str(new, "type");
	json_t		*content;
	char		*detail = NULL;
	struct err	*e;

	if ((e = content_differs(compare, &content, NULL, new)) != NULL)
		return e;
	if (target != NULL)
		detail = xasprintf("-> %s", target);
	else if (strcmp(type, "sysctl") == 0)
		detail = xasprintf("-> %s", json_str(new, "value"));
	add_step(compare, id, strcmp(type, "package") == 0 ? "install" : "create",
	    content != NULL ? json_str(content, "detail") : detail);
	add_patch(compare, content);
	free(detail);
	return NULL;
}

NODISCARD
static struct err *
add_changed(struct compare *compare, const char *id, json_t *old, json_t *new)
{
	struct buf	 detail = { 0 };
	json_t		*content;
	struct err	*e;

	if ((e = content_differs(compare, &content, old, new)) != NULL)
		return e;
	if (content != NULL)
		buf_adds(&detail, json_str(content, "detail"));
	add_differences(&detail, old, new);
	add_step(compare, id, "update", buf_text(&detail));
	add_patch(compare, content);
	buf_fini(&detail);
	return NULL;
}

/* Whether the member became this, and was not before. */
static bool
became(const json_t *old, const json_t *new, const char *member, bool value)
{
	const json_t	*is = json_object_get(new, member), *was = json_object_get(old, member);

	return is != NULL && json_is_true(is) == value && (was == NULL || json_is_true(was) != value);
}

/* A unit; `old` is NULL for a new one.  What starts now has read everything that is new. */
static void
compare_unit(struct compare *compare, const char *id, json_t *old, json_t *new)
{
	static const struct {
		const char	*member;
		bool		 value;
		const char	*action;
	} turns[] = {
		{ "enabled", true, "enable" }, { "enabled", false, "disable" }, { "active", false, "stop" },
		{ "active", true, "start" },
	};
	const char	*due = owed(compare, old, new);
	size_t		 shown = json_array_size(compare->events);
	struct buf	 detail = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
		/* What is new and shall not be is most likely not. */
		if (became(old, new, turns[i].member, turns[i].value) && (old != NULL || turns[i].value))
			add_step(compare, id, turns[i].action, NULL);
	}
	if (due != NULL && !became(old, new, "active", true) && !json_is_false(json_object_get(new, "active")))
		add_step(compare, id, due, json_object_get(new, "active") == NULL ? "if it runs" : NULL);
	if (json_array_size(compare->events) == shown && old == NULL)
		add_event(compare, id, "create", NULL);
	if (json_array_size(compare->events) == shown && !json_equal(old, new)) {
		add_differences(&detail, old, new);
		add_event(compare, id, "update", buf_text(&detail));
	}
	buf_fini(&detail);
}

/* "unless /x is there": what may keep a command from running. */
static char *
guard(const json_t *exec)
{
	if (json_str(exec, "creates") != NULL)
		return xasprintf("unless %s is there", json_str(exec, "creates"));
	if (json_str(exec, "unless") != NULL)
		return xasprintf("unless this succeeds: %s", json_str(exec, "unless"));
	return NULL;
}

/* How a command was changed.  That alone does not make it run. */
NODISCARD
static struct err *
add_command(struct compare *compare, const char *id, json_t *old, json_t *new)
{
	const char	*was = json_str(old, "command"), *is = json_str(new, "command");
	json_t		*text = NULL;
	struct buf	 detail = { 0 };
	struct err	*e = NULL;

	if (strcmp(was, is) != 0) {
		if ((e = texts_differ(&text, "command", was, strlen(was), is, strlen(is))) != NULL)
			return e;
		buf_adds(&detail, json_str(text, "detail"));
	}
	add_differences(&detail, old, new);
	add_event(compare, id, "update", buf_text(&detail));
	add_patch(compare, text);
	json_decref(text);
	buf_fini(&detail);
	return NULL;
}

/* A command with "on" runs because of others; without, where its guards let it: most likely the first time. */
NODISCARD
static struct err *
compare_exec(struct compare *compare, const char *id, json_t *old, json_t *new)
{
	bool		 watches_others = json_array_size(json_object_get(new, "on")) > 0;
	bool		 due = owed(compare, old, new) != NULL;
	bool		 guards_differ = !same(json_object_get(old, "creates"), json_object_get(new, "creates")) ||
	    !same(json_object_get(old, "unless"), json_object_get(new, "unless"));
	struct err	*e = NULL;
	char		*unless = guard(new);

	if (old != NULL && !json_equal(old, new))
		e = add_command(compare, id, old, new);
	if (watches_others ? due : guards_differ || old == NULL)
		add_step(compare, id, "run", unless);
	else if (old == NULL)
		add_event(compare, id, "create", "it runs when what it watches changes");
	free(unless);
	return e;
}

NODISCARD
static struct err *
compare_resource(struct compare *compare, const char *id, json_t *old, json_t *new)
{
	const char *type = json_str(new, "type");

	if (strcmp(type, "unit") == 0)
		compare_unit(compare, id, old, new);
	else if (strcmp(type, "exec") == 0)
		return compare_exec(compare, id, old, new);
	else if (old == NULL)
		return add_new(compare, id, new);
	else if (!json_equal(old, new))
		return add_changed(compare, id, old, new);
	return NULL;
}

/* What left the manifest goes from the node, but for what cannot be undone. */
static void
add_gone(struct compare *compare, const char *id, const json_t *old)
{
	const char *type = json_str(old, "type");

	if (strcmp(type, "package") == 0)
		add_event(compare, id, "leave", "it stays installed unless a deploy says --purge-packages");
	else if (strcmp(type, "exec") == 0)
		add_event(compare, id, "leave", "what it did stays");
	else if (strcmp(type, "unit") == 0)
		add_step(compare, id, "remove", "stopped and disabled, unless that is how leap found it");
	else if (strcmp(type, "user") == 0)
		add_step(compare, id, "remove", "the home stays");
	else
		add_step(compare, id, "remove", NULL);
}

/* "check:tcp port 80", the caller's, free(). */
static char *
check_id(const json_t *check)
{
	const char *type = json_str(check, "type");

	if (strcmp(type, "listen") == 0)
		return xasprintf("check:%s port %d%s%s", json_str(check, "protocol"), (int)json_int(check, "port", 0),
		    json_str(check, "address") != NULL ? " of " : "",
		    json_str(check, "address") != NULL ? json_str(check, "address") : "");
	return xasprintf("check:%s", json_str(check, strcmp(type, "http") == 0 ? "url" : "name"));
}

/* The checks of one manifest that the other has not, word for word. */
static void
add_checks(struct compare *compare, const struct manifest *from, const struct manifest *other, const char *action)
{
	json_t	*list = from == NULL ? NULL : json_object_get(from->root, "checks");
	json_t	*others = other == NULL ? NULL : json_object_get(other->root, "checks"), *one, *two;
	size_t	 i, j;
	char	*id;

	json_array_foreach(list, i, one) {
		bool found = false;

		json_array_foreach(others, j, two)
			found = found || json_equal(one, two);
		if (found)
			continue;
		id = check_id(one);
		add_event(compare, id, action, NULL);
		free(id);
	}
}

static struct err *
compare_all(struct compare *compare)
{
	const char	*name;
	json_t		*value, *one;
	size_t		 i;
	struct err	*e = NULL;

	json_object_foreach(compare->old, name, value) {
		if (json_object_get(compare->new, name) == NULL)
			add_gone(compare, name, value);
	}
	json_array_foreach(resources(compare->after), i, one) {
		char *id = resource_id(one);

		e = compare_resource(compare, id, json_object_get(compare->old, id), one);
		free(id);
		if (e != NULL)
			return e;
	}
	add_checks(compare, compare->before, compare->after, "remove");
	add_checks(compare, compare->after, compare->before, "create");
	if (json_array_size(compare->events) == 0 && compare->before != NULL &&
	    !json_equal(compare->before->root, compare->after->root))
		add_event(compare, "manifest", "update", "the order in which things are done");
	return NULL;
}

struct err *
changes_between(struct changes *changes, json_t **events, const struct manifest *before, const struct manifest *after)
{
	struct compare	 compare = {
		.changes = changes, .before = before, .after = after, .old = by_id(before), .new = by_id(after),
		.steps = json_object(), .events = json_array(),
	};
	struct err	*e = compare_all(&compare);

	*events = e == NULL ? json_incref(compare.events) : NULL;
	json_decref(compare.old);
	json_decref(compare.new);
	json_decref(compare.steps);
	json_decref(compare.events);
	return e;
}
