/* push: what a node says, checked: nothing of it is trusted. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "push/answers.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "push/patch.h"
#include "wire/frame.h"
#include "wire/request.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_MAX	64
#define DATA_DEPTH	8
#define DATA_VALUES	100000u	/* a table of as many would be no help to anybody */
#define ID_MAX		4352	/* a type and a path */
#define TEXT_MAX	(64u << 10)
#define OLD_MAX		(1u << 20)	/* a content that a plan would change */

static const char *const actions[] = {
	"create", "update", "remove", "keep", "install", "restart", "reload", "start", "stop", "enable", "disable",
	"run", "check", "warn", "revert",
};

static struct err *
broken(const char *what)
{
	return err_new(ERR_FAILED, "the node breaks leap's protocol: %s", what);
}

/* Parse a frame's payload, which must be an object. */
static struct err *
parse(json_t **out, const struct frame *frame, const char *what)
{
	*out = json_loadb(frame->data, frame->len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(*out))
		return NULL;
	json_decref(*out);
	*out = NULL;
	return broken(what);
}

/* The cleaned text of a member, the caller's; NULL when it is missing.  Anything but text makes *good false. */
static char *
member(const json_t *object, const char *key, size_t max, bool lines, bool *good)
{
	const json_t	*value = json_object_get(object, key);
	struct buf	 text = { 0 };

	if (value == NULL || json_is_null(value))
		return NULL;
	if (!json_is_string(value)) {
		*good = false;
		return NULL;
	}
	buf_adds(&text, "");
	text_clean(&text, json_string_value(value), json_string_length(value), max, lines);
	return text.data == NULL ? xstrdup("") : buf_take(&text);
}

static bool
made_of_letters(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((*c < 'a' || *c > 'z') && (*c < '0' || *c > '9') && *c != '_')
			return false;
	return *text != '\0';
}

/* A member that counts something; a missing one is 0. */
static unsigned
count_of(const json_t *object, const char *key, bool *good)
{
	const json_t	*value = json_object_get(object, key);

	if (value == NULL)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > INT_MAX) {
		*good = false;
		return 0;
	}
	return (unsigned)json_integer_value(value);
}

static struct err *
hello_read(struct answers *answers, const struct frame *frame)
{
	json_t		*root = NULL;
	const json_t	*version, *program;
	struct err	*e = parse(&root, frame, "its HELLO is no JSON object");

	if (e != NULL)
		return e;
	version = json_object_get(root, "version");
	program = json_object_get(root, "program");
	if (!json_is_integer(version) || json_integer_value(version) != WIRE_VERSION)
		e = broken("its HELLO is of another version");
	else if (!json_is_string(program) || !strs_has(answers->programs, json_string_value(program)))
		e = broken("its program has not the content that it was sent with");
	else
		answers->hello = true;
	json_decref(root);
	return e;
}

static struct err *
need_read(struct answers *answers, const struct frame *frame)
{
	json_t		*root = NULL, *blobs, *name;
	size_t		 i;
	struct err	*e;

	if (answers->need)
		return broken("it sends NEED twice");
	answers->need = true;
	e = parse(&root, frame, "its NEED is no JSON object");
	if (e != NULL)
		return e;
	blobs = json_object_get(root, "blobs");
	if (!json_is_array(blobs) || json_array_size(blobs) > answers->manifest->blob_count)
		e = broken("its NEED is no list of blobs, or one of more than it has");
	json_array_foreach(blobs, i, name) {
		if (e != NULL)
			break;
		if (!json_is_string(name) || !sha256_valid(json_string_value(name)) ||
		    manifest_blob(answers->manifest, json_string_value(name)) == NULL)
			e = broken("it asks for content that is not in its manifest");
		else if (strs_has(&answers->wanted, json_string_value(name)))
			e = broken("it asks for the same content twice");
		else
			strs_add(&answers->wanted, json_string_value(name));
	}
	json_decref(root);
	return e;
}

static bool
is_action(const char *text)
{
	for (size_t i = 0; text != NULL && i < ARRAY_LEN(actions); i++)
		if (strcmp(text, actions[i]) == 0)
			return true;
	return false;
}

static void
put(json_t *object, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(object, key, json_string(text));
}

/* The content that is on the node now, raw; NULL when it is not said or is more than anybody asked for. */
static const char *
old_content(const json_t *event)
{
	const char	*text = json_str(event, "old");
	size_t		 len = json_string_length(json_object_get(event, "old"));

	return text != NULL && len <= OLD_MAX && strlen(text) == len ? text : NULL;
}

/* Build a new event of what was checked, so that nothing else gets through. */
static struct err *
event_read(struct answers *answers, const struct frame *frame)
{
	json_t		*root = NULL, *clean = NULL;
	char		*resource, *action, *detail, *error;
	bool		 good = true;
	struct err	*e;

	if (++answers->events > ANSWERS_EVENTS_MAX)
		return broken("it sends more than 100000 events");
	e = parse(&root, frame, "its EVENT is no JSON object");
	if (e != NULL)
		return e;
	resource = member(root, "resource", ID_MAX, false, &good);
	action = member(root, "action", 16, false, &good);
	detail = member(root, "detail", TEXT_MAX, true, &good);
	error = member(root, "error", TEXT_MAX, true, &good);
	if (!good || resource == NULL || !is_action(action)) {
		e = broken("its EVENT is not of the right form");
		goto out;
	}
	clean = json_object();
	put(clean, "resource", resource);
	put(clean, "action", action);
	put(clean, "detail", detail);
	put(clean, "error", error);
	answers->repeated = answers->last != NULL && strcmp(answers->last, resource) == 0 ? answers->repeated + 1 : 0;
	if (answers->repeated > ANSWERS_REPEATED_MAX) {
		e = broken("it says the same again and again");
		json_decref(clean);
		goto out;
	}
	free(answers->last);
	answers->last = resource;
	resource = NULL;
	if (answers->index != NULL)
		patch_event(clean, answers->manifest, answers->index, old_content(root));
	answers->event(answers->context, clean);
out:
	free(error);
	free(detail);
	free(action);
	free(resource);
	json_decref(root);
	return e;
}

static bool
result_named(struct answers *answers, const char *name)
{
	static const char *const names[] = {
		[ANSWERS_OK] = "ok", [ANSWERS_FAILED] = "failed", [ANSWERS_LOCKED] = "locked",
		[ANSWERS_CANCELLED] = "cancelled", [ANSWERS_MOVED] = "moved", [ANSWERS_PLANNED] = "planned",
	};

	for (size_t i = 0; name != NULL && i < ARRAY_LEN(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			answers->result = (enum answers_result)i;
			return true;
		}
	}
	return false;
}

/* What the node spent its time on; a node that does not say has spent none. */
static void
times_read(struct answers *answers, const json_t *times, bool *good)
{
	static const char *const names[] = {
		[PUSH_LOOK] = "look", [PUSH_APPLY] = "apply", [PUSH_RESTARTS] = "restarts", [PUSH_CHECKS] = "checks",
	};

	for (size_t i = 0; times != NULL && i < ARRAY_LEN(names); i++)
		answers->milliseconds[i] = count_of(times, names[i], good);
}

static void
state_read(struct answers *answers, const json_t *state, bool *good)
{
	if (state == NULL)
		return;
	if (json_string_value(state) != NULL && sha256_valid(json_string_value(state)))
		memcpy(answers->state, json_string_value(state), SHA256_HEX_SIZE);
	else
		*good = false;
}

/* What may be anything, cleaned; NULL when it is too deep, or more than *left values. */
static json_t *
clean_value(const json_t *value, unsigned depth, unsigned *left)
{
	struct buf	 text = { 0 };
	const char	*key;
	json_t		*copy, *one;
	size_t		 i;

	if (depth == 0 || *left == 0)
		return NULL;
	--*left;
	if (json_is_object(value)) {
		copy = json_object();
		json_object_foreach((json_t *)value, key, one)
			if (made_of_letters(key))
				json_object_set_new(copy, key, clean_value(one, depth - 1, left));
		return copy;
	}
	if (json_is_array(value)) {
		copy = json_array();
		json_array_foreach(value, i, one)
			json_array_append_new(copy, clean_value(one, depth - 1, left));
		return copy;
	}
	if (!json_is_string(value))
		return json_deep_copy(value);
	text_clean(&text, json_string_value(value), json_string_length(value), FRAME_MAX_DOWN, false);
	copy = json_string(buf_text(&text));
	buf_fini(&text);
	return copy;
}

static void
waits_read(struct answers *answers, const json_t *root, bool *good)
{
	const json_t	*nonce = json_object_get(root, "nonce");

	answers->reverted = json_is_true(json_object_get(root, "reverted"));
	answers->confirm = count_of(root, "confirm", good);
	if (nonce == NULL)
		return;
	answers->nonce = member(root, "nonce", NONCE_MAX, false, good);
	if (answers->nonce == NULL || !made_of_letters(answers->nonce) || answers->confirm == 0 ||
	    answers->confirm > CONFIRM_MAX)
		*good = false;
}

static struct err *
result_read(struct answers *answers, const struct frame *frame)
{
	json_t		*root = NULL;
	unsigned	 values = DATA_VALUES;
	bool		 good;
	struct err	*e = parse(&root, frame, "its RESULT is no JSON object");

	if (e != NULL)
		return e;
	good = result_named(answers, json_string_value(json_object_get(root, "result")));
	answers->changed = count_of(root, "changed", &good);
	answers->restarted = count_of(root, "restarted", &good);
	answers->generation = count_of(root, "generation", &good);
	answers->checks = count_of(root, "checks", &good);
	answers->checks_failed = count_of(root, "checks_failed", &good);
	answers->missing_bytes = count_of(root, "bytes", &good);
	times_read(answers, json_object_get(root, "milliseconds"), &good);
	state_read(answers, json_object_get(root, "state"), &good);
	answers->error = member(root, "error", TEXT_MAX, true, &good);
	answers->resource = member(root, "resource", ID_MAX, false, &good);
	answers->lock = member(root, "lock", TEXT_MAX, false, &good);
	answers->marked = json_is_true(json_object_get(root, "marked"));
	answers->stale = json_is_true(json_object_get(root, "stale"));
	waits_read(answers, root, &good);
	answers->data = clean_value(json_object_get(root, "data"), DATA_DEPTH, &values);
	good = good && values > 0;
	answers->done = good;
	json_decref(root);
	return good ? NULL : broken("its RESULT is not of the right form");
}

static struct err *
frame_take(struct answers *answers, const struct frame *frame)
{
	if (!answers->hello && frame->type != FRAME_HELLO)
		return broken("it does not say HELLO first");
	if (answers->done)
		return broken("it goes on behind its RESULT");
	switch (frame->type) {
	case FRAME_HELLO:
		return answers->hello ? broken("it says HELLO twice") : hello_read(answers, frame);
	case FRAME_NEED:
		return need_read(answers, frame);
	case FRAME_EVENT:
		return event_read(answers, frame);
	case FRAME_RESULT:
		return result_read(answers, frame);
	default:
		return broken("it sends a frame that is for nodes only");
	}
}

struct err *
answers_read(struct answers *answers, struct buf *in)
{
	struct frame	 frame;
	struct err	*e = NULL;
	size_t		 offset = 0;
	int		 complete = 1;

	while (e == NULL && complete) {
		e = frame_next(&frame, in, &offset, FRAME_MAX_DOWN, &complete);
		if (e == NULL && complete)
			e = frame_take(answers, &frame);
	}
	answers->bytes += offset;
	if (e == NULL && answers->bytes > ANSWERS_BYTES_MAX)
		e = broken("it sends more than 64 MiB");
	buf_drop(in, offset);
	return e;
}

void
answers_fini(struct answers *answers)
{
	strs_fini(&answers->wanted);
	free(answers->last);
	free(answers->error);
	free(answers->resource);
	free(answers->lock);
	free(answers->nonce);
	json_decref(answers->data);
}
