/* wire: the request as JSON. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/request.h"

#include "base/err.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Nobody waits longer than an hour for another's deploy. */
#define LOCK_WAIT_MAX	3600
#define TEXT_MAX	256

void
request_fini(struct request *request)
{
	free(request->op);
	free(request->who);
	free(request->commit);
	*request = (struct request){ 0 };
}

json_t *
request_to_json(const struct request *request)
{
	return json_pack("{s:i, s:s, s:s, s:s, s:b, s:b, s:I}",
	    "version", WIRE_VERSION, "op", request->op,
	    "who", request->who != NULL ? request->who : "",
	    "commit", request->commit != NULL ? request->commit : "",
	    "thorough", request->thorough, "purge_packages", request->purge_packages,
	    "lock_wait", (json_int_t)request->lock_wait);
}

/* What goes into lock files and records is one short line. */
static bool
is_line(const char *text)
{
	if (text == NULL || strlen(text) > TEXT_MAX)
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool
is_op(const char *op)
{
	return op != NULL && (strcmp(op, "apply") == 0 || strcmp(op, "plan") == 0 || strcmp(op, "check") == 0);
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
		return err_new(ERR_FAILED, "the request's op is none of apply, plan, check");
	if (!is_line(json_str(root, "who")))
		return err_new(ERR_FAILED, "the request's \"who\" is missing or no short line");
	if (!is_line(json_str(root, "commit")))
		return err_new(ERR_FAILED, "the request's \"commit\" is missing or no short line");
	if (wait < 0 || wait > LOCK_WAIT_MAX)
		return err_new(ERR_FAILED, "the request's lock_wait is not between 0 and %d seconds", LOCK_WAIT_MAX);
	return NULL;
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
		request->lock_wait = (unsigned)json_int(root, "lock_wait", 0);
	}
	json_decref(root);
	return e;
}
