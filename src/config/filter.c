/* config: choosing nodes by name, service, tag and environment. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/filter.h"

#include "base/strs.h"
#include "config/state.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

#define NO_ENVIRONMENT	"default"	/* the word for nodes without one */

enum word_type { WORD_NODE, WORD_SERVICE, WORD_ENVIRONMENT, WORD_TAG };

struct word {
	enum word_type	 type;
	const char	*name;		/* without "+" */
	struct node	*node;
	bool		 plus;
};

struct selection {
	struct config	*config;
	bool		*in;		/* for each node of the config, */
	bool		*named;		/* and whether a word is its name */
	bool		 began;		/* a word other than an environment was there */
	struct strs	 environments;	/* that restrict; when `restricted` */
	bool		 restricted;
	bool		 pinned;	/* restricted by the Leapfile alone */
	unsigned	 flags;
};

/* The node that a full domain name is of: by what is before the first dot, else by its domain.full. */
NODISCARD
static struct err *
find_full_name(struct config *config, const char *word, struct node **out)
{
	const char	*dot = strchr(word, '.'), *full;
	struct err	*e;
	char		*name;

	*out = NULL;
	if (dot == NULL)
		return NULL;
	name = xstrndup(word, (size_t)(dot - word));
	*out = config_node(config, name);
	free(name);
	for (size_t i = 0; *out == NULL && i < config->node_count; i++) {
		if ((e = node_text(config->nodes[i], "domain.full", &full)) != NULL)
			err_free(e);	/* whatever is wrong with that node, it is not the one that was named */
		else if (full != NULL && strcmp(full, word) == 0)
			*out = config->nodes[i];
	}
	return NULL;
}

NODISCARD
static struct err *
unknown_word(const struct config *config, const char *name)
{
	const struct strs	*lists[] = { &config->services, &config->tags, &config->environments };
	struct strs		 names = { 0 };
	struct err		*e = err_new(ERR_USAGE, "no node, service, tag or environment \"%s\"", name);
	const char		*near;

	for (size_t i = 0; i < config->node_count; i++)
		strs_add(&names, config->nodes[i]->name);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (size_t j = 0; j < lists[i]->count; j++)
			strs_add(&names, lists[i]->items[j]);
	}
	if ((near = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	else
		e = err_hint(e, "\"leap list\" shows what there is");
	strs_fini(&names);
	return e;
}

NODISCARD
static struct err *
word_parse(struct word *word, struct config *config, const char *text)
{
	struct err *e;

	*word = (struct word){ .name = text, .plus = *text == '+' };
	word->name += word->plus;
	if ((word->node = config_node(config, word->name)) != NULL)
		word->type = WORD_NODE;
	else if (strs_has(&config->services, word->name))
		word->type = WORD_SERVICE;
	else if (strs_has(&config->environments, word->name) || strcmp(word->name, NO_ENVIRONMENT) == 0)
		word->type = WORD_ENVIRONMENT;
	else if (strs_has(&config->tags, word->name))
		word->type = WORD_TAG;
	else {
		if ((e = find_full_name(config, word->name, &word->node)) != NULL)
			return e;
		if (word->node == NULL)
			return unknown_word(config, word->name);
	}
	return NULL;
}

static bool
word_selects(const struct word *word, const struct node *node)
{
	switch (word->type) {
	case WORD_NODE:
		return node == word->node;
	case WORD_SERVICE:
		return strs_has(&node->services, word->name);
	case WORD_TAG:
		return strs_has(&node->tags, word->name);
	case WORD_ENVIRONMENT:
		break;
	}
	return strcmp(node->environment == NULL ? NO_ENVIRONMENT : node->environment, word->name) == 0;
}

NODISCARD
static struct err *
check_enabled(const struct selection *selection, const struct word *word)
{
	if (word->node == NULL || word->node->enabled || (selection->flags & FILTER_DISABLED) != 0)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "node %s is disabled", word->node->name), "\"leap node enable %s\" enables it",
	    word->node->name);
}

/* An environment: those without "+" unite, one with it must be among them. */
static void
restrict_to(struct selection *selection, const struct word *word)
{
	bool had = strs_has(&selection->environments, word->name);

	if (word->plus && selection->restricted) {
		strs_fini(&selection->environments);
		if (had)
			strs_add(&selection->environments, word->name);
	} else if (!had)
		strs_add(&selection->environments, word->name);
	selection->restricted = true;
}

static void
apply(struct selection *selection, const struct word *word)
{
	struct config	*config = selection->config;
	bool		 unite = !word->plus || !selection->began;

	for (size_t i = 0; i < config->node_count; i++) {
		if (unite)
			selection->in[i] = selection->in[i] || word_selects(word, config->nodes[i]);
		else
			selection->in[i] = selection->in[i] && word_selects(word, config->nodes[i]);
		if (word->node == config->nodes[i])
			selection->named[i] = true;
	}
	selection->began = true;
}

/* Environments are looked at before all others, wherever they stand. */
NODISCARD
static struct err *
apply_words(struct selection *selection, char *const *words, size_t count)
{
	struct word	 word;
	struct err	*e;

	for (int environments = 1; environments >= 0; environments--) {
		for (size_t i = 0; i < count; i++) {
			if ((e = word_parse(&word, selection->config, words[i])) != NULL ||
			    (e = check_enabled(selection, &word)) != NULL)
				return e;
			if ((word.type == WORD_ENVIRONMENT) != environments)
				continue;
			if (environments)
				restrict_to(selection, &word);
			else
				apply(selection, &word);
		}
	}
	return NULL;
}

/* The pinned environment holds unless the words say one; a node that is named is meant wherever it is. */
static void
apply_pin(struct selection *selection)
{
	struct word word = { .type = WORD_ENVIRONMENT, .name = selection->config->repo->leapfile.environment };

	if (word.name == NULL || selection->restricted)
		return;
	restrict_to(selection, &word);
	selection->pinned = true;
}

static bool
selected(const struct selection *selection, size_t i)
{
	const struct node *node = selection->config->nodes[i];

	if (!node->enabled && (selection->flags & FILTER_DISABLED) == 0)
		return false;
	if (selection->began && !selection->in[i])
		return false;
	if (selection->pinned && selection->named[i])
		return true;
	return !selection->restricted || strs_has(&selection->environments,
	    node->environment == NULL ? NO_ENVIRONMENT : node->environment);
}

NODISCARD
static struct err *
nothing_selected(const struct selection *selection, char *const *words, size_t count)
{
	struct buf	 text = { 0 };
	struct err	*e;

	for (size_t i = 0; i < count; i++)
		buf_addf(&text, "%s%s", i > 0 ? " " : "", words[i]);
	if (selection->config->node_count == 0)
		e = err_hint(err_new(ERR_USAGE, "there are no nodes yet"), "\"leap node add NAME\" adds one");
	else if (count == 0)
		e = err_new(ERR_USAGE, "there are no nodes that are enabled%s%s",
		    selection->restricted ? " in environment " : "",
		    selection->restricted ? selection->config->repo->leapfile.environment : "");
	else
		e = err_hint(err_new(ERR_USAGE, "no node is selected by \"%s\"", buf_text(&text)),
		    "words unite, \"+word\" keeps what is in both, an environment restricts all");
	buf_fini(&text);
	return e;
}

struct err *
filter_select(struct node_list *out, struct config *config, char *const *words, size_t count, unsigned flags)
{
	struct selection	 selection = { .config = config, .flags = flags };
	struct err		*e;

	*out = (struct node_list){ 0 };
	selection.in = xcalloc(config->node_count + 1, sizeof(*selection.in));
	selection.named = xcalloc(config->node_count + 1, sizeof(*selection.named));
	if ((e = apply_words(&selection, words, count)) != NULL)
		goto out;
	apply_pin(&selection);
	out->items = xcalloc(config->node_count + 1, sizeof(struct node *));
	for (size_t i = 0; i < config->node_count; i++) {
		if (selected(&selection, i))
			out->items[out->count++] = config->nodes[i];
	}
	if (out->count == 0) {
		e = nothing_selected(&selection, words, count);
		node_list_fini(out);
	}
out:
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
