/* cmd: leap compile. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/json.h"
#include "base/parallel.h"
#include "cmd/cmd.h"
#include "cmd/compile.h"
#include "cmd/prepare.h"
#include "config/config.h"
#include "config/filter.h"
#include "recipe/recipe.h"
#include "repo/repo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* From so many on they are synced together. */
#define MANY_FILES	32

/* What is to be in compiled/NODE.yaml. */
struct page {
	struct node	*node;
	char		*path;
	struct buf	 text;
	bool		 changed;
	struct err	*error;
};

struct pages {
	const struct repo *repo;
	struct page	*items;
	size_t		 count, changed;
};

struct err *
outcome_write(struct outcome *outcome, const struct context *context, const char *path, const struct buf *text)
{
	bool		 there = repo_has(context->repo, path), changed = false;
	struct err	*e = repo_write(context->repo, path, buf_text(text), text->len, 0644, &changed);

	if (e == NULL && changed)
		strs_add(there ? &outcome->changed : &outcome->created, path);
	return e;
}

struct err *
outcome_remove(struct outcome *outcome, const struct context *context, const char *path)
{
	char		*full = path_join(context->repo->root, path);
	struct err	*e = dir_remove(full);

	if (e == NULL)
		strs_add(&outcome->removed, path);
	free(full);
	return e;
}

static void
pages_fini(struct pages *pages)
{
	for (size_t i = 0; i < pages->count; i++) {
		err_free(pages->items[i].error);
		free(pages->items[i].path);
		buf_fini(&pages->items[i].text);
	}
	free(pages->items);
}

static void
make_page(void *context, size_t i)
{
	const struct pages	*pages = context;
	struct page		*page = &pages->items[i];

	page->path = xasprintf(COMPILED_DIR "/%s.yaml", page->node->name);
	if ((page->error = node_yaml(page->node, &page->text)) == NULL)
		page->changed = !repo_same(pages->repo, page->path, buf_text(&page->text), page->text.len, 0644);
}

/* All is evaluated, so that threads only read. */
NODISCARD
static struct err *
pages_make(struct pages *pages, const struct context *context, const struct node_list *nodes)
{
	struct err *e = NULL;

	*pages = (struct pages){ context->repo, xcalloc(nodes->count, sizeof(*pages->items)), nodes->count, 0 };
	for (size_t i = 0; i < pages->count; i++)
		pages->items[i].node = nodes->items[i];
	parallel_each(pages->count, PARALLEL_LIGHT, make_page, pages);
	for (size_t i = 0; e == NULL && i < pages->count; i++) {
		e = pages->items[i].error;
		pages->items[i].error = NULL;
		pages->changed += pages->items[i].changed;
	}
	return e;
}

/* Run the recipes of nodes whose configuration changed, for their errors; those of all are leap check's. */
NODISCARD
static struct err *
check_recipes(const struct pages *pages)
{
	struct strs	 seen = { 0 };
	struct err	*all = NULL;

	for (size_t i = 0; i < pages->count; i++) {
		if (pages->items[i].changed)
			all = prepare_join(all, recipe_check(pages->items[i].node), &seen);
	}
	strs_fini(&seen);
	return all;
}

NODISCARD
static struct err *
write_many(const struct context *context, const struct pages *pages, struct outcome *outcome)
{
	struct err *e = NULL;

	for (size_t i = 0; e == NULL && i < pages->count; i++) {
		const struct page	*page = &pages->items[i];
		bool			 there;

		if (!page->changed)
			continue;
		there = repo_has(context->repo, page->path);
		e = repo_write_unsynced(context->repo, page->path, buf_text(&page->text), page->text.len, 0644);
		if (e == NULL)
			strs_add(there ? &outcome->changed : &outcome->created, page->path);
	}
	return e != NULL ? e : file_sync_all(context->repo->root);
}

NODISCARD
static struct err *
write_pages(const struct context *context, const struct pages *pages, struct outcome *outcome)
{
	struct err *e = NULL;

	if (pages->changed >= MANY_FILES)
		return write_many(context, pages, outcome);
	for (size_t i = 0; e == NULL && i < pages->count; i++) {
		if (pages->items[i].changed)
			e = outcome_write(outcome, context, pages->items[i].path, &pages->items[i].text);
	}
	return e;
}

/* The output of nodes that are no more goes; that of disabled ones stays as it was. */
NODISCARD
static struct err *
remove_stale(struct context *context, struct outcome *outcome)
{
	struct strs	 names = { 0 };
	struct err	*e = repo_list(context->repo, COMPILED_DIR, ".yaml", &names);

	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *path;

		if (config_node(context->config, names.items[i]) != NULL)
			continue;
		path = xasprintf(COMPILED_DIR "/%s.yaml", names.items[i]);
		e = outcome_remove(outcome, context, path);
		free(path);
	}
	strs_fini(&names);
	return e;
}

static void
report_json(const struct outcome *outcome)
{
	json_t		*root = json_object();
	struct buf	 text = { 0 };

	json_object_set_new(root, "nodes", json_integer((json_int_t)outcome->count));
	json_object_set_new(root, "created", json_strs(&outcome->created));
	json_object_set_new(root, "changed", json_strs(&outcome->changed));
	json_object_set_new(root, "removed", json_strs(&outcome->removed));
	json_pretty(root, &text);
	out("%s", buf_text(&text));
	buf_fini(&text);
	json_decref(root);
}

void
outcome_report(const struct outcome *outcome, bool json)
{
	if (json) {
		report_json(outcome);
		return;
	}
	for (size_t i = 0; i < outcome->created.count; i++)
		out("created  %s\n", outcome->created.items[i]);
	for (size_t i = 0; i < outcome->changed.count; i++)
		out("changed  %s\n", outcome->changed.items[i]);
	for (size_t i = 0; i < outcome->removed.count; i++)
		out("removed  %s\n", outcome->removed.items[i]);
	if (outcome->created.count + outcome->changed.count + outcome->removed.count == 0)
		out("%zu node%s compiled, nothing changed\n", outcome->count, outcome->count == 1 ? "" : "s");
	else
		out("%zu node%s compiled: %zu created, %zu changed, %zu removed\n", outcome->count,
		    outcome->count == 1 ? "" : "s", outcome->created.count, outcome->changed.count,
		    outcome->removed.count);
}

/* All enabled nodes, of every environment, whatever is pinned: what is compiled is whole. */
static void
enabled_nodes(struct node_list *list, struct config *config)
{
	struct node	**all;
	size_t		  count = config_nodes(config, &all);

	list->items = xcalloc(count, sizeof(*list->items));
	list->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (all[i]->enabled)
			list->items[list->count++] = all[i];
	}
}

void
outcome_fini(struct outcome *outcome)
{
	strs_fini(&outcome->created);
	strs_fini(&outcome->changed);
	strs_fini(&outcome->removed);
}

NODISCARD
static struct err *
compile_all(struct context *context, struct node_list *nodes)
{
	struct outcome		 outcome = { .count = nodes->count };
	struct output_files	 files = { 0 };
	struct pages		 pages = { 0 };
	struct err		*e;

	/* Nothing is written unless everything can be. */
	if ((e = prepare_nodes(context, nodes, PREPARE_CERTS_UPDATE)) == NULL &&
	    (e = pages_make(&pages, context, nodes)) == NULL && (e = check_recipes(&pages)) == NULL &&
	    (e = outputs_make(&files, context, nodes)) == NULL &&
	    (e = write_pages(context, &pages, &outcome)) == NULL &&
	    (e = outputs_write(&files, context, &outcome)) == NULL)
		e = remove_stale(context, &outcome);
	if (e == NULL)
		outcome_report(&outcome, context->json);
	output_files_fini(&files);
	pages_fini(&pages);
	outcome_fini(&outcome);
	return e;
}

NODISCARD
static struct err *
compile_run(struct context *context)
{
	struct node_list	 nodes;
	struct err		*e;

	enabled_nodes(&nodes, context->config);
	if (context->arg_count > 0 && strcmp(context->args[0], "all") != 0)
		e = outputs_run(context, &nodes);
	else if (context->arg_count > 1)
		e = err_hint(err_new(ERR_USAGE, "what is compiled is whole: \"all\" takes no filter"), "leap compile");
	else if (opt_get(context, "--write") != NULL)
		e = err_hint(err_new(ERR_USAGE, "--write wants the name of an output"), "leap compile ssh-config --write");
	else
		e = compile_all(context, &nodes);
	node_list_fini(&nodes);
	return e;
}

static const struct opt compile_opts[] = {
	{ 0, "--write", NULL, "put the output into compiled/, where \"leap compile\" keeps it up to date" },
	{ 0 },
};

const struct cmd cmd_compile = {
	.name = "compile",
	.args = "[OUTPUT [FILTER...]]",
	.summary = "evaluate the configuration of all nodes, for leap and for other programs",
	.details = "all            renew certificates that need it, check, write compiled/NODE.yaml (the default)\n"
	    "\nand printed, of all nodes or those that are chosen:\n"
	    "hosts          names and addresses, for hosts(5)\n"
	    "zone           the DNS zone of the provider's domain\n"
	    "firewall       who may reach which ports\n"
	    "ssh-config     for ssh_config(5), so that \"ssh NODE\" finds nodes and trusts their pinned keys only\n"
	    "provider.json  what clients have to know of the provider, in one environment\n"
	    "prometheus     targets, for file_sd_configs\n"
	    "ansible        an inventory",
	.opts = compile_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = compile_run,
};
