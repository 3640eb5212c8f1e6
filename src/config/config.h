/* config: layers of JSON become the configuration of every node. */
/* May know lua, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/err.h"
#include "base/strs.h"

#include <jansson.h>
#include <stdbool.h>

struct buf;
struct config;
struct repo;
struct sandbox;

/* A node after merging; its macros are evaluated when asked for. */
struct node {
	const char	*name;
	const char	*environment;	/* NULL: none */
	struct strs	 services;	/* in the order in which they apply */
	struct strs	 tags;
	bool		 enabled;
	struct config	*config;
	void		*state;		/* config's own */
};

/*
 * Read and merge everything in the instance and the platform.  All errors are
 * collected, with places.  *out is the caller's, config_free(); repo must outlive it.
 */
NODISCARD
struct err	*config_load(struct config **out, const struct repo *repo);
void		 config_free(struct config *config);

/* All nodes, sorted by name, disabled ones too; borrowed. */
size_t		 config_nodes(const struct config *config, struct node ***out);
struct node	*config_node(const struct config *config, const char *name);	/* or NULL */
const struct strs *config_services(const struct config *config);	/* all that are known */
const struct strs *config_tags(const struct config *config);
const struct strs *config_environments(const struct config *config);
const struct repo *config_repo(const struct config *config);
struct sandbox	*config_sandbox(const struct config *config);

/* What looks like a mistake but may be meant: joined errors, borrowed; NULL when there are none. */
const struct err *config_warnings(const struct config *config);

/*
 * The evaluated value of property "a.b.c" ("" is all), borrowed from the node; NULL for JSON null.
 * A property that does not exist is an error with a suggestion, a macro that fails one with its place.
 */
NODISCARD
struct err	*node_get(struct node *node, const char *property, json_t **out);

/* As node_get(), for what may be missing: *out is NULL then; a number or bool where text is wanted is an error with its place. */
NODISCARD
struct err	*node_text(struct node *node, const char *property, const char **out);
NODISCARD
struct err	*node_number(struct node *node, const char *property, long fallback, long *out);

/* The provider's properties in an environment (NULL: none), evaluated, borrowed. */
NODISCARD
struct err	*config_provider(struct config *config, const char *environment, json_t **out);

/* The merged but unevaluated JSON of a node, service or tag ("common" and "provider" too), borrowed, for `leap inspect`. */
NODISCARD
struct err	*config_inspect(struct config *config, const char *name, json_t **out);

/* Where the last layer sets this property of this node.  place->path and text are borrowed. */
bool		 node_place(struct node *node, const char *property, struct place *place);

/*
 * Evaluate everything of these nodes and check what needs no network: macros, REQUIRED,
 * addresses used twice, all errors at once.
 */
NODISCARD
struct err	*config_check(struct config *config, struct node **nodes, size_t count);

/*
 * A value from node_get() as it may be shown, a new reference: what depends on a secret without having it word for
 * word is "[secret]", however short.  mask_apply() does the rest.
 */
json_t		*node_shown(const struct node *node, json_t *value);

/* The node's evaluated configuration as YAML 1.1, keys sorted, secrets masked. */
NODISCARD
struct err	*node_yaml(struct node *node, struct buf *out);

/* Check a node's name against [a-z0-9][a-z0-9-]* (63 bytes at most). */
NODISCARD
struct err	*node_name_check(const char *name);

/* Parse the JSON dialect (comments, no duplicate keys).  Errors have places in `path`.  *out is a new reference. */
NODISCARD
struct err	*json_parse_text(json_t **out, const char *path, const char *text, size_t len);

/* The place of the value at `property` in a text that json_parse_text() accepts. */
bool		 json_locate(const char *path, const char *text, size_t len, const char *property,
		    struct place *place);

#endif
