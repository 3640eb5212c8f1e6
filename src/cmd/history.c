/* cmd: leap history. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/ask.h"
#include "cmd/cmd.h"

#include "base/json.h"

#include <stdint.h>
#include <string.h>

static const struct opt history_opts[] = { FLEET_OPT_PARALLEL, { 0 } };

/* What came of it, in a word or two; the caller's, free(). */
static char *
outcome(const json_t *record)
{
	json_int_t	 back_to = json_int(record, "back_to", -1);
	const char	*result = ask_text_of(record, "result");

	if (back_to < 0)
		return xasprintf("%s%s", result, json_bool(record, "touched") && !json_bool(record, "applied") ? ", unfinished" : "");
	if (!json_bool(record, "applied"))
		return xasprintf("%s, back to %lld", result, (long long)back_to);
	if (json_str(record, "why") != NULL)
		return xasprintf("back to %lld: %s", (long long)back_to, json_str(record, "why"));
	return xasprintf("rollback to %lld%s%s", (long long)back_to, strcmp(result, "ok") == 0 ? "" : ", ",
	    strcmp(result, "ok") == 0 ? "" : result);
}

/* Of the generation that the node is in, or is in half. */
static const char *
mark_of(const json_t *data, json_int_t number)
{
	json_int_t	 unfinished = json_int(data, "unfinished", 0);

	if (unfinished > 0)
		return number == unfinished ? "~" : "";
	return number == json_int(data, "current", 0) ? json_bool(data, "cut") ? "~" : "*" : "";
}

static void
add_row(struct table *table, const char *node, const json_t *record, const json_t *data)
{
	json_int_t	 number = json_int(record, "number", 0);
	const char	*mark = mark_of(data, number);
	char		*what = outcome(record);

	table_add(table, "%s", node);
	table_add(table, "%lld%s", (long long)number, mark);
	if (*mark != '\0')
		table_color(table, TERM_BOLD);
	table_add(table, "%s", ask_text_of(record, "when"));
	table_add(table, "%s", ask_text_of(record, "who"));
	table_add(table, "%s", ask_text_of(record, "from"));
	table_add(table, "%.12s%s", ask_text_of(record, "commit"), json_bool(record, "dirty") ? "+" : "");
	table_add(table, "%lld", (long long)json_int(record, "changed", 0));
	table_add(table, "%s", what);
	table_color(table, strcmp(what, "ok") == 0 ? TERM_GREEN : json_bool(record, "applied") ? TERM_PLAIN : TERM_RED);
	free(what);
}

static void
print_table(const struct fleet *fleet)
{
	static const char *const	 headings[] = { "NODE", "GENERATION", "WHEN", "WHO", "FROM", "COMMIT", "CHANGED",
	    "RESULT" };
	struct table			*table = table_new(ARRAY_LEN(headings));
	const json_t			*record;
	size_t				 k;

	for (size_t i = 0; i < ARRAY_LEN(headings); i++) {
		table_add(table, "%s", headings[i]);
		table_color(table, TERM_BOLD);
	}
	for (size_t i = 0; i < fleet->nodes.count; i++)
		json_array_foreach(json_object_get(fleet->jobs[i].data, "generations"), k, record)
			add_row(table, fleet->jobs[i].target.name, record, fleet->jobs[i].data);
	table_print(table, stdout);
	table_free(table);
}

static struct err *
history_run(struct context *context)
{
	struct fleet	 fleet;
	struct err	*e = ask_init(&fleet, context, SIZE_MAX);

	if (e == NULL)
		e = ask(&fleet, (struct fleet_push){ .op = "history" });
	if (e == NULL && context->json)
		ask_print_json(&fleet);
	else if (e == NULL)
		print_table(&fleet);
	if (e == NULL)
		e = fleet_errors(&fleet);
	fleet_fini(&fleet);
	return e;
}

const struct cmd cmd_history = {
	.name = "history",
	.args = "[FILTER...]",
	.summary = "show what was deployed to nodes, by whom, when, and what came of it",
	.details = "The nodes remember it themselves.  A star marks the generation that a node is in, a tilde one that it is\n"
	    "in only in part, since a deploy was not finished.  A plus stands for changes that were in no commit.\n"
	    "leap rollback goes back to an earlier one.",
	.opts = history_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = history_run,
};
