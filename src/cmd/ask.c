/* cmd: what the commands share that ask nodes about themselves, with nothing of the configuration. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/ask.h"

#include "base/json.h"
#include "cmd/cmd.h"
#include "config/config.h"

struct err *
ask_init(struct fleet *fleet, struct context *context, size_t words)
{
	const size_t	 count = context->arg_count;
	struct err	*e;

	if (words < count)
		context->arg_count = words;
	e = fleet_init(fleet, context, &(struct fleet_how){ .certs = PREPARE_CERTS_IGNORE, .bare = true });
	context->arg_count = count;
	return e;
}

struct err *
ask_init_one(struct fleet *fleet, struct context *context)
{
	struct err	*e = ask_init(fleet, context, 1);

	if (e == NULL && fleet->nodes.count != 1)
		e = err_hint(err_new(ERR_USAGE, "\"%s\" is %zu nodes, and this is about one", context->args[0],
		    fleet->nodes.count), "name a node: leap list");
	return e;
}

struct err *
ask(struct fleet *fleet, struct fleet_push what)
{
	what.count = fleet->pushable;
	return fleet_push(fleet, &what);
}

const char *
ask_text_of(const json_t *object, const char *key)
{
	const char	*text = json_str(object, key);

	return text != NULL ? text : "?";
}

void
ask_print_json(const struct fleet *fleet)
{
	json_t		*root = json_array(), *one;
	struct buf	 text = { 0 };

	for (size_t i = 0; i < fleet->nodes.count; i++) {
		const struct push_job	*job = &fleet->jobs[i];

		one = json_is_object(job->data) ? json_copy(job->data) : json_object();
		json_object_set_new(one, "node", json_string(job->target.name));
		json_object_set_new(one, "result", json_string(fleet_result(job)));
		if (job->error != NULL)
			json_object_set_new(one, "error", json_string(err_message(job->error)));
		json_array_append_new(root, one);
	}
	json_pretty(root, &text);
	term_write(stdout, &text);
	json_decref(root);
	buf_fini(&text);
}
