/* cmd: leap compile OUTPUT: the table of outputs, printing them, and keeping those in compiled/ up to date. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mask.h"
#include "cmd/compile.h"
#include "cmd/prepare.h"
#include "cmd/select.h"
#include "config/config.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

static const struct output outputs[] = {
	{ "hosts", "hosts", 0, output_hosts, NULL },
	{ "zone", "zone", OUTPUT_AWAY, output_zone, NULL },
	{ "firewall", "firewall", OUTPUT_AWAY, output_firewall, output_firewall_json },
	{ "ssh-config", "ssh_config", 0, output_ssh_config, NULL },
	{ "provider.json", "provider.json", OUTPUT_AWAY | OUTPUT_APART | OUTPUT_JSON, output_provider, NULL },
	{ "prometheus", "prometheus.json", OUTPUT_AWAY | OUTPUT_JSON, output_prometheus, NULL },
	{ "ansible", "ansible.json", OUTPUT_JSON, output_ansible, NULL },
};

NODISCARD
static struct err *
find_output(const struct output **out, const char *name)
{
	struct strs	 names = { 0 };
	struct buf	 list = { 0 };
	struct err	*e;
	const char	*near;

	strs_add(&names, "all");
	for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
		if (strcmp(outputs[i].name, name) == 0) {
			*out = &outputs[i];
			strs_fini(&names);
			return NULL;
		}
		strs_add(&names, outputs[i].name);
	}
	e = err_new(ERR_USAGE, "cannot compile \"%s\"", name);
	strs_join(&names, ", ", &list);
	if ((near = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	else
		e = err_hint(e, "it is one of %s", buf_text(&list));
	buf_fini(&list);
	strs_fini(&names);
	return e;
}

/* Take from the list the nodes in this environment (NULL: none), or those that are not in it. */
static void
keep(struct node_list *nodes, const char *environment, bool in)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		const char *its = nodes->items[i]->environment;

		if ((its == environment || (its != NULL && environment != NULL && strcmp(its, environment) == 0)) == in)
			nodes->items[count++] = nodes->items[i];
	}
	nodes->count = count;
}

static void
copy_nodes(struct node_list *copy, const struct node_list *nodes)
{
	*copy = (struct node_list){ .items = xcalloc(nodes->count + 1, sizeof(struct node *)), .count = nodes->count };
	for (size_t i = 0; i < nodes->count; i++)
		copy->items[i] = nodes->items[i];
}

/* The nodes that an output of these is about: those that only this machine reaches are not, unless they are all. */
static void
output_nodes(struct node_list *out, const struct output *output, const struct node_list *nodes)
{
	copy_nodes(out, nodes);
	if ((output->flags & OUTPUT_AWAY) == 0)
		return;
	keep(out, "local", false);
	if (out->count > 0)
		return;
	node_list_fini(out);
	copy_nodes(out, nodes);
}

NODISCARD
static struct err *
add_file(struct output_files *files, struct context *context, const struct output *output,
    const struct node_list *nodes, char *take_path)
{
	struct output_file *file;

	files->items = xrealloc(files->items, files->count + 1, sizeof(*files->items));
	file = &files->items[files->count++];
	*file = (struct output_file){ .path = take_path };
	return (*output->make)(&file->text, context, nodes);
}

/* "provider.json", "provider.production.json": one for each environment that has nodes. */
NODISCARD
static struct err *
add_apart(struct output_files *files, struct context *context, const struct output *output,
    const struct node_list *nodes)
{
	const char		*dot = strrchr(output->file, '.');
	struct node_list	 rest, some;
	struct err		*e = NULL;

	copy_nodes(&rest, nodes);
	while (e == NULL && rest.count > 0) {
		const char *environment = rest.items[0]->environment;

		copy_nodes(&some, &rest);
		keep(&some, environment, true);
		keep(&rest, environment, false);
		e = add_file(files, context, output, &some, xasprintf(COMPILED_DIR "/%.*s%s%s%s",
		    (int)(dot - output->file), output->file, environment != NULL ? "." : "",
		    environment != NULL ? environment : "", dot));
		node_list_fini(&some);
	}
	node_list_fini(&rest);
	return e;
}

/* The files in compiled/ that are, or once were, this output's. */
NODISCARD
static struct err *
files_there(struct strs *paths, const struct context *context, const struct output *output)
{
	const char	*dot = strrchr(output->file, '.');
	size_t		 stem = dot != NULL ? (size_t)(dot - output->file) : 0;
	struct strs	 names = { 0 };
	struct err	*e;

	if ((output->flags & OUTPUT_APART) == 0) {
		strs_addf(paths, COMPILED_DIR "/%s", output->file);
		if (!repo_has(context->repo, paths->items[0]))
			strs_fini(paths);
		return NULL;
	}
	e = repo_list(context->repo, COMPILED_DIR, dot, &names);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];

		if (strncmp(name, output->file, stem) == 0 && (name[stem] == '\0' || name[stem] == '.'))
			strs_addf(paths, COMPILED_DIR "/%s%s", name, dot);
	}
	strs_fini(&names);
	return e;
}

/* One output's files; those that it no longer has are stale. */
NODISCARD
static struct err *
make_output(struct output_files *files, struct context *context, const struct output *output,
    const struct node_list *nodes, const struct strs *there)
{
	size_t			 first = files->count;
	struct node_list	 own;
	struct err		*e;

	output_nodes(&own, output, nodes);
	if ((output->flags & OUTPUT_APART) != 0)
		e = add_apart(files, context, output, &own);
	else
		e = add_file(files, context, output, &own, xasprintf(COMPILED_DIR "/%s", output->file));
	node_list_fini(&own);
	for (size_t i = 0; i < there->count; i++) {
		bool made = false;

		for (size_t j = first; j < files->count; j++)
			made = made || strcmp(files->items[j].path, there->items[i]) == 0;
		if (!made)
			strs_add(&files->stale, there->items[i]);
	}
	return e;
}

struct err *
outputs_make(struct output_files *files, struct context *context, const struct node_list *nodes)
{
	struct strs	 there = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < ARRAY_LEN(outputs); i++) {
		if ((e = files_there(&there, context, &outputs[i])) == NULL && there.count > 0)
			e = make_output(files, context, &outputs[i], nodes, &there);
		strs_fini(&there);
	}
	return e;
}

struct err *
outputs_write(const struct output_files *files, const struct context *context, struct outcome *outcome)
{
	struct err *e = NULL;

	for (size_t i = 0; e == NULL && i < files->count; i++) {
		mask_apply(&files->items[i].text);
		e = outcome_write(outcome, context, files->items[i].path, &files->items[i].text);
	}
	for (size_t i = 0; e == NULL && i < files->stale.count; i++)
		e = outcome_remove(outcome, context, files->stale.items[i]);
	return e;
}

void
output_files_fini(struct output_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		buf_fini(&files->items[i].text);
	}
	free(files->items);
	strs_fini(&files->stale);
	*files = (struct output_files){ 0 };
}

NODISCARD
static struct err *
write_output(struct context *context, const struct output *output, const struct node_list *nodes)
{
	struct outcome		 outcome = { .count = nodes->count };
	struct output_files	 files = { 0 };
	struct strs		 there = { 0 };
	struct err		*e;

	if ((e = files_there(&there, context, output)) == NULL &&
	    (e = make_output(&files, context, output, nodes, &there)) == NULL &&
	    (e = outputs_write(&files, context, &outcome)) == NULL)
		outcome_report(&outcome, context->json);
	strs_fini(&there);
	output_files_fini(&files);
	outcome_fini(&outcome);
	return e;
}

/* What there is one of for each environment can be printed of one only. */
NODISCARD
static struct err *
check_apart(const struct output *output, const struct node_list *nodes)
{
	struct strs	 names = { 0 };
	struct buf	 list = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; i < nodes->count; i++) {
		const char *name = filter_environment(nodes->items[i]);

		if (!strs_has(&names, name))
			strs_add(&names, name);
	}
	strs_sort(&names);
	strs_join(&names, ", ", &list);
	if (names.count > 1)
		e = err_hint(err_new(ERR_USAGE, "each environment has its own %s: %s", output->name, buf_text(&list)),
		    "name one: leap compile %s %s", output->name, names.items[0]);
	strs_fini(&names);
	buf_fini(&list);
	return e;
}

NODISCARD
static struct err *
print_output(struct context *context, const struct output *output, const struct node_list *nodes)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	if ((output->flags & OUTPUT_APART) != 0)
		e = check_apart(output, nodes);
	if (e == NULL)
		e = (context->json && output->make_json != NULL ? output->make_json : output->make)(&text, context, nodes);
	if (e == NULL)
		out("%s", buf_text(&text));
	buf_fini(&text);
	return e;
}

struct err *
outputs_run(struct context *context, const struct node_list *enabled)
{
	const struct output	*output = NULL;
	bool			 write = opt_get(context, "--write") != NULL, chosen = context->arg_count > 1;
	struct node_list	 nodes = { 0 };
	struct err		*e;

	if ((e = find_output(&output, context->args[0])) != NULL)
		return e;
	if (write && chosen)
		return err_hint(err_new(ERR_USAGE, "what is written is whole: --write takes no filter"),
		    "leap compile %s --write", output->name);
	if (context->json && !write && output->make_json == NULL && (output->flags & OUTPUT_JSON) == 0)
		return err_new(ERR_USAGE, "%s has no form in JSON", output->name);
	context->repo->read_only = !write;	/* looking at the configuration makes no secrets */
	if (chosen)
		e = select_nodes(&nodes, context, 1, 0);
	else if (enabled->count == 0)
		e = err_hint(err_new(ERR_USAGE, "there are no nodes that are enabled"), "\"leap node add NAME\" adds one");
	else
		output_nodes(&nodes, output, enabled);
	if (e == NULL)
		e = prepare_nodes(context, &nodes, PREPARE_CERTS_IGNORE);
	if (e == NULL)
		e = write ? write_output(context, output, enabled) : print_output(context, output, &nodes);
	node_list_fini(&nodes);
	return e;
}
