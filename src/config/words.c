/* config: names by which a filter could mean two things. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/strs.h"

#include <string.h>

bool
environment_name_good(const char *name)
{
	return class_name_good(name) && strcmp(name, NO_ENVIRONMENT) != 0;
}

/* The environment's nodes, or those that are in none. */
static bool
names_environment(const struct config *config, const char *name)
{
	return strs_has(&config->environments, name) || strcmp(name, NO_ENVIRONMENT) == 0;
}

const char *
config_class(const struct config *config, const char *name)
{
	if (config_service(config, name) != NULL)
		return "service";
	if (names_environment(config, name))
		return "environment";
	return config_tag(config, name) != NULL ? "tag" : NULL;
}

void
check_node_words(struct config *config)
{
	const char	*class;
	struct place	 place;
	struct err	*e;

	for (size_t i = 0; i < config->node_count; i++) {
		const struct node *node = config->nodes[i];

		if ((class = config_class(config, node->name)) == NULL)
			continue;
		place = (struct place){ .path = node_scope(node)->own->path };
		e = err_at(ERR_CONFIG, &place, "\"%s\" is the name of %s %s, too: filters take it for this node", node->name,
		    *class == 'e' ? "an" : "a", class);
		problems_add(&config->errors, err_rule(err_hint(e, "rename it: \"leap node mv %s %s1\"", node->name,
		    node->name), "two-meanings"));
	}
}

/* Whether all nodes with the tag are in the environment of its name. */
static bool
is_environments_own(const struct kind *tag)
{
	const struct source	*source = tag_environment(tag);
	const char		*environment = source == NULL ? NULL :
	    json_string_value(json_object_get(source->root, "environment"));

	return environment != NULL && strcmp(environment, tag->name) == 0;
}

static void
two_meanings(const struct kind *kind, const char *what, const char *taken, struct problems *problems)
{
	const struct source	*source = kind->instance != NULL ? kind->instance : kind->platform;
	struct place		 place = { .path = source->path };

	problems_add(problems, err_rule(err_warning(err_hint(err_at(ERR_CONFIG, &place,
	    "\"%s\" is %s: filters take it for the %s", kind->name, what, taken), "rename one of them")), "two-meanings"));
}

void
check_class_words(const struct config *config, struct problems *problems)
{
	const char	*name;
	bool		 service;

	for (size_t i = 0; i < config->services.count; i++) {
		if (names_environment(config, config->services.items[i]))
			two_meanings(&config->service_kinds[i], "a service and an environment", "service", problems);
	}
	for (size_t i = 0; i < config->tags.count; i++) {
		name = config->tags.items[i];
		service = config_service(config, name) != NULL;
		if (!names_environment(config, name)) {
			if (service)
				two_meanings(&config->tag_kinds[i], "a service and a tag", "service", problems);
		} else if (!service && !is_environments_own(&config->tag_kinds[i]))
			two_meanings(&config->tag_kinds[i], "an environment, and a tag of nodes that need not be in it",
			    "environment", problems);
	}
}
