/* cmd: the instance compiled in two states, and what becomes of its nodes between them. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/compare.h"

#include "base/strs.h"
#include "cert/certs.h"
#include "cmd/cmd.h"
#include "cmd/prepare.h"
#include "config/config.h"
#include "config/filter.h"
#include "recipe/changes.h"
#include "recipe/recipe.h"
#include "wire/manifest.h"

#include <stdlib.h>
#include <string.h>

const struct moment moment_disk = { .kind = MOMENT_DISK };
const struct moment moment_head = { MOMENT_GIT, REPO_REVISION, "HEAD" };

/* The instance in one state. */
struct state {
	struct repo	*repo;
	struct config	*config;
	json_t		*chosen;	/* names of the nodes that are compared; NULL: all */
};

struct work {
	struct context		*context;
	struct state		 before, after;
	struct changes		*changes;
	struct comparison	*out;
	struct strs		 seen;		/* errors */
	struct err		*failed;
};

static char *
moment_title(const struct moment *moment)
{
	if (moment->kind == MOMENT_DISK)
		return xstrdup("the work tree");
	switch (moment->git) {
	case REPO_REVISION:
		return xstrdup(moment->what);
	case REPO_INDEX:
		return xstrdup("the index");
	case REPO_EDIT:
		break;
	}
	return xasprintf("HEAD with %s", *moment->what == '\0' ? "all files" : moment->what);
}

/* An error of this state; paths on disk need no name before them. */
static struct err *
of_state(const struct state *state, struct err *take_e)
{
	return state->repo->state == NULL ? take_e : err_of(take_e, state->repo->state);
}

NODISCARD
static struct err *
state_open(struct state *state, const struct repo *here, const struct moment *moment)
{
	struct err	*e;

	if (moment->kind == MOMENT_DISK)
		e = repo_open(&state->repo, here->root);
	else
		e = repo_open_at(&state->repo, here, moment->git, moment->what);
	if (e != NULL)
		return e;
	state->repo->read_only = true;
	state->repo->stand_ins = true;
	if ((e = config_load(&state->config, state->repo)) != NULL)
		return of_state(state, e);
	/* Whoever pins an environment wants to know what an edit does to the others. */
	free(state->repo->leapfile.environment);
	state->repo->leapfile.environment = NULL;
	return NULL;
}

static void
state_fini(struct state *state)
{
	json_decref(state->chosen);
	config_free(state->config);
	repo_close(state->repo);
}

NODISCARD
static struct err *
state_choose(struct state *state, const struct question *question)
{
	struct node_list	 nodes;
	struct err		*e;

	e = filter_select(&nodes, state->config, question->words, question->word_count, FILTER_DISABLED);
	state->chosen = json_object();
	for (size_t i = 0; e == NULL && i < nodes.count; i++)
		json_object_set_new(state->chosen, nodes.items[i]->name, json_true());
	node_list_fini(&nodes);
	return e;
}

/* The first word is neither a file nor a revision nor a filter: most likely a misspelt revision. */
NODISCARD
static struct err *
no_such_word(const struct repo *here, const char *word, struct err *take_e)
{
	struct repo	*repo = NULL;
	struct err	*e = repo_open_at(&repo, here, REPO_REVISION, word), *named;

	repo_close(repo);
	if (e == NULL)
		return take_e;
	named = err_new(ERR_USAGE, "\"%s\" is neither a file, a revision nor a filter", word);
	if (err_hint_text(take_e) != NULL && strstr(err_hint_text(take_e), "did you mean") != NULL)
		named = err_hint(named, "%s", err_hint_text(take_e));
	else if (err_hint_text(e) != NULL)
		named = err_hint(named, "%s", err_hint_text(e));
	err_free(e);
	err_free(take_e);
	return named;
}

/* What the words choose in one state may be missing in the other. */
NODISCARD
static struct err *
choose(struct work *work, const struct question *question)
{
	const char	*first = question->word_count > 0 ? question->words[0] : NULL;
	struct err	*e, *also;

	if (first == NULL)
		return NULL;
	e = state_choose(&work->after, question);
	also = state_choose(&work->before, question);
	if (e != NULL && also != NULL) {
		err_free(also);
		if (question->maybe_revision && !filter_knows(work->after.config, first) &&
		    !filter_knows(work->before.config, first))
			e = no_such_word(work->context->repo, first, e);
		return e;
	}
	err_free(e);
	err_free(also);
	return NULL;
}

static bool
is_chosen(const struct work *work, const struct node *before, const struct node *after)
{
	if (work->after.chosen == NULL)
		return true;
	return (before != NULL && json_object_get(work->before.chosen, before->name) != NULL) ||
	    (after != NULL && json_object_get(work->after.chosen, after->name) != NULL);
}

/* What is to be deployed must be good as a whole. */
NODISCARD
static struct err *
check_after(const struct work *work)
{
	struct node	**all, **some;
	size_t		  count = config_nodes(work->after.config, &all), kept = 0;
	struct err	 *e;

	some = xcalloc(count + 1, sizeof(struct node *));
	for (size_t i = 0; i < count; i++) {
		if (all[i]->enabled && is_chosen(work, config_node(work->before.config, all[i]->name), all[i]))
			some[kept++] = all[i];
	}
	e = of_state(&work->after, config_check(work->after.config, some, kept));
	free(some);
	return e;
}

/* Run a node's recipes; *good is false when they fail, which is kept for the end. */
static void
compile(struct work *work, const struct state *state, struct node *node, struct manifest *out, bool *good)
{
	struct err *e = recipe_run(out, node);

	*good = e == NULL;
	work->failed = prepare_join(work->failed, of_state(state, e), &work->seen);
}

static struct node_change *
add_change(struct work *work, enum fate fate, const struct node *node)
{
	struct comparison	*out = work->out;
	struct node_change	*change;

	out->items = xrealloc(out->items, out->count + 1, sizeof(*out->items));
	change = &out->items[out->count++];
	*change = (struct node_change){ .fate = fate, .name = xstrdup(node->name) };
	return change;
}

/* A node in both states, or (`before` is NULL) one that becomes leap's to manage. */
NODISCARD
static struct err *
compare_manifests(struct work *work, enum fate fate, struct node *before, struct node *after)
{
	struct manifest		 from = { 0 }, to = { 0 };
	bool			 had = before == NULL, has = false;
	char			 from_hash[SHA256_HEX_SIZE] = "", to_hash[SHA256_HEX_SIZE] = "";
	struct node_change	*change;
	struct err		*e = NULL;

	if (before != NULL)
		compile(work, &work->before, before, &from, &had);
	compile(work, &work->after, after, &to, &has);
	if (had && before != NULL)
		manifest_hash(&from, from_hash);
	if (has)
		manifest_hash(&to, to_hash);
	work->out->failed += !had || !has;
	if (had && has && strcmp(from_hash, to_hash) != 0) {
		change = add_change(work, fate, after);
		if (before != NULL && strcmp(before->name, after->name) != 0)
			change->was = xstrdup(before->name);
		memcpy(change->before, from_hash, sizeof(from_hash));
		memcpy(change->after, to_hash, sizeof(to_hash));
		change->resources = json_array_size(json_object_get(to.root, "resources"));
		e = changes_between(work->changes, &change->events, before == NULL ? NULL : &from, &to);
	}
	if (had && before != NULL)
		manifest_fini(&from);
	if (has)
		manifest_fini(&to);
	return e;
}

/* A node that is enabled before and not after. */
static void
compare_gone(struct work *work, enum fate fate, struct node *before)
{
	struct manifest		 from;
	struct node_change	*change;
	bool			 good;

	compile(work, &work->before, before, &from, &good);
	work->out->failed += !good;
	change = add_change(work, fate, before);
	if (!good)
		return;
	manifest_hash(&from, change->before);
	manifest_fini(&from);
}

/* The node's address, borrowed; NULL when it has none. */
static const char *
address_of(struct node *node)
{
	const char *text = NULL;

	err_free(node_text(node, "ip_address", &text));
	return text;
}

/*
 * Nodes that one state has and the other has not, by their addresses: a machine keeps its address when its node gets
 * another name.
 */
static json_t *
strangers(struct config *config, const struct config *other)
{
	json_t		 *addresses = json_object();
	struct node	**all;
	size_t		  count = config_nodes(config, &all);

	for (size_t i = 0; i < count; i++) {
		if (all[i]->enabled && config_node(other, all[i]->name) == NULL && address_of(all[i]) != NULL)
			json_object_set_new(addresses, address_of(all[i]), json_string(all[i]->name));
	}
	return addresses;
}

/* The node of the other state that was or will be this one by another name; NULL when there is none. */
static struct node *
renamed(json_t *addresses, const struct config *other, struct node *node)
{
	const char	*address = address_of(node), *name;

	name = address == NULL ? NULL : json_string_value(json_object_get(addresses, address));
	return name == NULL ? NULL : config_node(other, name);
}

NODISCARD
static struct err *
compare_after(struct work *work, json_t *gone, struct node *after)
{
	struct node	*before = config_node(work->before.config, after->name);
	enum fate	 fate = FATE_CHANGED;

	if (before == NULL) {
		before = renamed(gone, work->before.config, after);
		fate = before == NULL ? FATE_NEW : FATE_CHANGED;
	} else if (!before->enabled) {
		fate = FATE_ENABLED;
	}
	if (!is_chosen(work, before, after))
		return NULL;
	work->out->nodes++;
	return compare_manifests(work, fate, fate == FATE_ENABLED ? NULL : before, after);
}

static void
compare_before(struct work *work, json_t *new, struct node *before)
{
	struct node	*after = config_node(work->after.config, before->name);

	if ((after != NULL && after->enabled) || !is_chosen(work, before, after))
		return;
	if (after == NULL && renamed(new, work->after.config, before) != NULL)
		return;
	work->out->nodes++;
	compare_gone(work, after == NULL ? FATE_GONE : FATE_DISABLED, before);
}

static int
by_name(const void *a, const void *b)
{
	const struct node_change	*first = a, *second = b;

	return strcmp(first->name, second->name);
}

NODISCARD
static struct err *
compare_nodes(struct work *work)
{
	json_t		 *gone = strangers(work->before.config, work->after.config);
	json_t		 *new = strangers(work->after.config, work->before.config);
	struct node	**all;
	size_t		  count = config_nodes(work->after.config, &all);
	struct err	 *e = NULL;

	for (size_t i = 0; e == NULL && i < count; i++) {
		if (all[i]->enabled)
			e = compare_after(work, gone, all[i]);
	}
	count = config_nodes(work->before.config, &all);
	for (size_t i = 0; e == NULL && i < count; i++) {
		if (all[i]->enabled)
			compare_before(work, new, all[i]);
	}
	if (work->out->count > 1)
		qsort(work->out->items, work->out->count, sizeof(*work->out->items), by_name);
	json_decref(gone);
	json_decref(new);
	return e;
}

/* Whether what a node's certificate says is other than it was. */
static bool
other_names(struct node *before, struct node *after)
{
	static const char *const	 properties[] = { "domain", "dns", "ip_address" };
	json_t				*was, *is;

	for (size_t i = 0; i < ARRAY_LEN(properties); i++) {
		was = is = NULL;
		err_free(node_get(before, properties[i], &was));
		err_free(node_get(after, properties[i], &is));
		if (was != is && (was == NULL || is == NULL || !json_equal(was, is)))
			return true;
	}
	return false;
}

/* A deploy makes certificates before all else; what becomes of them is not in the manifests yet. */
static void
say_certificates(const struct work *work)
{
	struct node		**all, *before;
	size_t			 count = config_nodes(work->after.config, &all);
	struct node_list	 one = { .count = 1 };

	for (size_t i = 0; i < count; i++) {
		before = config_node(work->before.config, all[i]->name);
		if (!all[i]->enabled || !is_chosen(work, before, all[i]) || before == NULL || !other_names(before, all[i]))
			continue;
		one.items = &all[i];
		/* It fails where there is none yet: its node is new, or all of it is. */
		err_free(certs_look(work->context->repo, work->after.config, &one, say_note));
	}
}

NODISCARD
static struct err *
compare_all(struct work *work, const struct question *question)
{
	struct err	*e;

	if ((e = state_open(&work->before, work->context->repo, &question->before)) != NULL ||
	    (e = state_open(&work->after, work->context->repo, &question->after)) != NULL ||
	    (e = choose(work, question)) != NULL)
		return e;
	if ((question->after.kind == MOMENT_DISK || question->after.git != REPO_REVISION) &&
	    (e = check_after(work)) != NULL)
		return e;
	if ((e = compare_nodes(work)) == NULL && question->after.kind == MOMENT_DISK)
		say_certificates(work);
	return e;
}

struct err *
compare_states(struct comparison *out, struct context *context, const struct question *question, struct err **failed)
{
	struct work	 work = { .context = context, .changes = changes_new(), .out = out };
	struct err	*e;

	*out = (struct comparison){
		.before = moment_title(&question->before), .after = moment_title(&question->after),
	};
	e = compare_all(&work, question);
	*failed = work.failed;
	state_fini(&work.before);
	state_fini(&work.after);
	changes_free(work.changes);
	strs_fini(&work.seen);
	return e;
}

void
comparison_fini(struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->count; i++) {
		free(comparison->items[i].name);
		free(comparison->items[i].was);
		json_decref(comparison->items[i].events);
	}
	free(comparison->items);
	free(comparison->before);
	free(comparison->after);
}

struct err *
compare_command(struct context *context, const struct question *question, bool patches)
{
	struct comparison	 comparison;
	struct err		*e, *failed;

	e = compare_states(&comparison, context, question, &failed);
	if (e == NULL && context->json)
		compare_print_json(&comparison, patches);
	else if (e == NULL)
		compare_print(&comparison, patches);
	comparison_fini(&comparison);
	return err_join(e, failed);
}
