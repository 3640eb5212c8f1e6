/* cmd: leap cert renew: certificates from the CA that the instance has an account with. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/acme.h"
#include "cert/wish.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"

#include "base/json.h"
#include "config/config.h"
#include "pki/jws.h"
#include "repo/repo.h"
#include "ssh/ssh.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct opt renew_opts[] = {
	{ 'f', "--force", NULL, "renew those that need not be renewed yet, too" },
	{ 'n', "--dry-run", NULL, "only say what would be renewed" },
	{ 0, "--new-key", NULL, "make a new private key; else the old one stays" },
	{ 0, "--challenge", "TYPE", "http-01 or dns-01, instead of what fits each name" },
	{ 0, "--profile", "NAME", "one of the CA's kinds of certificates" },
	{ 0 },
};

/* One run. */
struct renewal {
	struct context		*context;
	struct account		 account;
	struct acme_settings	 settings;
	struct acme		*acme;		/* NULL: not reached yet */
	struct prover		*prover;
	struct strs		 targets;	/* nodes that want a deploy */
	struct table		*table;
	json_t			*report;
	int64_t			 now;
};

NODISCARD
static struct err *
reach(struct renewal *renewal)
{
	return renewal->acme != NULL ? NULL : acme_open(&renewal->acme, &renewal->settings);
}

/* The nodes that use it are of one environment, whose vault has the key. */
NODISCARD
static struct err *
find_environment(struct renewal *renewal, struct wish *wish, struct node_list *users)
{
	const char	*env = repo_environment(renewal->context->repo);
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < wish->names.count; i++)
		e = prover_sites(renewal->prover, wish->names.items[i], users);
	for (size_t i = 0; e == NULL && i < users->count; i++) {
		if (strcmp(filter_environment(users->items[i]), filter_environment(users->items[0])) != 0)
			e = err_hint(err_new(ERR_CONFIG, "%s: %s and %s, which use it, are in different environments",
			    wish->names.items[0], users->items[0]->name, users->items[i]->name),
			    "choose one: leap env pin %s", filter_environment(users->items[0]));
	}
	if (users->count > 0)
		env = users->items[0]->environment;
	if (e == NULL && env != NULL)
		wish->env = xstrdup(env);
	return e;
}

/* Where the CA has an opinion of when to renew, that counts (RFC 9773); where it cannot be heard, our own does. */
static void
ask_when(struct renewal *renewal, struct wish *wish)
{
	struct acme_window	 window = { 0 };
	struct err		*e;

	if ((e = reach(renewal)) == NULL && (e = acme_window(renewal->acme, wish->cert.ari_id, &window)) == NULL)
		wish->renew_at = acme_renew_at(wish->cert.not_before, wish->cert.not_after, &window, wish->cert.ari_id);
	else
		note("%s: the CA does not say when to renew: %s\n", wish->names.items[0], err_message(e));
	err_free(e);
}

/* *why is NULL when nothing is to be done. */
static void
decide(struct renewal *renewal, struct wish *wish, char **why)
{
	const struct context *context = renewal->context;

	*why = wish_reason(wish, renewal->account.server, renewal->now);
	if (*why == NULL && (opt_get(context, "--force") != NULL || opt_get(context, "--new-key") != NULL))
		*why = xstrdup("as asked");
	if (*why == NULL) {
		ask_when(renewal, wish);
		*why = wish_reason(wish, renewal->account.server, renewal->now);
	}
}

NODISCARD
static struct err *
order(struct renewal *renewal, struct wish *wish, const enum acme_method *methods, struct buf *chain)
{
	bool			 ours = wish->server != NULL && strcmp(wish->server, renewal->account.server) == 0;
	struct acme_solver	 solver;
	struct acme_wish	 wanted = {
		.names = &wish->names, .methods = methods, .key_pem = &wish->key, .profile = wish->profile,
		.replaces = ours ? wish->cert.ari_id : NULL,
	};
	struct err		*e;

	if ((e = reach(renewal)) != NULL)
		return e;
	/* Who has a certificate revoked may have lost its key. */
	if (wish->key.len == 0 || wish->revoked || opt_get(renewal->context, "--new-key") != NULL) {
		buf_clear(&wish->key);
		if ((e = jws_key_create(&wish->key)) != NULL)
			return e;
	}
	wish->revoked = false;
	solver = prover_solver(renewal->prover, renewal->acme);
	wanted.solver = &solver;
	return acme_issue(renewal->acme, &wanted, renewal->now, chain);
}

NODISCARD
static struct err *
renew(struct renewal *renewal, struct wish *wish, const struct node_list *users)
{
	enum acme_method	*methods = xcalloc(wish->names.count, sizeof(*methods));
	struct buf		 chain = { 0 };
	struct err		*e;

	if ((e = prover_choose(renewal->prover, &wish->names, wish->challenge, methods)) == NULL &&
	    (e = order(renewal, wish, methods, &chain)) == NULL &&
	    (e = wish_save(wish, renewal->context->repo, renewal->account.server, &chain)) == NULL) {
		public_fini(&wish->cert);
		e = public_read(&wish->cert, &chain);
		wish->renew_at = acme_renew_at(wish->cert.not_before, wish->cert.not_after, NULL, NULL);
		for (size_t i = 0; i < users->count; i++) {
			if (!strs_has(&renewal->targets, users->items[i]->name))
				strs_add(&renewal->targets, users->items[i]->name);
		}
	}
	buf_fini(&chain);
	free(methods);
	return e;
}

static void
add_date(struct table *table, json_t *object, const char *member, int64_t when)
{
	char		text[sizeof("2000-01-01")] = "-";
	time_t		seconds = (time_t)when;
	struct tm	tm;

	if (when > 0 && gmtime_r(&seconds, &tm) != NULL && strftime(text, sizeof(text), "%Y-%m-%d", &tm) > 0)
		json_object_set_new(object, member, json_string(text));
	table_add(table, "%s", text);
}

static void
report(struct renewal *renewal, const struct wish *wish, const char *state, const char *why)
{
	json_t *row = json_pack("{s:s, s:o, s:s}", "certificate", wish->names.items[0], "names", json_strs(&wish->names),
	    "state", state);

	if (why != NULL)
		json_object_set_new(row, "why", json_string(why));
	table_add(renewal->table, "%s", wish->names.items[0]);
	table_add(renewal->table, "%s", state);
	add_date(renewal->table, row, "until", wish->cert.not_after);
	add_date(renewal->table, row, "renew", wish->renew_at);
	table_add(renewal->table, "%s", why != NULL ? why : "");
	json_array_append_new(renewal->report, row);
}

/* One certificate. */
NODISCARD
static struct err *
renew_one(struct renewal *renewal, const char *names)
{
	struct context		*context = renewal->context;
	struct node_list	 users = { 0 };
	struct wish		 wish = { 0 };
	char			*why = NULL;
	struct err		*e = wish_parse(&wish, names);

	if (e == NULL && opt_get(context, "--challenge") != NULL)
		wish.challenge = xstrdup(opt_get(context, "--challenge"));
	if (e == NULL && opt_get(context, "--profile") != NULL)
		wish.profile = xstrdup(opt_get(context, "--profile"));
	if (e != NULL || (e = wish_recall(&wish, context->repo)) != NULL ||
	    (e = find_environment(renewal, &wish, &users)) != NULL || (e = wish_read(&wish, context->repo)) != NULL)
		goto out;
	decide(renewal, &wish, &why);
	if (why == NULL) {
		report(renewal, &wish, "good", NULL);
	} else if (opt_get(context, "--dry-run") != NULL) {
		report(renewal, &wish, "due", why);
	} else {
		note("%s: getting a certificate: %s\n", wish.names.items[0], why);
		e = renew(renewal, &wish, &users);
		if (e != NULL && !str_starts(err_message(e), wish.names.items[0]))
			e = err_context(e, "%s", wish.names.items[0]);
		if (e != NULL)
			report(renewal, &wish, "failed", why);
		else
			report(renewal, &wish, "renewed", why);
	}
out:
	free(users.items);
	free(why);
	wish_fini(&wish);
	return e;
}

/* Those that are asked for, else all that were ever. */
NODISCARD
static struct err *
choose(struct strs *out, const struct context *context)
{
	struct err *e = NULL;

	for (size_t i = 0; i < context->arg_count; i++)
		strs_add(out, context->args[i]);
	if (context->arg_count == 0)
		e = repo_list(context->repo, ACME_CERTS, ".json", out);
	if (e == NULL && out->count == 0)
		e = err_hint(err_new(ERR_USAGE, "there is no certificate of a CA to renew yet"),
		    "say which one you want: leap cert renew DOMAIN");
	return e;
}

static void
print_report(struct renewal *renewal)
{
	struct buf text = { 0 };

	if (renewal->context->json) {
		json_pretty(renewal->report, &text);
		out("%s", buf_text(&text));
	} else if (json_array_size(renewal->report) > 0) {
		table_print(renewal->table, stdout);
	}
	buf_clear(&text);
	strs_sort(&renewal->targets);
	strs_join(&renewal->targets, " ", &text);
	if (renewal->targets.count > 0)
		note("deploy what changed: leap deploy %s\n", buf_text(&text));
	buf_fini(&text);
}

NODISCARD
static struct err *
check_options(const struct context *context)
{
	const char *type = opt_get(context, "--challenge");

	if (type != NULL && strcmp(type, "http-01") != 0 && strcmp(type, "dns-01") != 0)
		return err_new(ERR_USAGE, "--challenge must be http-01 or dns-01, not \"%s\"", type);
	if (context->arg_count == 0 && (type != NULL || opt_get(context, "--profile") != NULL))
		return err_new(ERR_USAGE, "--challenge and --profile want the DOMAIN that they are for");
	return NULL;
}

static struct err *
cert_renew_run(struct context *context)
{
	static const char *const titles[] = { "CERTIFICATE", "STATE", "UNTIL", "RENEW", "WHY" };
	struct renewal	 renewal = { .context = context, .now = (int64_t)time(NULL) };
	struct strs	 wanted = { 0 };
	bool		 connected = false;
	struct err	*e;

	renewal.report = json_array();
	renewal.table = table_new(ARRAY_LEN(titles));
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		table_add(renewal.table, "%s", titles[i]);
	if ((e = check_options(context)) != NULL || (e = account_read(&renewal.account, context->repo)) != NULL ||
	    (e = choose(&wanted, context)) != NULL || (e = fleet_connect()) != NULL)
		goto out;
	connected = true;
	renewal.settings = account_settings(&renewal.account);
	renewal.prover = prover_new(context);
	for (size_t i = 0; i < wanted.count && !ssh_stopped(); i++)
		e = err_join(e, renew_one(&renewal, wanted.items[i]));
	print_report(&renewal);
out:
	prover_free(renewal.prover);
	acme_close(renewal.acme);
	if (connected)
		fleet_disconnect();
	strs_fini(&wanted);
	strs_fini(&renewal.targets);
	table_free(renewal.table);
	json_decref(renewal.report);
	account_fini(&renewal.account);
	return e;
}

const struct cmd cmd_cert_renew = {
	.name = "cert renew",
	.args = "[DOMAIN...]",
	.summary = "get or renew certificates from the CA of \"cert register\"",
	.details = "DOMAIN is a name, or several with commas in between for one certificate with all of them.  Without one:\n"
	    "all that there are.  The nodes prove that the names are ours, with http-01 or dns-01.  What is good\n"
	    "still stays: renewal is at two thirds of the lifetime, or when the CA says so.",
	.opts = renew_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = cert_renew_run,
};
