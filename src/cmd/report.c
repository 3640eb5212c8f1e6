/* cmd: what came of a plan, deploy or test, for people and as JSON. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "cmd/patch.h"
#include "cmd/progress.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_LINES	12	/* that are shown of a new or removed file */

const char *
fleet_result(const struct push_job *job)
{
	static const char *const names[] = {
		[PUSH_OK] = "ok", [PUSH_FAILED] = "failed", [PUSH_UNREACHABLE] = "unreachable",
		[PUSH_TRUST] = "not trusted", [PUSH_LOCKED] = "locked", [PUSH_CANCELLED] = "interrupted",
		[PUSH_MOVED] = "moved", [PUSH_PLANNED] = "planned", [PUSH_SKIPPED] = "not begun",
	};

	return names[job->result];
}

static int
by_name(const void *a, const void *b)
{
	const struct push_job *const	*first = a, *const *second = b;

	return strcmp((*first)->target.name, (*second)->target.name);
}

/* All jobs, sorted by the node's name; the caller's, free(). */
static const struct push_job **
sorted(const struct fleet *fleet)
{
	const struct push_job	**jobs = xcalloc(fleet->nodes.count + 1, sizeof(*jobs));

	for (size_t i = 0; i < fleet->nodes.count; i++)
		jobs[i] = &fleet->jobs[i];
	qsort(jobs, fleet->nodes.count, sizeof(*jobs), by_name);
	return jobs;
}

static const json_t *
events_of(const struct fleet *fleet, const struct push_job *job)
{
	return fleet->events[job - fleet->jobs];
}

/* Whether the difference is a whole content, of which the beginning says enough. */
static bool
changes_all(const json_t *event)
{
	return strcmp(json_str(event, "action"), "update") != 0;
}

static void
print_event(const json_t *event)
{
	const char	*detail = json_str(event, "detail");
	struct buf	 line = { 0 };

	buf_adds(&line, "  ");
	progress_event_text(&line, stdout, event);
	if (detail != NULL && strchr(detail, '\n') == NULL)
		buf_addf(&line, ": %s", detail);
	if (json_str(event, "hidden") != NULL)
		buf_addf(&line, " (%s)", json_str(event, "hidden"));
	buf_addc(&line, '\n');
	term_write(stdout, &line);
	if (detail != NULL && strchr(detail, '\n') != NULL)
		patch_print(detail, SIZE_MAX);
	if (json_str(event, "error") != NULL)
		patch_print(json_str(event, "error"), SIZE_MAX);
	if (json_str(event, "patch") != NULL)
		patch_print(json_str(event, "patch"), changes_all(event) ? WHOLE_LINES : SIZE_MAX);
	buf_fini(&line);
}

/* The node, and what names the state that it was found in. */
static void
print_heading(const struct push_job *job)
{
	struct buf	 line = { 0 };

	term_color(&line, stdout, TERM_BOLD, job->target.name);
	if (job->state[0] != '\0')
		buf_addf(&line, " (state %.12s)", job->state);
	buf_addc(&line, '\n');
	term_write(stdout, &line);
	buf_fini(&line);
}

static bool
is_failed(const json_t *event)
{
	return json_str(event, "error") != NULL;
}

/* One node's events under its name. */
static void
print_events_of(const struct push_job *job, const json_t *events, bool all)
{
	size_t	 shown = 0, k;
	json_t	*event;

	json_array_foreach(events, k, event) {
		if (!all && !is_failed(event))
			continue;
		if (shown == 0)
			print_heading(job);
		if (shown == FLEET_EVENTS_SHOWN) {
			out("  ... more than %u events, the rest is only in --json\n", FLEET_EVENTS_SHOWN);
			return;
		}
		shown++;
		print_event(event);
	}
}

/* The events of all nodes; those that failed, or all. */
static void
print_events(const struct fleet *fleet, bool all)
{
	const struct push_job	**jobs = sorted(fleet);

	for (size_t i = 0; i < fleet->nodes.count; i++)
		print_events_of(jobs[i], events_of(fleet, jobs[i]), all);
	free(jobs);
}

static const char *
nodes_word(size_t count)
{
	return count == 1 ? "node" : "nodes";
}

void
fleet_print_plan(const struct fleet *fleet)
{
	size_t	 nodes = 0, resources = 0, restarts = 0, same = 0, bytes = 0;

	if (fleet->commit[0] == '\0')
		out("no commit yet\n");
	else
		out("commit %.12s%s\n", fleet->commit, fleet->clean ? "" : " and changes that are not committed");
	print_events(fleet, true);
	for (size_t i = 0; i < fleet->nodes.count; i++) {
		const struct push_job	*job = &fleet->jobs[i];

		nodes += job->changed > 0;
		bytes += job->bytes;
		resources += job->changed;
		restarts += job->changed == 0 && job->restarted > 0;
		same += job->result == PUSH_OK && job->changed == 0 && job->restarted == 0;
	}
	if (nodes > 0)
		out("%zu %s would change on %zu %s, %zu bytes of content would be sent\n", resources,
		    resources == 1 ? "resource" : "resources", nodes, nodes_word(nodes), bytes);
	if (restarts > 0)	/* an earlier deploy came no further */
		out("only restarts are owed on %zu %s\n", restarts, nodes_word(restarts));
	if (same > 0)
		out("nothing would change on %zu %s\n", same, nodes_word(same));
}

static void
heading(struct table *table, const char *text)
{
	table_add(table, "%s", text);
	table_color(table, TERM_BOLD);
}

/* A number that only a node that was reached has. */
static void
cell(struct table *table, const struct push_job *job, unsigned number)
{
	bool	 known = job->result == PUSH_OK || job->result == PUSH_FAILED || job->result == PUSH_CANCELLED;

	if (known)
		table_add(table, "%u", number);
	else
		table_add(table, "-");
}

static void
print_table(const struct fleet *fleet, bool checks)
{
	struct table		 *table = table_new(5);
	const struct push_job	**jobs = sorted(fleet);

	heading(table, "NODE");
	heading(table, checks ? "CHECKS" : "CHANGED");
	heading(table, checks ? "FAILED" : "RESTARTED");
	heading(table, "SECONDS");
	heading(table, "RESULT");
	for (size_t i = 0; i < fleet->nodes.count; i++) {
		const struct push_job	*job = jobs[i];

		table_add(table, "%s", job->target.name);
		cell(table, job, checks ? job->checks : job->changed);
		cell(table, job, checks ? job->checks_failed : job->restarted);
		table_add(table, "%.1f", job->seconds);
		table_add(table, "%s", fleet_result(job));
		table_color(table, job->result == PUSH_OK ? TERM_GREEN : TERM_RED);
	}
	table_print(table, stdout);
	free(jobs);
	table_free(table);
}

/* The system's ssh does not tell how long these take; a node that was not reached has none. */
static bool
login_known(const struct push_job *job)
{
	return job->stats.connect + job->stats.key_exchange + job->stats.auth > 0;
}

/* Milliseconds of a login, or null. */
static json_t *
login_json(const struct push_job *job, double seconds)
{
	return login_known(job) ? json_real((double)(long)(seconds * 1000 + 0.5)) : json_null();
}

static void
login_cell(struct table *table, const struct push_job *job, double seconds)
{
	if (login_known(job))
		table_add(table, "%.0f", seconds * 1000);
	else
		table_add(table, "-");
}

/* Milliseconds, but for what is counted. */
static json_t *
timing_json(const struct push_job *job)
{
	return json_pack("{s:o, s:o, s:o, s:i, s:i, s:I, s:I, s:i, s:i, s:i, s:i}", "connect",
	    login_json(job, job->stats.connect), "key_exchange", login_json(job, job->stats.key_exchange), "auth",
	    login_json(job, job->stats.auth), "commands", (int)job->execs, "round_trips", (int)job->round_trips, "sent",
	    (json_int_t)job->stats.sent, "received", (json_int_t)job->stats.received, "look",
	    (int)job->milliseconds[PUSH_LOOK], "apply", (int)job->milliseconds[PUSH_APPLY], "restarts",
	    (int)job->milliseconds[PUSH_RESTARTS], "checks", (int)job->milliseconds[PUSH_CHECKS]);
}

static json_t *
job_json(const struct fleet *fleet, const struct push_job *job)
{
	json_t	*object = json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:f}", "node", job->target.name, "result",
	    fleet_result(job), "changed", (int)job->changed, "restarted", (int)job->restarted, "generation",
	    (int)job->generation, "checks", (int)job->checks, "checks_failed", (int)job->checks_failed, "seconds",
	    (double)(long)(job->seconds * 1000 + 0.5) / 1000);

	if (job->state[0] != '\0')
		json_object_set_new(object, "state", json_string(job->state));
	json_object_set_new(object, "bytes", json_integer((json_int_t)job->bytes));
	json_object_set_new(object, "timing", timing_json(job));
	if (job->error != NULL)
		json_object_set_new(object, "error", json_string(err_message(job->error)));
	if (job->error != NULL && err_hint_text(job->error) != NULL)
		json_object_set_new(object, "hint", json_string(err_hint_text(job->error)));
	json_object_set(object, "events", (json_t *)events_of(fleet, job));
	return object;
}

/* Where each node's time went: milliseconds, round trips after the login, bytes. */
static void
print_timing(const struct fleet *fleet)
{
	static const char *const	  titles[] = { "NODE", "CONNECT", "KEX", "AUTH", "TRIPS", "SENT", "RECEIVED", "LOOK",
	    "APPLY", "RESTARTS", "CHECKS", "ALL" };
	struct table			 *table = table_new(ARRAY_LEN(titles));
	const struct push_job		**jobs = sorted(fleet);

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		heading(table, titles[i]);
	for (size_t i = 0; i < fleet->nodes.count; i++) {
		const struct push_job	*job = jobs[i];

		table_add(table, "%s", job->target.name);
		login_cell(table, job, job->stats.connect);
		login_cell(table, job, job->stats.key_exchange);
		login_cell(table, job, job->stats.auth);
		table_add(table, "%u", job->round_trips);
		table_add(table, "%zu", job->stats.sent);
		table_add(table, "%zu", job->stats.received);
		for (size_t k = 0; k < PUSH_PARTS; k++)
			table_add(table, "%u", job->milliseconds[k]);
		table_add(table, "%.0f", job->seconds * 1000);
	}
	table_print(table, stdout);
	free(jobs);
	table_free(table);
}

/* A plan says what it is a plan of; all else is a list of nodes. */
static json_t *
plan_json(const struct fleet *fleet, json_t *take_nodes)
{
	json_t	*to_make = json_array();

	for (size_t i = 0; i < fleet->to_make.count; i++)
		json_array_append_new(to_make, json_string(fleet->to_make.items[i]));
	return json_pack("{s:s, s:b, s:o, s:o}", "commit", fleet->commit, "clean", fleet->clean, "to_make", to_make,
	    "nodes", take_nodes);
}

static void
print_json(const struct fleet *fleet, bool plan)
{
	const struct push_job	**jobs = sorted(fleet);
	json_t			 *root = json_array();
	struct buf		  text = { 0 };

	for (size_t i = 0; i < fleet->nodes.count; i++)
		json_array_append_new(root, job_json(fleet, jobs[i]));
	if (plan)
		root = plan_json(fleet, root);
	json_pretty(root, &text);
	term_write(stdout, &text);
	json_decref(root);
	buf_fini(&text);
	free(jobs);
}

struct err *
fleet_errors(struct fleet *fleet)
{
	struct failures		  failures = { 0 };
	const struct push_job	**jobs = sorted(fleet);

	for (size_t i = 0; i < fleet->nodes.count; i++) {
		struct push_job	*job = &fleet->jobs[jobs[i] - fleet->jobs];

		if (job->error == NULL)
			continue;
		failures_add(&failures, job->target.name, job->error);
		failures.stopped += job->result == PUSH_CANCELLED || job->result == PUSH_SKIPPED;
		job->error = NULL;
	}
	free(jobs);
	return failures_end(&failures, fleet->nodes.count);
}

/* Whether the sentence of the second deploy is true. */
static bool
nothing_changed(const struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->nodes.count; i++)
		if (fleet->jobs[i].result != PUSH_OK || fleet->jobs[i].changed > 0 || fleet->jobs[i].restarted > 0)
			return false;
	return true;
}

struct err *
fleet_report(struct fleet *fleet, const char *op)
{
	bool	 checks = strcmp(op, "check") == 0;

	if (fleet->context->json) {
		print_json(fleet, strcmp(op, "plan") == 0);
	} else if (strcmp(op, "plan") == 0) {
		fleet_print_plan(fleet);
	} else {
		if (checks)
			print_events(fleet, false);
		print_table(fleet, checks);
		if (strcmp(op, "timing") == 0)
			print_timing(fleet);
		if (!checks && nothing_changed(fleet))
			out("nothing changed on %zu %s\n", fleet->nodes.count, nodes_word(fleet->nodes.count));
	}
	return fleet_errors(fleet);
}
