/* cmd: leap secret audit: who can open what, and what is to be done about it. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cmd/cmd.h"
#include "vault/vault.h"

#include <stdlib.h>

static void
add_row(struct table *table, const json_t *environment)
{
	const char	*user;
	json_t		*kinds, *kind;
	struct buf	 who = { 0 };
	size_t		 i;

	json_object_foreach(json_object_get(environment, "members"), user, kinds) {
		buf_addf(&who, "%s%s (", who.len > 0 ? ", " : "", user);
		json_array_foreach(kinds, i, kind)
			buf_addf(&who, "%s%s", i > 0 ? ", " : "", json_string_value(kind));
		buf_addc(&who, ')');
	}
	table_add(table, "%s", json_str(environment, "environment"));
	table_add(table, "%d", (int)json_int(environment, "secrets", 0));
	table_add(table, "%s", buf_text(&who));
	buf_fini(&who);
}

static void
print_exposed(const json_t *environment)
{
	const char	*user;
	json_t		*paths, *path;
	size_t		 i;

	json_object_foreach(json_object_get(environment, "exposed"), user, paths) {
		out("\n%s has seen, of environment %s:\n", user, json_str(environment, "environment"));
		json_array_foreach(paths, i, path)
			out("    %s.age\n", json_string_value(path));
	}
}

static void
print_audit(const json_t *audit)
{
	static const char *const titles[] = { "ENVIRONMENT", "SECRETS", "WHO CAN OPEN IT" };
	json_t		*environments = json_object_get(audit, "environments"), *item;
	struct table	*table = table_new(ARRAY_LEN(titles));
	size_t		 i;

	for (i = 0; i < ARRAY_LEN(titles); i++) {
		table_add(table, "%s", titles[i]);
		table_color(table, TERM_BOLD);
	}
	json_array_foreach(environments, i, item)
		add_row(table, item);
	if (json_array_size(environments) > 0)
		table_print(table, stdout);
	else if (json_array_size(json_object_get(audit, "problems")) == 0)
		note("there is no vault yet: the first secret or key makes one\n");
	fflush(stdout);
	json_array_foreach(environments, i, item)
		print_exposed(item);
	json_array_foreach(json_object_get(audit, "problems"), i, item)
		out("%s%s: %s%s\nhint: %s\n", i == 0 ? "\n" : "", json_str(item, "file"), json_bool(item, "warning") ?
		    "warning: " : "", json_str(item, "problem"), json_str(item, "hint"));
	table_free(table);
}

static struct err *
secret_audit_run(struct context *context)
{
	struct buf	 text = { 0 };
	json_t		*audit, *problem;
	size_t		 i, count = 0;
	struct err	*e = vault_audit(&audit, context->repo);

	if (e != NULL)
		return e;
	if (context->json) {
		json_pretty(audit, &text);
		term_write(stdout, &text);
	} else {
		print_audit(audit);
	}
	json_array_foreach(json_object_get(audit, "problems"), i, problem)
		count += !json_bool(problem, "warning");
	if (count > 0)
		e = err_new(ERR_CONFIG, "%zu thing%s to be done", count, count == 1 ? " is" : "s are");
	buf_fini(&text);
	json_decref(audit);
	return e;
}

const struct cmd cmd_secret_audit = {
	.name = "secret audit",
	.summary = "say who can open what, and what former sysadmins have seen",
	.details = "Needs no private key.  Exit status: 3 when something is to be done: recipients that are not those of users/,\n"
	    "secrets that somebody who left has seen.",
	.needs = CMD_INSTANCE | CMD_READ_ONLY,
	.run = secret_audit_run,
};
