/* cmd: leap check: everything that can be known to be wrong without asking a node. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/check.h"

#include "cert/certs.h"
#include "cert/host_keys.h"
#include "cmd/cmd.h"
#include "cmd/findings.h"
#include "config/config.h"
#include "config/filter.h"
#include "recipe/recipe.h"
#include "repo/git.h"
#include "repo/repo.h"
#include "vault/vault.h"
#include "wire/manifest.h"

#include <stdint.h>
#include <stdlib.h>

/* The nodes that the words select, or all that are enabled: what is pinned narrows nothing here. */
NODISCARD
static struct err *
choose(struct node_list *out, const struct context *context)
{
	struct node	**all;
	size_t		  count = config_nodes(context->config, &all);

	if (context->arg_count > 0)
		return filter_select(out, context->config, context->args, context->arg_count, 0);
	*out = (struct node_list){ .items = xcalloc(count, sizeof(*out->items)) };
	for (size_t i = 0; i < count; i++) {
		if (all[i]->enabled)
			out->items[out->count++] = all[i];
	}
	return NULL;
}

/* Leave out the nodes of which a layer could not be read: nearly all that one would say of them would be wrong. */
static void
drop_broken(struct node_list *nodes)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		if (!node_broken(nodes->items[i]))
			nodes->items[count++] = nodes->items[i];
	}
	nodes->count = count;
}

/* A recipe that is given wrong values has no mistake of its own. */
static void
check_recipes(struct findings *findings, const struct node_list *nodes)
{
	struct manifest	 manifest;
	struct err	*e;

	for (size_t i = 0; i < nodes->count; i++) {
		if (node_wrong(nodes->items[i]))
			continue;
		if ((e = recipe_run(&manifest, nodes->items[i])) == NULL)
			manifest_fini(&manifest);
		findings_add(findings, err_rule(e, "recipe"));
	}
}

/* The same error again: the configuration keeps its own. */
static void
add_warnings(struct findings *findings, const struct err *e)
{
	for (; e != NULL; e = err_next(e))
		findings_add(findings, err_warning(err_copy(e)));
}

/* Recipes, which take the longest, run while certificates are looked at. */
static void
check_nodes(struct findings *findings, struct context *context, struct node_list *nodes)
{
	struct certs_check *certs;

	findings_add(findings, config_check_whole(context->config, nodes->items, nodes->count));
	drop_broken(nodes);
	findings_add(findings, config_check(context->config, nodes->items, nodes->count));
	context->repo->stand_ins = false;
	certs = certs_check_start(context->repo, nodes);
	context->repo->stand_ins = true;
	check_recipes(findings, nodes);
	context->repo->stand_ins = false;
	findings_add(findings, certs_check_end(certs));
	findings_add(findings, host_certs_check(context->repo, nodes));
	check_trust(findings, context, nodes);
	add_warnings(findings, config_warnings(context->config));
}

/* Print what was found; then the error that decides the exit status, or NULL. */
NODISCARD
static struct err *
report(struct findings *findings, const struct context *context, size_t nodes)
{
	bool		 failed;
	struct buf	 text = { 0 };
	struct err	*e = NULL;
	char		*prefix;

	findings_sort(findings);
	if (opt_get(context, "--sarif") != NULL) {
		prefix = git_prefix(context->repo != NULL ? context->repo->root : ".");
		findings_sarif(findings, prefix, &text);
		free(prefix);
	} else if (context->json)
		findings_json(findings, nodes, &text);
	else
		findings_text(findings, &text);
	out("%s", buf_text(&text));
	buf_clear(&text);
	findings_summary(findings, &text);
	failed = findings->errors > 0 || (opt_get(context, "--strict") != NULL && findings->warnings > 0);
	if (failed)
		e = err_new(ERR_CONFIG, "%s", buf_text(&text));
	else
		note("%s, %zu node%s checked\n", buf_text(&text), nodes, nodes == 1 ? "" : "s");
	buf_fini(&text);
	return e;
}

/* Nothing is written, and nobody is asked for a passphrase: who commits has no time for that. */
static void
only_look(struct repo *repo)
{
	repo->read_only = true;
	vault_setup(repo, NULL, NULL);
}

/* What is wrong with the Leapfile is a finding; that there is none is not. */
NODISCARD
static struct err *
open_instance(struct findings *findings, struct context *context)
{
	struct err *e;

	if ((e = repo_open(&context->repo, ".")) == NULL) {
		only_look(context->repo);
		context->repo->stand_ins = true;
	} else if (err_place(e) != NULL) {
		findings_add(findings, err_rule(e, "leapfile"));
		e = NULL;
	}
	return e;
}

/* What a commit would have, and nothing else: fast enough for each. */
NODISCARD
static struct err *
check_staged(struct context *context)
{
	struct findings	 findings = { 0 };
	struct err	*e;

	if (context->arg_count > 0)
		return err_new(ERR_USAGE, "--staged is about all files, not about nodes");
	if ((e = repo_open(&context->repo, ".")) != NULL)
		return e;
	only_look(context->repo);
	if ((e = check_index(&findings, context->repo)) == NULL && findings.count > 0)
		e = report(&findings, context, 0);
	findings_fini(&findings);
	return e;
}

NODISCARD
static struct err *
check_run(struct context *context)
{
	struct findings	 findings = { 0 };
	struct node_list nodes = { 0 };
	struct err	*e, *errors = NULL;
	size_t		 count = 0;

	if (context->json && opt_get(context, "--sarif") != NULL)
		return err_new(ERR_USAGE, "--json and --sarif exclude each other");
	if (opt_get(context, "--staged") != NULL)
		return check_staged(context);
	if ((e = open_instance(&findings, context)) != NULL)
		return e;
	if (context->repo != NULL) {
		context->config = config_load_all(context->repo, &errors);
		findings_add(&findings, errors);
		if ((e = choose(&nodes, context)) != NULL)
			goto out;
		count = nodes.count;
		check_nodes(&findings, context, &nodes);
	}
	e = report(&findings, context, count);
out:
	node_list_fini(&nodes);
	findings_fini(&findings);
	return e;
}

static const struct opt check_opts[] = {
	{ 0, "--sarif", NULL, "report as SARIF 2.1.0, for forges and editors" },
	{ 0, "--strict", NULL, "fail for warnings too" },
	{ 0, "--staged", NULL, "look only for private keys and secrets in what git would commit, as the pre-commit hook does" },
	{ 0 },
};

const struct cmd cmd_check = {
	.name = "check",
	.args = "[FILTER...]",
	.summary = "find everything that is wrong, without touching a node",
	.details = "Reads all files, evaluates the nodes that the filter selects (default: all), runs their recipes,\n"
	    "and looks at keys and certificates.  Writes nothing and needs no network.\n"
	    "Exit status: 0 no error, 3 at least one.",
	.opts = check_opts,
	.needs = CMD_READ_ONLY,
	.max_args = SIZE_MAX,
	.run = check_run,
};
