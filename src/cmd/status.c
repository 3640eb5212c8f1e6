/* cmd: leap status. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/ask.h"
#include "cmd/cmd.h"

#include "base/json.h"

#include <stdint.h>
#include <string.h>

static const struct opt status_opts[] = { FLEET_OPT_THOROUGH, FLEET_OPT_PARALLEL, { 0 } };

static const json_t *
resources_of(const struct push_job *job)
{
	return json_object_get(job->data, "resources");
}

static size_t
count_state(const struct push_job *job, const char *state)
{
	const json_t	*one;
	size_t		 i, count = 0;

	json_array_foreach(resources_of(job), i, one)
		count += strcmp(ask_text_of(one, "state"), state) == 0;
	return count;
}

static const char *
state_in_words(const char *state)
{
	return strcmp(state, "both") == 0 ? "drifted, undeployed" : state;
}

static void
heading(struct table *table, const char *text)
{
	table_add(table, "%s", text);
	table_color(table, TERM_BOLD);
}

/* Every resource that is not in order. */
static void
print_table(const struct fleet *fleet)
{
	struct table	*table = table_new(4);
	const json_t	*one;
	size_t		 k, rows = 0;

	heading(table, "NODE");
	heading(table, "RESOURCE");
	heading(table, "STATE");
	heading(table, "A DEPLOY WOULD");
	for (size_t i = 0; i < fleet->nodes.count; i++)
		json_array_foreach(resources_of(&fleet->jobs[i]), k, one) {
			const char	*state = ask_text_of(one, "state");

			table_add(table, "%s", fleet->jobs[i].target.name);
			table_add(table, "%s", ask_text_of(one, "resource"));
			table_add(table, "%s", state_in_words(state));
			table_color(table, strcmp(state, "undeployed") == 0 ? TERM_PLAIN : TERM_RED);
			table_add(table, "%s", ask_text_of(one, "detail"));
			rows++;
		}
	if (rows > 0)
		table_print(table, stdout);
	table_free(table);
}

static void
print_count(size_t count, const char *what)
{
	if (count > 0)
		out("%zu %s %s\n", count, count == 1 ? "node" : "nodes", what);
}

static void
print_summary(const struct fleet *fleet)
{
	size_t	 same = 0, drifted = 0, undeployed = 0, owed = 0, unfinished = 0;

	for (size_t i = 0; i < fleet->nodes.count; i++) {
		const struct push_job	*job = &fleet->jobs[i];
		size_t			 both = count_state(job, "both") + count_state(job, "unknown");

		same += job->result == PUSH_OK && json_array_size(resources_of(job)) == 0 && !json_bool(job->data, "unfinished");
		unfinished += json_bool(job->data, "unfinished");
		owed += count_state(job, "owed") > 0;
		drifted += count_state(job, "drifted") + both > 0;
		undeployed += count_state(job, "undeployed") + both > 0;
	}
	print_count(same, "in sync");
	print_count(drifted, "drifted: somebody changed what leap had put there");
	print_count(undeployed, "with changes that are not deployed");
	print_count(owed, "with restarts, reloads or commands that are owed to changes before");
	print_count(unfinished, "where the last deploy was not finished");
}

static struct err *
status_run(struct context *context)
{
	struct fleet	 fleet;
	struct err	*e = fleet_init(&fleet, context, &(struct fleet_how){ .certs = PREPARE_CERTS_LOOK });

	fleet.thorough = opt_get(context, "--thorough") != NULL;
	if (e == NULL)
		e = ask(&fleet, (struct fleet_push){ .op = "status" });
	if (e == NULL && context->json)
		ask_print_json(&fleet);
	else if (e == NULL) {
		print_table(&fleet);
		print_summary(&fleet);
	}
	if (e == NULL)
		e = fleet_errors(&fleet);
	fleet_fini(&fleet);
	return e;
}

const struct cmd cmd_status = {
	.name = "status",
	.args = "[FILTER...]",
	.summary = "compare nodes with what was deployed, and with what would be",
	.details = "A resource is drifted when it is not as leap left it, and undeployed when a deploy would change it\n"
	    "because the configuration is another one; it is owed a restart, reload or run when a deploy that was not\n"
	    "finished made a change below it.  leap adopt brings a file that was changed on a node\n"
	    "into the instance.",
	.opts = status_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = status_run,
};
