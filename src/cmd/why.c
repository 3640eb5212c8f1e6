/* cmd: leap why. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/why.h"

#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "config/config.h"
#include "config/filter.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH		3u
#define DEPTH_MOST	100u
#define BLAMED_MOST	16u		/* files */
#define NAMES_SHOWN	10u
#define PROVIDER	"provider"

static const struct opt why_opts[] = {
	{ 0, "--depth", "N", "follow what macros read N steps far instead of 3" },
	{ 0 },
};

const struct blame_line *
why_commit(const struct why *why, const struct explain_place *place)
{
	for (size_t i = 0; i < why->place_count; i++) {
		if (why->places[i] == place)
			return &why->lines[i];
	}
	return NULL;
}

/* Places in files, those of the instance and those of the platform. */
struct places {
	const struct explain_place **items;
	size_t			     count, files;
};

/* Of a macro that read half the instance, not every file's history is looked at. */
static void
add_place(struct places *places, const struct explain_place *place)
{
	bool known = false;

	if (place->text == NULL)
		return;
	for (size_t i = 0; !known && i < places->count; i++)
		known = places->items[i]->text == place->text;
	if (!known && ++places->files > BLAMED_MOST)
		return;
	places->items = xrealloc(places->items, places->count + 1, sizeof(*places->items));
	places->items[places->count++] = place;
}

static void
add_places(struct places *places, const struct explain_fact *fact)
{
	for (size_t i = 0; i < fact->fact_count; i++) {
		add_place(places, &fact->facts[i].place);
		add_places(places, &fact->facts[i]);
	}
}

/* Ask git about those of the instance, or of the platform. */
static void
blame(const char *root, struct blame_line *lines, const struct places *places, bool instance)
{
	struct blame		*history = blame_open(root);
	struct blame_line	*asked = xcalloc(places->count + 1, sizeof(*asked));
	size_t			 count = 0, at = 0;

	for (size_t i = 0; i < places->count; i++) {
		const struct explain_place *place = places->items[i];

		if (place->instance == instance)
			asked[count++] = (struct blame_line){ .path = place->file, .text = place->text,
			    .number = place->line };
	}
	blame_lines(history, asked, count);
	for (size_t i = 0; i < places->count; i++) {
		if (places->items[i]->instance == instance)
			lines[i] = asked[at++];
	}
	free(asked);
	blame_close(history);
}

/* Who wrote what the layers say, and what that was made of. */
static void
look_up_commits(struct why *why, const struct repo *repo)
{
	struct places places = { 0 };

	for (size_t i = 0; i < why->explain->layer_count; i++)
		add_place(&places, &why->explain->layers[i].place);
	add_places(&places, &why->explain->fact);
	why->lines = xcalloc(places.count + 1, sizeof(*why->lines));
	blame(repo->root, why->lines, &places, true);
	blame(repo->platform, why->lines, &places, false);
	why->places = places.items;
	why->place_count = places.count;
}

NODISCARD
static struct err *
not_one(const char *word, const struct node_list *nodes)
{
	struct buf	 names = { 0 };
	struct err	*e;

	for (size_t i = 0; i < nodes->count && i < NAMES_SHOWN; i++)
		buf_addf(&names, "%s%s", i > 0 ? ", " : "", nodes->items[i]->name);
	e = err_hint(err_new(ERR_USAGE, "\"%s\" is %zu nodes: %s%s", word, nodes->count, buf_text(&names),
	    nodes->count > NAMES_SHOWN ? ", ..." : ""), "say which one: \"leap why %s\"", nodes->items[0]->name);
	buf_fini(&names);
	return e;
}

/* The provider is a word of its own, "provider.ENV" the one of an environment, as its files are called. */
static bool
choose_provider(struct why *why, struct context *context, const char *word)
{
	const char *environment = str_starts(word, PROVIDER ".") ? word + strlen(PROVIDER ".") : NULL;

	if (config_node(context->config, word) != NULL || (strcmp(word, PROVIDER) != 0 &&
	    (environment == NULL || !strs_has(config_environments(context->config), environment))))
		return false;
	why->owner = word;
	why->scope = explain_provider(context->config, environment);
	return true;
}

NODISCARD
static struct err *
choose(struct why *why, struct context *context)
{
	char			*const *word = context->args;
	struct node_list	 nodes = { 0 };
	struct err		*e;

	if (choose_provider(why, context, *word))
		return NULL;
	if ((e = filter_select(&nodes, context->config, word, 1, FILTER_DISABLED)) == NULL && nodes.count != 1)
		e = not_one(*word, &nodes);
	if (e == NULL) {
		why->owner = nodes.items[0]->name;
		why->scope = explain_node(nodes.items[0]);
	}
	node_list_fini(&nodes);
	return e;
}

/* What is below an object, or a list with more in it than plain values. */
NODISCARD
static struct err *
explain_below(struct why *why, const char *property)
{
	struct err *e;

	if ((e = explain_leaves(&why->leaves, why->scope, property)) != NULL)
		return e;
	if (why->leaves.count == 1 && strcmp(why->leaves.items[0], property) == 0)
		strs_fini(&why->leaves);
	why->rows = xcalloc(why->leaves.count + 1, sizeof(*why->rows));
	for (size_t i = 0; e == NULL && i < why->leaves.count; i++)
		e = explain_property(&why->rows[i], why->scope, why->leaves.items[i], 0);
	return e;
}

NODISCARD
static struct err *
explain_all(struct why *why, const struct context *context)
{
	const char	*property = context->arg_count > 1 ? context->args[1] : "";
	struct err	*e;

	if (*property != '\0') {
		if ((e = explain_property(&why->explain, why->scope, property, why->depth)) != NULL)
			return e;
		if (why->explain->fact.error != NULL || why->explain->fact.macro != NULL)
			return NULL;
	}
	return explain_below(why, property);
}

/* What cannot be evaluated is said after all that can be told about it. */
NODISCARD
static struct err *
take_errors(struct why *why)
{
	struct strs	 seen = { 0 };
	struct err	*e = NULL, *one;
	struct buf	 text = { 0 };

	if (why->explain != NULL) {
		e = why->explain->fact.error;
		why->explain->fact.error = NULL;
	}
	for (size_t i = 0; i < why->leaves.count; i++) {
		if ((one = why->rows[i]->fact.error) == NULL)
			continue;
		why->rows[i]->fact.error = NULL;
		buf_clear(&text);
		err_format(one, &text);
		if (strs_has(&seen, buf_text(&text))) {
			err_free(one);
		} else {
			strs_add(&seen, buf_text(&text));
			e = err_join(e, one);
		}
	}
	strs_fini(&seen);
	buf_fini(&text);
	return e;
}

static void
why_fini(struct why *why)
{
	for (size_t i = 0; i < why->place_count; i++)
		blame_line_fini(&why->lines[i]);
	for (size_t i = 0; why->rows != NULL && i < why->leaves.count; i++)
		explain_free(why->rows[i]);
	free(why->lines);
	free(why->places);
	free(why->rows);
	strs_fini(&why->leaves);
	explain_free(why->explain);
}

NODISCARD
static struct err *
why_run(struct context *context)
{
	struct why	 why = { .depth = DEPTH };
	struct err	*e;

	explain_start(context->config);
	if ((e = fleet_number(context, "--depth", 0, DEPTH_MOST, &why.depth)) != NULL ||
	    (e = choose(&why, context)) != NULL ||
	    (e = explain_all(&why, context)) != NULL)
		goto out;
	if (why.explain != NULL)
		look_up_commits(&why, context->repo);
	if (context->json)
		why_print_json(&why);
	else
		why_print(&why);
	e = take_errors(&why);
out:
	why_fini(&why);
	return e;
}

const struct cmd cmd_why = {
	.name = "why",
	.args = "NODE [PROPERTY]",
	.summary = "show where a value comes from",
	.details = "All layers that set the property, which of them won and why, and who wrote their lines last; of a macro\n"
	    "what it read, and what that was made of.  Without PROPERTY all values of the node with their places.\n"
	    "\"provider\" instead of NODE explains the provider, \"provider.ENV\" the one of an environment.",
	.opts = why_opts,
	.needs = CMD_CONFIG | CMD_READ_ONLY,
	.min_args = 1,
	.max_args = 2,
	.run = why_run,
};
