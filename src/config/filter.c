/* config: choosing nodes: the words of a filter, from left to right. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/filter.h"

#include "base/strs.h"
#include "config/filter_word.h"
#include "config/state.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

struct selection {
	struct config	*config;
	unsigned	 flags;
	struct word	*words;
	size_t		 count;
	bool		*in;		/* for each node of the config, */
	bool		*named;		/* and whether a word adds or keeps it by its name */
	bool		 began;		/* a word other than an environment was there */
	struct strs	 environments;	/* that restrict; when `restricted` */
	bool		 restricted;
	const char	*pin;		/* the pinned environment, as long as it holds; */
	bool		 free;		/* a node that is named is chosen whatever that is */
	bool		 pin_counts;	/* without it, there might be more */
};

NODISCARD
static struct err *
check_enabled(const struct selection *selection, const struct word *word)
{
	if (word->node == NULL || word->node->enabled || word->sign == SIGN_DROP ||
	    (selection->flags & FILTER_DISABLED) != 0)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "node %s is disabled", word->node->name), "\"leap node enable %s\" enables it",
	    word->node->name);
}

NODISCARD
static struct err *
parse_words(struct selection *selection, char *const *words, size_t count)
{
	struct err *e = NULL;

	for (size_t i = 0; e == NULL && i < count; i++) {
		struct word *word = &selection->words[selection->count++];

		if ((e = word_parse(word, selection->config, words[i])) == NULL)
			e = check_enabled(selection, word);
		if (e == NULL && word->node != NULL && word->sign != SIGN_DROP)
			selection->named[config_index(selection->config, word->node)] = true;
	}
	return e;
}

/* What there is before the first environment is left out: the pinned one, or all. */
static void
begin_environments(struct selection *selection)
{
	const struct strs *all = &selection->config->environments;

	if (selection->pin != NULL) {
		strs_add(&selection->environments, selection->pin);
		return;
	}
	strs_add(&selection->environments, NO_ENVIRONMENT);
	for (size_t i = 0; i < all->count; i++)
		strs_add(&selection->environments, all->items[i]);
}

static void
restrict_by(struct selection *selection, const struct word *word)
{
	struct strs	*environments = &selection->environments;
	bool		 keep = word->sign == SIGN_KEEP && selection->restricted;

	if (word->sign == SIGN_DROP && !selection->restricted)
		begin_environments(selection);
	else if (word->sign != SIGN_DROP && !keep)
		selection->pin = NULL;
	for (size_t i = environments->count; i > 0; i--) {
		bool same = strcmp(environments->items[i - 1], word->text) == 0;

		if ((keep && !same) || (word->sign == SIGN_DROP && same))
			strs_remove(environments, i - 1);
	}
	if (word->sign != SIGN_DROP && !keep)
		strs_add(environments, word->text);
	selection->restricted = true;
}

static void
apply_environments(struct selection *selection)
{
	selection->pin = repo_environment(selection->config->repo);
	for (size_t i = 0; i < selection->count; i++) {
		if (selection->words[i].type == WORD_ENVIRONMENT)
			restrict_by(selection, &selection->words[i]);
	}
	if (selection->restricted || selection->pin == NULL)
		return;
	strs_add(&selection->environments, selection->pin);
	selection->restricted = selection->free = true;
}

/* Whether the node can be chosen at all, as far as pins and environments go. */
static bool
reachable(const struct selection *selection, size_t i)
{
	return !selection->restricted || (selection->free && selection->named[i]) ||
	    strs_has(&selection->environments, filter_environment(selection->config->nodes[i]));
}

static bool
wanted(const struct selection *selection, size_t i)
{
	return selection->config->nodes[i]->enabled || (selection->flags & FILTER_DISABLED) != 0;
}

/* Whether the word decides about this node: properties of nodes that are out of the question are not evaluated. */
static bool
decides(struct selection *selection, const struct word *word, size_t i)
{
	if (selection->in[i] != (word->sign != SIGN_ADD))
		return false;
	if (word->type != WORD_PROPERTY)
		return true;
	if (!wanted(selection, i))
		return false;
	if (reachable(selection, i))
		return true;
	selection->pin_counts = true;
	return false;
}

/* The first word adds, or leaves out of all. */
static void
begin(struct selection *selection, struct word *word)
{
	if (word->sign == SIGN_KEEP)
		word->sign = SIGN_ADD;
	for (size_t i = 0; i < selection->config->node_count; i++)
		selection->in[i] = word->sign == SIGN_DROP;
	selection->began = true;
}

NODISCARD
static struct err *
apply(struct selection *selection, struct word *word)
{
	struct config	*config = selection->config;
	struct err	*e = NULL;
	bool		 matches = false;

	if (!selection->began)
		begin(selection, word);
	for (size_t i = 0; e == NULL && i < config->node_count; i++) {
		if (!decides(selection, word, i))
			continue;
		if ((e = word_matches(word, config->nodes[i], &matches)) == NULL)
			selection->in[i] = matches == (word->sign != SIGN_DROP);
	}
	return e != NULL ? e : word_check(word, config);
}

NODISCARD
static struct err *
nothing_selected(const struct selection *selection, char *const *words)
{
	struct buf	 text = { 0 };
	struct err	*e;

	for (size_t i = 0; i < selection->count; i++)
		buf_addf(&text, "%s%s", i > 0 ? " " : "", words[i]);
	if (selection->config->node_count == 0)
		e = err_hint(err_new(ERR_USAGE, "there are no nodes yet"), "\"leap node add NAME\" adds one");
	else if (selection->count == 0)
		e = err_new(ERR_USAGE, "there are no nodes that are enabled%s%s",
		    selection->pin != NULL ? " in environment " : "", selection->pin != NULL ? selection->pin : "");
	else
		e = err_new(ERR_USAGE, "no node is selected by \"%s\"", buf_text(&text));
	if (selection->pin != NULL && selection->pin_counts)
		e = err_hint(e, "environment %s is pinned: \"leap env ls\" shows by whom", selection->pin);
	else if (selection->count > 0 && selection->config->node_count > 0)
		e = err_hint(e, "words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict");
	buf_fini(&text);
	return e;
}

static void
collect(struct node_list *out, struct selection *selection)
{
	struct config *config = selection->config;

	out->items = xcalloc(config->node_count + 1, sizeof(struct node *));
	for (size_t i = 0; i < config->node_count; i++) {
		if (!wanted(selection, i) || (selection->began && !selection->in[i]))
			continue;
		if (reachable(selection, i))
			out->items[out->count++] = config->nodes[i];
		else
			selection->pin_counts = true;
	}
	if (selection->pin_counts)
		out->pinned = selection->pin;
}

struct err *
filter_select(struct node_list *out, struct config *config, char *const *words, size_t count, unsigned flags)
{
	struct selection	 selection = { .config = config, .flags = flags };
	struct err		*e;

	*out = (struct node_list){ 0 };
	selection.words = xcalloc(count + 1, sizeof(*selection.words));
	selection.in = xcalloc(config->node_count + 1, sizeof(*selection.in));
	selection.named = xcalloc(config->node_count + 1, sizeof(*selection.named));
	if ((e = parse_words(&selection, words, count)) != NULL)
		goto out;
	apply_environments(&selection);
	for (size_t i = 0; e == NULL && i < selection.count; i++) {
		if (selection.words[i].type != WORD_ENVIRONMENT)
			e = apply(&selection, &selection.words[i]);
	}
	if (e != NULL)
		goto out;
	collect(out, &selection);
	if (out->count == 0) {
		e = nothing_selected(&selection, words);
		node_list_fini(out);
	}
out:
	for (size_t i = 0; i < selection.count; i++)
		word_fini(&selection.words[i]);
	free(selection.words);
	free(selection.in);
	free(selection.named);
	strs_fini(&selection.environments);
	return e;
}

void
node_list_fini(struct node_list *list)
{
	free(list->items);
	*list = (struct node_list){ 0 };
}
