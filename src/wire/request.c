/* wire: the request as JSON. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/request.h"

#include "base/err.h"
#include "base/json.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Nobody waits longer than an hour for another's deploy. */
#define LOCK_WAIT_MAX	3600
#define TEXT_MAX	256
#define PATH_TEXT_MAX	4095

void
request_fini(struct request *request)
{
	free(request->op);
	free(request->who);
	free(request->commit);
	free(request->nonce);
	free(request->path);
	free(request->message);
	free(request->expect);
	*request = (struct request){ 0 };
}

static void
put_text(json_t *root, const char *name, const char *text)
{
	if (text != NULL && *text != '\0')
		json_object_set_new(root, name, json_string(text));
}

json_t *
request_to_json(const struct request *request)
{
	json_t	*root = json_pack("{s:i, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:I, s:I, s:I}",
	    "version", WIRE_VERSION, "op", request->op,
	    "who", request->who != NULL ? request->who : "",
	    "commit", request->commit != NULL ? request->commit : "",
	    "thorough", request->thorough, "purge_packages", request->purge_packages, "keep", request->keep,
	    "careful", request->careful, "dirty", request->dirty, "force", request->force,
	    "lock_wait", (json_int_t)request->lock_wait, "confirm", (json_int_t)request->confirm,
	    "generation", (json_int_t)request->generation);

	put_text(root, "nonce", request->nonce);
	put_text(root, "path", request->path);
	put_text(root, "message", request->message);
	put_text(root, "expect", request->expect);
	return root;
}

/* What goes into lock files and records is one short line. */
static bool
is_line(const char *text, size_t max)
{
	if (text == NULL || strlen(text) > max)
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool
is_op(const char *op)
{
	static const char *const	 ops[] = { "apply", "plan", "check", "rollback", "history", "status", "confirm",
	    "fetch", "lock", "unlock" };

	for (size_t i = 0; op != NULL && i < ARRAY_LEN(ops); i++)
		if (strcmp(op, ops[i]) == 0)
			return true;
	return false;
}

/* Of what not every op needs. */
static struct err *
extras_check(const json_t *root)
{
	static const char *const	 texts[] = { "nonce", "path", "message", "expect" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (json_object_get(root, texts[i]) != NULL && !is_line(json_str(root, texts[i]), PATH_TEXT_MAX))
			return err_new(ERR_FAILED, "the request's \"%s\" is no short line", texts[i]);
	if (json_int(root, "confirm", 0) < 0 || json_int(root, "confirm", 0) > CONFIRM_MAX)
		return err_new(ERR_FAILED, "the request's confirm is not between 0 and %u seconds", CONFIRM_MAX);
	if (json_int(root, "generation", 0) < 0 || json_int(root, "generation", 0) > INT_MAX)
		return err_new(ERR_FAILED, "the request's generation is no number of one");
	return NULL;
}

static struct err *
request_check(const json_t *root)
{
	json_int_t	 version = json_int(root, "version", -1);
	json_int_t	 wait = json_int(root, "lock_wait", 0);

	if (!json_is_object(root))
		return err_new(ERR_FAILED, "the request is no JSON object");
	if (version != WIRE_VERSION)
		return err_hint(err_new(ERR_FAILED, "the request has version %lld, this program speaks version %d",
		    (long long)version, WIRE_VERSION), "leap and leap-node must come from the same build");
	if (!is_op(json_str(root, "op")))
		return err_new(ERR_FAILED, "the request's op is none that this program knows");
	if (!is_line(json_str(root, "who"), TEXT_MAX))
		return err_new(ERR_FAILED, "the request's \"who\" is missing or no short line");
	if (!is_line(json_str(root, "commit"), TEXT_MAX))
		return err_new(ERR_FAILED, "the request's \"commit\" is missing or no short line");
	if (wait < 0 || wait > LOCK_WAIT_MAX)
		return err_new(ERR_FAILED, "the request's lock_wait is not between 0 and %d seconds", LOCK_WAIT_MAX);
	return extras_check(root);
}

static char *
copy_text(const json_t *root, const char *name)
{
	return xstrdup(json_str(root, name) != NULL ? json_str(root, name) : "");
}

struct err *
request_parse(struct request *request, const char *data, size_t len)
{
	json_error_t	 why;
	json_t		*root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);
	struct err	*e;

	*request = (struct request){ 0 };
	if (root == NULL)
		return err_new(ERR_FAILED, "the request is no JSON: %s", why.text);
	e = request_check(root);
	if (e == NULL) {
		request->op = xstrdup(json_str(root, "op"));
		request->who = xstrdup(json_str(root, "who"));
		request->commit = xstrdup(json_str(root, "commit"));
		request->thorough = json_bool(root, "thorough");
		request->purge_packages = json_bool(root, "purge_packages");
		request->nonce = copy_text(root, "nonce");
		request->path = copy_text(root, "path");
		request->message = copy_text(root, "message");
		request->expect = copy_text(root, "expect");
		request->keep = json_bool(root, "keep");
		request->careful = json_bool(root, "careful");
		request->dirty = json_bool(root, "dirty");
		request->force = json_bool(root, "force");
		request->lock_wait = (unsigned)json_int(root, "lock_wait", 0);
		request->confirm = (unsigned)json_int(root, "confirm", 0);
		request->generation = (unsigned)json_int(root, "generation", 0);
	}
	json_decref(root);
	return e;
}
