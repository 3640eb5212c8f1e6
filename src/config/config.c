/* config: what a loaded configuration tells. */
/* May know lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/schemas.h"

#include "base/strs.h"
#include "config/trace.h"
#include "lua/sandbox.h"

#include <stdlib.h>
#include <string.h>

static void
kind_fini(struct kind *kind)
{
	free(kind->name);
	for (size_t i = 0; i < kind->variant_count; i++)
		free(kind->variants[i].environment);
	free(kind->variants);
}

static void
kinds_free(struct kind *kinds, size_t count)
{
	for (size_t i = 0; kinds != NULL && i < count; i++)
		kind_fini(&kinds[i]);
	free(kinds);
}

static void
node_free(struct node *node)
{
	scope_free(node->state);
	strs_fini(&node->services);
	strs_fini(&node->tags);
	free((char *)(uintptr_t)node->name);
	free(node);
}

static void
base_free(struct base *base)
{
	free(base->layers.items);
	json_decref(base->root);
	free(base);
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	sandbox_free(config->sandbox);
	for (size_t i = 0; i < config->node_count; i++)
		node_free(config->nodes[i]);
	for (size_t i = 0; i < config->scope_count; i++)
		scope_free(config->scopes[i]);
	for (size_t i = 0; i < config->base_count; i++)
		base_free(config->bases[i]);
	for (size_t i = 0; i < config->source_count; i++)
		source_free(config->sources[i]);
	kind_fini(&config->common);
	kind_fini(&config->provider);
	kinds_free(config->service_kinds, config->services.count);
	kinds_free(config->tag_kinds, config->tags.count);
	kinds_free(config->partial_kinds, config->partials.count);
	strs_fini(&config->partials);
	strs_fini(&config->services);
	strs_fini(&config->tags);
	strs_fini(&config->environments);
	err_free(problems_take(&config->errors));
	err_free(problems_take(&config->warnings));
	schemas_free(config->schemas);
	json_decref(config->base_index);
	json_decref(config->files);
	json_decref(config->sysadmins[0]);
	json_decref(config->sysadmins[1]);
	json_decref(config->known_hosts);
	json_decref(config->remote);
	json_decref(config->secrets);
	json_decref(config->tunnels);
	picks_free(config->picks);
	json_decref(config->wild);
	json_decref(config->macro_files);
	json_decref(config->filtered);
	trace_free(config->trace);
	taints_fini(&config->taints);
	buf_fini(&config->lost);
	free(config->running.items);
	free(config->waiting.items);
	free(config->chain.items);
	free(config->nodes);
	free(config->scopes);
	free(config->bases);
	free(config->sources);
	free(config);
}

size_t
config_nodes(const struct config *config, struct node ***out)
{
	*out = config->nodes;
	return config->node_count;
}

static int
node_compare(const void *name, const void *node)
{
	return strcmp(name, (*(struct node *const *)node)->name);
}

static struct node **
find_node(const struct config *config, const char *name)
{
	return bsearch(name, config->nodes, config->node_count, sizeof(struct node *), node_compare);
}

struct node *
config_node(const struct config *config, const char *name)
{
	struct node **found = find_node(config, name);

	return found == NULL ? NULL : *found;
}

size_t
config_index(const struct config *config, const struct node *node)
{
	return (size_t)(find_node(config, node->name) - config->nodes);
}

static int
kind_compare(const void *name, const void *kind)
{
	return strcmp(name, ((const struct kind *)kind)->name);
}

const struct kind *
config_service(const struct config *config, const char *name)
{
	return bsearch(name, config->service_kinds, config->services.count, sizeof(struct kind), kind_compare);
}

const struct kind *
config_tag(const struct config *config, const char *name)
{
	return bsearch(name, config->tag_kinds, config->tags.count, sizeof(struct kind), kind_compare);
}

const struct strs *
config_services(const struct config *config)
{
	return &config->services;
}

const struct strs *
config_tags(const struct config *config)
{
	return &config->tags;
}

const struct strs *
config_environments(const struct config *config)
{
	return &config->environments;
}

const struct repo *
config_repo(const struct config *config)
{
	return config->repo;
}

struct sandbox *
config_sandbox(const struct config *config)
{
	return config->sandbox;
}

const struct err *
config_warnings(const struct config *config)
{
	return config->warnings.first;
}

struct scope *
config_scope(struct config *config, const char *service, const char *environment)
{
	const struct kind	*kind = service == NULL ? &config->provider : config_service(config, service);
	struct layers		 layers = { 0 };
	struct scope		*scope;
	const struct base	*base;

	for (size_t i = 0; i < config->scope_count; i++) {
		scope = config->scopes[i];
		if (scope->kind == kind && (scope->environment == environment || (scope->environment != NULL &&
		    environment != NULL && strcmp(scope->environment, environment) == 0)))
			return scope;
	}
	kind_layers(kind, environment, &layers);
	base = config_base(config, &layers);
	scope = scope_new(config, NULL, environment, service == NULL ? xstrdup("the provider") :
	    xasprintf("service %s", service), base);
	scope->kind = kind;
	scope->merged = json_incref(base->root);
	config->scopes = xrealloc(config->scopes, config->scope_count + 1, sizeof(struct scope *));
	config->scopes[config->scope_count++] = scope;
	return scope;
}

NODISCARD
static struct err *
no_such(const struct config *config, const char *name)
{
	struct strs	 names = { 0 };
	struct err	*e;
	const char	*near;

	for (size_t i = 0; i < config->node_count; i++)
		strs_add(&names, config->nodes[i]->name);
	for (size_t i = 0; i < config->services.count; i++)
		strs_add(&names, config->services.items[i]);
	for (size_t i = 0; i < config->tags.count; i++)
		strs_add(&names, config->tags.items[i]);
	e = err_new(ERR_USAGE, "no node, service or tag \"%s\"", name);
	if ((near = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	strs_fini(&names);
	return e;
}

struct err *
config_inspect(struct config *config, const char *name, json_t **out)
{
	struct node		*node = config_node(config, name);
	const struct kind	*kind;
	struct layers		 layers = { 0 };

	if (node != NULL) {
		*out = node_scope(node)->merged;
		return NULL;
	}
	kind = strcmp(name, "common") == 0 ? &config->common : strcmp(name, "provider") == 0 ? &config->provider :
	    config_service(config, name);
	if (kind == NULL && (kind = config_tag(config, name)) == NULL)
		return no_such(config, name);
	kind_layers(kind, NULL, &layers);
	*out = config_base(config, &layers)->root;
	return NULL;
}
