/* cmd: leap cert ls, leap cert show: what there is, until when, and what it says. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include "base/json.h"
#include "cert/authority.h"
#include "cert/list.h"
#include "cmd/fleet.h"
#include "pki/ca.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WITHIN_MAX	36500u
#define SHORT_LEN	23	/* eight bytes of a fingerprint */

static const char *
state_of(const struct cert_row *row, bool given, unsigned within, int64_t now)
{
	if (row->revoked)
		return "revoked";
	if (row->disabled)
		return "disabled";
	if (row->elsewhere)
		return "unknown";
	if (row->ends == CERT_ENDLESS)
		return "good";
	if (row->ends <= now)
		return "expired";
	return days_left(row->ends, now) < (int)(given ? within : row->window) ? "soon" : "good";
}

static bool
is_bad(const char *state)
{
	return strcmp(state, "expired") == 0 || strcmp(state, "soon") == 0;
}

/* A date in ISO 8601, to the second or (`day`) to the day. */
static void
format_date(int64_t date, bool day, char out[sizeof("2000-01-01T00:00:00Z")])
{
	time_t		 t = (time_t)date;
	struct tm	 tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(out, sizeof("2000-01-01T00:00:00Z"), day ? "%Y-%m-%d" :
	    "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

static void
add_cells(struct table *table, const struct cert_row *row, const char *state, int64_t now)
{
	char date[sizeof("2000-01-01T00:00:00Z")];

	format_date(row->ends, true, date);
	table_add(table, "%s", row->name);
	table_add(table, "%s", row->what);
	if (row->ends == CERT_ENDLESS) {
		table_add(table, "-");
		table_add(table, "-");
	} else {
		table_add(table, "%s", date);
		table_add(table, "%d", days_left(row->ends, now));
	}
	table_add(table, "%s", state);
	if (is_bad(state))
		table_color(table, strcmp(state, "soon") == 0 ? TERM_YELLOW : TERM_RED);
	table_add(table, "%s", *row->key != '\0' ? row->key : "-");
	table_add(table, "%.*s", SHORT_LEN, row->fingerprint);
}

static json_t *
row_json(const struct cert_row *row, const char *state, int64_t now)
{
	char	 date[sizeof("2000-01-01T00:00:00Z")];
	json_t	*json = json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*}", "name", row->name, "what", row->what, "path", row->path,
	    "state", state, "key", *row->key != '\0' ? row->key : NULL, "sha256", row->elsewhere ? NULL : row->fingerprint);

	if (row->ends != CERT_ENDLESS) {
		format_date(row->ends, false, date);
		json_object_set_new(json, "ends", json_string(date));
		json_object_set_new(json, "days", json_integer(days_left(row->ends, now)));
	}
	return json;
}

static void
print_json(const json_t *value)
{
	struct buf text = { 0 };

	json_pretty(value, &text);
	out("%s", buf_text(&text));
	buf_fini(&text);
}

/* Print them; the names of those about which something has to be done are added to `bad`. */
static void
print_list(const struct cert_list *list, bool json, bool given, unsigned within, struct strs *bad)
{
	static const char *const heads[] = { "NAME", "WHAT", "ENDS", "DAYS", "STATE", "KEY", "SHA-256" };
	struct table	*table = table_new(ARRAY_LEN(heads));
	json_t		*array = json_array();
	int64_t		 now = (int64_t)time(NULL);

	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		table_add(table, "%s", heads[i]);
	for (size_t i = 0; i < list->count; i++) {
		const char *state = state_of(&list->rows[i], given, within, now);

		add_cells(table, &list->rows[i], state, now);
		json_array_append_new(array, row_json(&list->rows[i], state, now));
		if (is_bad(state))
			strs_addf(bad, "%s%s", list->rows[i].name, list->rows[i].list ? " (revocations)" :
			    list->rows[i].ssh ? " (SSH host)" : "");
	}
	if (json)
		print_json(array);
	else
		table_print(table, stdout);
	json_decref(array);
	table_free(table);
}

static struct err *
cert_ls_run(struct context *context)
{
	struct cert_list	 list = { 0 };
	struct strs		 bad = { 0 };
	struct buf		 names = { 0 };
	unsigned		 within = 0;
	struct err		*e;

	if ((e = fleet_number(context, "--within", 0, WITHIN_MAX, &within)) != NULL ||
	    (e = cert_list_read(&list, context->repo, context->config)) != NULL)
		goto out;
	print_list(&list, context->json, opt_get(context, "--within") != NULL, within, &bad);
	strs_join(&bad, ", ", &names);
	if (bad.count > 0)
		e = err_new(ERR_FAILED, "%zu of %zu %s ended, or will before long: %s", bad.count, list.count,
		    bad.count == 1 ? "has" : "have", buf_text(&names));
out:
	buf_fini(&names);
	strs_fini(&bad);
	cert_list_fini(&list);
	return e;
}

static struct err *
cert_show_run(struct context *context)
{
	struct cert_list	 list = { 0 };
	const struct cert_row	*row;
	struct buf		 pem = { 0 }, text = { 0 };
	json_t			*json;
	int64_t			 now = (int64_t)time(NULL);
	struct err		*e;

	if ((e = cert_list_read(&list, context->repo, context->config)) != NULL ||
	    (e = cert_list_find(&list, context->args[0], &row)) != NULL ||
	    (e = repo_read(context->repo, row->path, &pem)) != NULL ||
	    (e = cert_describe(&pem, NULL, NULL, &text)) != NULL)
		goto out;
	if (context->json) {
		json = row_json(row, state_of(row, false, 0, now), now);
		json_object_set_new(json, "text", json_string(buf_text(&text)));
		print_json(json);
		json_decref(json);
	} else {
		out("file: %s\nstate: %s\nSHA-256: %s\n%s", row->path, state_of(row, false, 0, now), row->fingerprint,
		    buf_text(&text));
	}
out:
	buf_fini(&text);
	buf_fini(&pem);
	cert_list_fini(&list);
	return e;
}

static const struct opt cert_ls_opts[] = {
	{ 0, "--within", "DAYS", "what ends in less days than that counts as \"soon\"" },
	{ 0 },
};

const struct cmd cmd_cert_ls = {
	.name = "cert ls",
	.summary = "list all certificates and what else ends one day",
	.details = "Sorted by their end.  The exit status is 1 when something has ended or ends soon: within --within days,\n"
	    "else when a third of its life is left (60 days at most), for CAs 180 days.",
	.opts = cert_ls_opts,
	.needs = CMD_CONFIG | CMD_READ_ONLY,
	.run = cert_ls_run,
};

const struct cmd cmd_cert_show = {
	.name = "cert show",
	.args = "NAME",
	.summary = "show what a certificate says",
	.details = "NAME is that of a node, a client, a domain or a CA as \"leap cert ls\" lists it, or a file's.",
	.needs = CMD_CONFIG | CMD_READ_ONLY,
	.min_args = 1,
	.max_args = 1,
	.run = cert_show_run,
};
