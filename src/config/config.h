/* config: layers of JSON become the configuration of every node. */
/* May know lua, pki, vault, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/err.h"
#include "base/strs.h"

#include <jansson.h>
#include <stdbool.h>

#define NO_ENVIRONMENT	"default"	/* the word for nodes without one */

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

/*
 * The same for `leap check`, which wants to know more: there is a config whatever is wrong, and *errors is all of it,
 * joined, the caller's.  A file that is broken counts as empty; node_broken() says which nodes have such a file.
 */
struct config	*config_load_all(const struct repo *repo, struct err **errors);
bool		 node_broken(const struct node *node);
bool		 node_wrong(const struct node *node);	/* config_check() has found some of its values wrong */

/* Whether a file in macros/ that failed mentions the name, so that it would perhaps be known. */
bool		 config_lost(const struct config *config, const char *name);

/* The err_rule() of what is wrong only because of a file that is broken, or may be. */
#define RULE_CONSEQUENCE	"consequence"

/* All nodes, sorted by name, disabled ones too; borrowed. */
size_t		 config_nodes(const struct config *config, struct node ***out);
struct node	*config_node(const struct config *config, const char *name);	/* or NULL */

/* What filters would take the name for if it were no node's: "service", "environment" or "tag"; NULL: nothing. */
const char	*config_class(const struct config *config, const char *name);
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

/* As node_get(), for what may be missing: *out is NULL then too; a number or bool where text is wanted is an error with its place. */
NODISCARD
struct err	*node_find(struct node *node, const char *property, json_t **out);
NODISCARD
struct err	*node_text(struct node *node, const char *property, const char **out);
NODISCARD
struct err	*node_number(struct node *node, const char *property, long fallback, long *out);

/* Add the names by which ssh knows the node: its own, those of its domains, its address; no other node has them. */
NODISCARD
struct err	*node_host_names(struct node *node, struct strs *out);

/* The provider's properties in an environment (NULL: none), evaluated, borrowed. */
NODISCARD
struct err	*config_provider(struct config *config, const char *environment, json_t **out);

/* What its schemas say of them, in all environments; also where there is no node yet. */
NODISCARD
struct err	*config_check_provider(struct config *config);

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
 * What is wrong or odd in the instance as a whole (misnamed files, variants that never apply), and with what these
 * nodes are listed in: joined, most of it warnings.
 */
NODISCARD
struct err	*config_check_whole(struct config *config, struct node **nodes, size_t count);

/*
 * A value from node_get() as it may be shown, a new reference: what depends on a secret without having it word for
 * word is "[secret]", however short.  mask_apply() does the rest.
 */
json_t		*node_shown(const struct node *node, json_t *value);

/*
 * The node's evaluated configuration as YAML 1.1, keys sorted, secrets masked.  Of nodes that config_check() was asked
 * about several threads may do this at once, as long as nothing else happens to the configuration.
 */
NODISCARD
struct err	*node_yaml(struct node *node, struct buf *out);

/*
 * The SSH keys of the sysadmins, users/NAME/NAME_ssh.pub: an object, name → list of "TYPE BASE64", a new reference.
 * When there is no key at all, nobody could log in: that is an error too.
 */
NODISCARD
struct err	*config_sysadmins(const struct repo *repo, json_t **out);

/*
 * Write what pick_node() picked into state.json, so that the next run picks the same; what is there for nodes and
 * properties that are gone goes.  Call when the nodes in question are evaluated and in order.  Writes nothing when nothing
 * is new, or repo->read_only.
 */
NODISCARD
struct err	*config_remember(struct config *config);

/*
 * What the schema of a service says: the services that it needs ("x-leap-needs"), borrowed; and how many of `count` nodes
 * with it may be down at once ("x-leap-max-down"): at least one, all of several only where it says "100%", and 0 when it
 * does not say.  Schemas that are wrong are config_check()'s.
 */
const struct strs *config_service_needs(struct config *config, const char *service);
size_t		 config_service_max_down(struct config *config, const char *service, size_t count);

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
