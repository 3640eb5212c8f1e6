/* config: the schemas of an instance and its platform, read when somebody asks. */
/* May know schema, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_SCHEMAS_H
#define CONFIG_SCHEMAS_H

#include "config/state.h"

struct schema;
struct schema_set;

struct schema_file {
	char			*path;		/* as errors show it; its URI is "leap:/PATH" */
	struct buf		 text;
	json_t			*root;		/* NULL when it is broken */
	const struct schema	*schema;	/* NULL when something is wrong with it */
};

/* Those of one thing; either may be NULL, and both apply. */
struct schema_pair {
	const struct schema_file *platform, *instance;
};

struct known_schemas {
	struct schema_set	*set;
	struct schema_file	*files;
	size_t			 file_count;
	struct schema_pair	 common, node, provider;
	struct schema_pair	*services, *tags;	/* in the order of their names */
	struct strs		*needs;			/* of each service */
	size_t			 service_count;
	json_t			*names;			/* → true: of all properties that they speak of */
	struct problems		 problems;		/* with the schemas themselves */
};

/* Read and compiled once. */
const struct known_schemas *config_schemas(struct config *config);
const struct schema_pair *schemas_of_service(struct config *config, const char *service);
const struct schema_pair *schemas_of_tag(struct config *config, const char *tag);

/* Whether another schema refers to the file that is at this path of the instance. */
bool		 schemas_refer(const struct known_schemas *known, const char *path);

/* Whether a schema knows the property, or says that in the object that it is in names are anybody's choice. */
bool		 schemas_allow(struct config *config, const char *path);

/* Whether any schema speaks of a property that is called as the last part of the path. */
bool		 schemas_mention(struct config *config, const char *path);
void		 schemas_free(struct known_schemas *known);

#endif
