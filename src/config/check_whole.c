/* config: what only a view of the whole instance can see. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/strs.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

/* Nothing is done on such a node but what is done on all. */
static void
check_idle(const struct node *node, struct problems *problems)
{
	struct place place = { .path = node_scope(node)->own->path };

	if (node->enabled && node->services.count == 0 && node->tags.count == 0 && !scope_broken(node_scope(node)))
		problems_add(problems, err_rule(err_warning(err_hint(err_at(ERR_CONFIG, &place,
		    "node %s has no service and no tag", node->name),
		    "give it \"services\", or say \"enabled\": false until it has some")), "idle-node"));
}

/* Whether a file that is broken might put a node there. */
static bool
perhaps_used(const struct config *config, const char *environment)
{
	for (size_t i = 0; i < config->source_count; i++) {
		if (config->sources[i]->broken && mentions(buf_text(&config->sources[i]->text), environment))
			return true;
	}
	return false;
}

/* A variant for an environment in which no node is never applies. */
static void
check_variants(const struct config *config, const struct kind *kind, const struct strs *used,
    struct problems *problems)
{
	const char	*near;
	struct err	*e;

	for (size_t i = 0; i < kind->variant_count; i++) {
		const struct variant	*variant = &kind->variants[i];
		struct place		 place = { .path = variant->source->path };

		if (strs_has(used, variant->environment) || perhaps_used(config, variant->environment))
			continue;
		e = err_at(ERR_CONFIG, &place, "no node is in environment \"%s\"", variant->environment);
		if ((near = strs_nearest(used, variant->environment)) != NULL)
			e = err_hint(e, "did you mean \"%s\"?", near);
		problems_add(problems, err_rule(err_warning(e), "unused-variant"));
	}
}

/* Every command without a filter would find nothing. */
static void
check_pinned(const struct config *config, const struct strs *used, struct problems *problems)
{
	const char	*pinned = config->repo->leapfile.environment;
	struct place	 place = { .path = "Leapfile" };

	if (pinned != NULL && config->node_count > 0 && strs_has(&config->environments, pinned) &&
	    !strs_has(used, pinned) && !perhaps_used(config, pinned))
		problems_add(problems, err_rule(err_warning(err_at(ERR_CONFIG, &place,
		    "no node is in environment \"%s\", which is pinned", pinned)), "empty-environment"));
}

static void
check_environments(const struct config *config, struct problems *problems)
{
	struct strs used = { 0 };

	for (size_t i = 0; i < config->node_count; i++) {
		const struct node *node = config->nodes[i];

		if (node->environment != NULL && !strs_has(&used, node->environment))
			strs_add(&used, node->environment);
	}
	strs_sort(&used);
	check_pinned(config, &used, problems);
	check_variants(config, &config->common, &used, problems);
	check_variants(config, &config->provider, &used, problems);
	for (size_t i = 0; i < config->services.count; i++)
		check_variants(config, &config->service_kinds[i], &used, problems);
	for (size_t i = 0; i < config->tags.count; i++)
		check_variants(config, &config->tag_kinds[i], &used, problems);
	for (size_t i = 0; i < config->partials.count; i++)
		check_variants(config, &config->partial_kinds[i], &used, problems);
	strs_fini(&used);
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether an enabled node of the environment (NULL: of none) has the service. */
static bool
someone_has(const struct config *config, const char *environment, const char *service)
{
	for (size_t i = 0; i < config->node_count; i++) {
		const struct node *node = config->nodes[i];

		if (node->enabled && strs_has(&node->services, service) && same_text(node->environment, environment))
			return true;
	}
	return false;
}

/* The services that a service needs (see config_service_needs()), said at the first node of an environment. */
static void
check_needs(struct config *config, const struct node *node, size_t number, json_t *known, struct problems *problems)
{
	const char		*service = node->services.items[number];
	const struct strs	*needs = config_service_needs(config, service);
	struct place		 place;
	struct err		*e;
	char			*path, *key;
	bool			 asked;

	for (size_t i = 0; i < needs->count; i++) {
		const char *need = needs->items[i];

		key = xasprintf("%s %s %s", service, need, node->environment == NULL ? "" : node->environment);
		asked = json_object_get(known, key) != NULL;
		json_object_set_new(known, key, json_true());
		free(key);
		if (asked || someone_has(config, node->environment, need))
			continue;
		path = xasprintf("services.%zu", number + 1);
		if (!scope_place(node_scope(node), path, service, &place))
			place = (struct place){ .path = node_scope(node)->own->path };
		free(path);
		e = err_at(ERR_CONFIG, &place, "service %s needs service %s, which no node %s%s has", service, need,
		    node->environment == NULL ? "without environment" : "in environment ",
		    node->environment == NULL ? "" : node->environment);
		problems_add(problems, err_rule(err_hint(e, "add it to the \"services\" of a node"),
		    "missing-service"));
	}
}

struct err *
config_check_whole(struct config *config, struct node **nodes, size_t count)
{
	struct problems	 problems = { 0 };
	json_t		*known = json_object();

	for (size_t i = 0; i < count; i++) {
		check_idle(nodes[i], &problems);
		for (size_t j = 0; nodes[i]->enabled && j < nodes[i]->services.count; j++)
			check_needs(config, nodes[i], j, known, &problems);
	}
	json_decref(known);
	check_environments(config, &problems);
	check_class_words(config, &problems);
	check_macros(config, &problems);
	check_files(config, &problems);
	return problems_take(&problems);
}
