/* config: what the files of this room share. */
/* May know lua, pki, vault, ssh, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_STATE_H
#define CONFIG_STATE_H

#include "base/buf.h"
#include "config/config.h"

#include <lua.h>

struct luaL_Reg;

/* Errors that are collected: each place and message once, in the order they were found. */
struct problems {
	struct err	*first, *last;
	json_t		*seen;
	size_t		 offered;	/* how many came, those that were there already too */
};

void		 problems_add(struct problems *problems, struct err *take_e);
struct err	*problems_take(struct problems *problems);	/* all of them, or NULL; empty again */

/* One file of JSON. */
struct source {
	char		*path;		/* as errors show it */
	struct buf	 text;
	json_t		*root;		/* an object; empty when the file is broken */
	struct err	*error;		/* until source_take() */
	bool		 instance;	/* not the platform's */
	bool		 broken;
	bool		 prefixed;	/* has a "+key", "-key" or "!key" somewhere */
	const struct kind **partials;	/* what its "partials" name, which is not in the root */
	size_t		 partial_count;
};

/* Where the property `path` is set; `text` is its value if that is a string and known, else NULL.  False: not there. */
bool		 source_place(const struct source *source, const char *path, const char *text, struct place *place);

/* The same, or at least the file. */
void		 source_place_or_file(const struct source *source, const char *path, const char *text,
		    struct place *place);

/* Sources in the order in which they apply; borrowed from the config. */
struct layers {
	const struct source	**items;
	size_t			  count;
};

/* The last one that sets it, as source_place(). */
bool		 layers_place(const struct layers *layers, const char *path, const char *text, struct place *place);

/* common, the provider, a service, a tag or a partial: platform → instance → the instance's variant for an environment. */
struct variant {
	char			*environment;
	struct source		*source;
};

struct kind {
	char			*name;			/* that of a partial begins with "_" */
	struct source		*platform, *instance;	/* either may be NULL */
	struct variant		*variants;
	size_t			 variant_count;
};

/* Append its layers; each has its partials right below it, where they are not there already. */
void		 kind_layers(const struct kind *kind, const char *environment, struct layers *layers);

/* What layers merge to; shared by all that have the same ones. */
struct base {
	size_t		 number;	/* from 1 on */
	struct layers	 layers;
	json_t		*root;
};

/* A macro on its way to a value. */
enum item_state { ITEM_IDLE, ITEM_RUNNING, ITEM_WAITING, ITEM_FAILED };

struct item {
	json_t		*marker;	/* stands for it in the tree; NULL when the value is there */
	json_t		*holder;	/* the object or array it is in; borrowed from the tree */
	const char	*key;		/* in an object; borrowed from it */
	size_t		 index;		/* in an array */
	json_t		*text;
	struct err	*error;		/* when it failed */
	enum item_state	 state;
	bool		 late;
};

/* What macros are evaluated in: a node; or the provider or a service in an environment. */
struct scope {
	struct config	*config;
	struct node	*node;		/* NULL for the others */
	const struct kind *kind;	/* NULL for nodes */
	char		*title;		/* "node web1", "the provider" */
	const char	*environment;
	const struct base *base;
	const struct source *own;	/* the node's file, above the base; NULL for the others */
	json_t		*merged;	/* as the layers have it */
	json_t		*root;		/* the same with values for macros; NULL until somebody asks */
	struct item	*items;
	size_t		 item_count;
	unsigned	 new_secrets;	/* how many were made for it */
	bool		 wrong;		/* config_check() found it so */
	bool		 partial;	/* it names a service or tag that there is not */
};

struct frame {
	struct scope	*scope;
	size_t		 index;		/* of the item */
	size_t		 chain;		/* of one that waits: where the way to the next one begins in config->chain */
};

struct frames {
	struct frame	*items;
	size_t		 count, cap;
};

/* A text or number that depends on a secret, and what it would be if the secret were another. */
struct taint {
	json_t	*value, *decoy;
	bool	 hidden;		/* masking alone does not find it */
};

/* By the address of the value. */
struct taints {
	struct taint	*items;
	size_t		 count, cap;
};

struct config {
	const struct repo *repo;
	struct trace	*trace;			/* trace.c: NULL unless reads are remembered */
	struct sandbox	*sandbox;
	struct source	**sources;
	size_t		 source_count;
	struct kind	 common, provider;
	struct kind	*service_kinds, *tag_kinds, *partial_kinds;	/* in the order of the names */
	struct strs	 services, tags, partials, environments;
	size_t		 declared;		/* so many of the environments more than nodes' files speak of, while those are read */
	struct node	**nodes;
	size_t		 node_count;
	struct base	**bases;
	size_t		 base_count;
	json_t		*base_index;		/* key → number */
	struct scope	**scopes;		/* of the provider and of services */
	size_t		 scope_count;
	struct problems	 errors, warnings;

	/* eval.c */
	struct frames	 running;		/* macros inside each other */
	struct frames	 waiting;		/* those that were asked for too deep inside, one because of the other */
	struct frames	 chain;			/* all macros on the way from one to the next */
	struct frame	 wanted;		/* while unwinding: what to evaluate first */
	bool		 unwinding;
	json_t		*wild;			/* texts of macros that found no end */
	json_t		*filtered;		/* the properties that filters were about → whether there is such a one */

	/* taint.c */
	struct taints	 taints;
	bool		 touched;		/* the macro that runs has read a secret */
	bool		 disguised;		/* and now runs again with others in the place of secrets */

	/* macro.c and builtin*.c */
	struct scope	*outside;		/* what a recipe that runs is about */
	json_t		*files;			/* what file() read: path → text */
	json_t		*sysadmins[2];		/* what authorized_keys() gave: without and with repo->stand_ins */
	json_t		*known_hosts;		/* what known_hosts() gave: environment → text */
	json_t		*remote;		/* what remote_file_path() noted: node → path → true */
	json_t		*secrets;		/* the secrets that were asked for: environment/name → their kind, and that in words */
	json_t		*tunnels;		/* environment → node → port → addresses that connect to it */
	struct picks	*picks;			/* what pick_node() picked, now and before; NULL: nobody asked */
	const char	*macro_file;		/* the one in macros/ that is read now and may define globals; or NULL */
	json_t		*macro_files;		/* name of a macro → the file that defines it */
	size_t		 macros_defined;	/* and so many the one that is read now did */
	struct buf	 lost;			/* the texts of those that failed */

	struct known_schemas *schemas;		/* schemas.c: NULL until somebody asks */
};

struct scope	*node_scope(const struct node *node);

/* partial.c: find the partials; `stems` are the names of the files in services/ of the instance, without ".json". */
void		 load_partials(struct config *config, const struct strs *stems);

/* Take "partials" out of the files of a service or a tag, and find what they name. */
void		 use_partials(struct config *config, struct kind *kind);

/* load.c: sort, take out doubles, and complain about names that nobody could write; `what` they are names of. */
void		 tidy_names(struct config *config, struct strs *names, const char *what);

/*
 * load.c: read the files of a kind: `platform` of the platform or, in its place, `whole` of the instance; NAME.json and
 * NAME.ENV.json of the instance's directory `dir`, where they are among the `stems`.
 */
void		 read_kind(struct config *config, struct kind *kind, const char *name, const char *dir,
		    const char *platform, const char *whole, const struct strs *stems);

/* load.c and nodes.c: reading everything. */
void		 load_nodes(struct config *config);

/* Whether filters and file names can say it: the name of a service, tag or environment. */
bool		 class_name_good(const char *name);
bool		 environment_name_good(const char *name);	/* which "default" is not */
void		 add_environment(struct config *config, const char *name);

/* Add what the directory of the instance, or of the platform, has; errors are collected. */
void		 add_names(struct config *config, struct strs *names, bool instance, const char *dir,
		    const char *suffix);

/* An error where the source (or NULL) sets `name`, unless to nothing; `who` is the hint. */
void		 forbid(struct config *config, const struct source *source, const char *name, const char *who);

/* load.c: the base of these layers, merged once for equal ones; takes the layers. */
const struct base *config_base(struct config *config, struct layers *take_layers);

/* The scope of the provider (`service` is NULL) or a service; made once. */
struct scope	*config_scope(struct config *config, const char *service, const char *environment);

/* The number of a node of this config in config->nodes. */
size_t		 config_index(const struct config *config, const struct node *node);
const struct kind *config_service(const struct config *config, const char *name);
const struct kind *config_tag(const struct config *config, const char *name);

/* source.c */
struct source	*source_read(struct config *config, bool instance, const char *path);

/* The same in two steps, of which several threads may do the first (where files are read from disk). */
struct source	*source_new(const struct repo *repo, bool instance, const char *path);
struct source	*source_take(struct config *config, struct source *take_source);
void		 source_free(struct source *source);

/* An error of reading a file, "cannot read PATH: why", with its place. */
NODISCARD
struct err	*read_error(const char *path, struct err *take_e);

/*
 * merge.c: `child` over `parent` (NULL: nothing), a new reference that shares what did not change.  `below`
 * are the layers that made the parent.
 */
struct merge {
	struct config		*config;	/* NULL: nobody asks what looks like a slip */
	struct problems		*errors, *warnings;
	const struct layers	*below;
	const struct source	*source;
	bool			 own;		/* a node's, which nothing comes above */
	struct buf		 path;
};
json_t		*merge_objects(struct merge *merge, json_t *parent, json_t *child);

/* The name that a key of a layer is about: "list" of "+list", "-list", "!list" and "list". */
const char	*key_name(const char *key);

bool		 is_macro(const json_t *value);
bool		 is_required(const json_t *value);	/* "REQUIRED" */
const char	*type_name(const json_t *value);	/* "an object" */

/*
 * names.c: check the names and the port that nodes are reached by (those of all that are `asked`), and that no name
 * leads to two of the enabled ones.  Several may have the same alias.
 */
void		 check_names(struct config *config, const bool *asked, struct problems *problems);

/* check_ports.c: that no port of the node is wanted by two of its services; all of it is evaluated. */
void		 check_ports(const struct node *node, struct problems *problems);

/* check_schemas.c: what schemas say of the evaluated nodes and of their provider, where nothing else is wrong yet. */
void		 check_schemas(struct config *config, struct node **nodes, size_t count, struct problems *problems);

/* words.c: names that a filter could take for two things: those of nodes are errors, others warnings. */
void		 check_node_words(struct config *config);
void		 check_class_words(const struct config *config, struct problems *problems);

/* nodes.c: the file of a tag that says which environment it puts nodes into, if any does; or NULL. */
const struct source *tag_environment(const struct kind *tag);

/* check_macros.c: that what looks like a macro is one, in all files. */
void		 check_macros(struct config *config, struct problems *problems);

/* check_files.c: the instance's files that nothing reads. */
void		 check_files(struct config *config, struct problems *problems);

/* item.c: scopes and their items.  The root has a marker in the place of each macro that has no value yet. */
struct scope	*scope_new(struct config *config, struct node *node, const char *environment, char *take_title,
		    const struct base *base);
void		 scope_free(struct scope *scope);
json_t		*scope_root(struct scope *scope);

/* The item that `value` stands for, or NULL when it is a value. */
struct item	*item_of(const struct scope *scope, const json_t *value);

/* eval.c: the value in the place of `value`, which is in a scope's tree, evaluated if it is a macro.  Borrowed. */
NODISCARD
struct err	*scope_value(struct scope *scope, json_t *value, json_t **out);

/* Compile a macro and do not run it: only an error in its syntax is told, without place. */
NODISCARD
struct err	*macro_compile(struct config *config, const json_t *macro);

/* Whether `value` only stands for a macro that has none: it failed, or nobody asked yet. */
bool		 scope_failed(const struct scope *scope, const json_t *value);

/* Evaluate all macros in the place of `value` and below. */
NODISCARD
struct err	*scope_deep(struct scope *scope, json_t *value, json_t **out);

/* Run the macro of an item that has no value yet, for what it calls: nothing is kept, and it runs again when it is asked for. */
NODISCARD
struct err	*item_probe(struct scope *scope, size_t index);

/* Evaluate everything of the scope; errors go to `problems`. */
void		 scope_all(struct scope *scope, struct problems *problems);

/*
 * The property `path` ("a.b") of the object `from` in the scope's tree, with the macros on the way evaluated.
 * *out is NULL when it is missing.
 */
NODISCARD
struct err	*scope_find(struct scope *scope, json_t *from, const char *path, json_t **out);

/* ERR_CONFIG for a property that is missing in the object `from`, at `prefix` ("" or "a.b"); suggests a path that is. */
NODISCARD
struct err	*scope_missing(struct scope *scope, json_t *from, const char *prefix, const char *path);

bool		 scope_place(const struct scope *scope, const char *path, const char *text, struct place *place);

/* The scope whose macro runs, or that the recipe is about; NULL: none. */
struct scope	*scope_current(const struct config *config);

/* Whether a text that could not be parsed has the name as a word, so that it may be about it. */
bool		 mentions(const char *text, const char *name);

/* Whether a layer is broken or missing, so that what it lacks need be no mistake. */
bool		 scope_broken(const struct scope *scope);

/* Whether it is "REQUIRED", or something in it. */
bool		 has_required(const json_t *value);

/* One error that names all properties of the scope that are "REQUIRED" still, or NULL. */
NODISCARD
struct err	*scope_required(struct scope *scope);

/* cycle.c: the path of an item that has no value yet, the caller's, free(); and where it was set. */
char		*item_path(struct scope *scope, const struct item *item);
void		 item_place(struct scope *scope, const struct item *item, const char *path, struct place *place);

/* ERR_CONFIG: the frames need each other, the last one the first. */
NODISCARD
struct err	*cycle_error(const struct frame *frames, size_t count);

/*
 * taint.c: note what of the value, which a macro that touched a secret gave, is different in `decoy`, which it gave
 * with other secrets (NULL: it failed then), and have it masked.
 */
void		 taint_compare(struct config *config, json_t *value, json_t *decoy);
void		 taints_fini(struct taints *taints);

/* What a macro that reads this value gets; borrowed. */
json_t		*taint_read(struct config *config, json_t *value);

/* The value as node_shown() shows it, a new reference. */
json_t		*taint_shown(const struct config *config, json_t *value);

/* Make another secret of this one: each of `letters` becomes the next of them, others another of their kind. */
void		 taint_disguise(char *text, size_t len, const char *letters);

/* object.c: the values of Lua that stand for scopes. */
void		 object_setup(lua_State *L);

/* Raise what evaluating another property failed with: no pcall() stops that, lest the order mattered. */
_Noreturn void	 macro_raise(lua_State *L, struct config *config, struct err *take_e);

/* The __newindex of all that stands for the configuration. */
int		 macro_refuse_change(lua_State *L);
NODISCARD
struct err	*macro_no_value(const char *what);	/* a macro has given `what`, of nodes */

/* Push the value at `path`, which is in the scope's tree.  Raises. */
void		 macro_push_value(lua_State *L, struct scope *scope, json_t *value, const char *path);
void		 macro_push_object(lua_State *L, struct scope *scope, json_t *object, const char *path);

/* Push a node; the same value each time. */
void		 macro_push_node(lua_State *L, struct node *node);

/* The node that the value at `index` stands for, or NULL. */
struct node	*macro_to_node(lua_State *L, int index);

/* Make the metatable `name` for values that are tables to whoever asks. */
void		 macro_class(lua_State *L, const char *name, const struct luaL_Reg *functions);

/* macro.c: the environment of macros. */
void		 macro_setup(struct config *config);
void		 macro_push_env(lua_State *L, struct scope *scope);

/* Read the files in macros/ of the platform and the instance. */
void		 macro_load(struct config *config, struct problems *problems);

/* builtin_pick.c */
void		 picks_free(struct picks *picks);

/* builtin.c: push what macros call `name` in this scope; false: nothing is called so. */
bool		 builtin_push(lua_State *L, struct scope *scope, const char *name);
bool		 builtin_has(const char *name);
void		 builtin_names(struct strs *names);

/* select_check.c: ERR_CONFIG for a node that there is not. */
NODISCARD
struct err	*no_node(const struct config *config, const char *name);

/*
 * The same as an error of Lua's where the filter at `filter` names a service, tag, environment or node that there is
 * not; a warning where it, or `path`, is about a property that nothing has.
 */
void		 select_check(lua_State *L, struct config *config, int filter);
void		 select_check_property(struct config *config, const char *path);

/* See LIST_EXCLUDED. */
int		 select_check_excluded(lua_State *L);

/* select.c: the values `nodes`, `nodes_like_me` and `nodes_near_me` as this scope sees them. */
void		 select_setup(struct config *config);
void		 select_push_all(lua_State *L, struct scope *scope);
void		 select_push_like_me(lua_State *L, struct scope *scope);
void		 select_push_near_me(lua_State *L, struct scope *scope);

#endif
