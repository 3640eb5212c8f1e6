/* test/unit: a small instance and platform in a directory that goes away. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_UNIT_INSTANCE_H
#define TEST_UNIT_INSTANCE_H

#include "base/file.h"
#include "config/config.h"
#include "repo/repo.h"
#include "test.h"
#include "vaulted.h"

#include <stdlib.h>

struct instance {
	char		 dir[64];
	struct repo	 repo;
	struct config	*config;
};

/* Two empty directories. */
static inline void
instance_init(struct instance *instance)
{
	const char *parent = getenv("TMPDIR");

	*instance = (struct instance){ 0 };
	snprintf(instance->dir, sizeof(instance->dir), "%s/leap-test-XXXXXX", parent != NULL ? parent : "/tmp");
	if (mkdtemp(instance->dir) == NULL)
		abort();
	instance->repo.root = path_join(instance->dir, "instance");
	instance->repo.platform = path_join(instance->dir, "platform");
	CHECK_OK(dir_make(instance->repo.root, 0755));
	CHECK_OK(dir_make(instance->repo.platform, 0755));
	vaulted_setup(&instance->repo, instance->dir);
}

/* Write a file; "platform/..." is the platform's. */
static inline void
put(struct instance *instance, const char *path, const char *text)
{
	char *full = path_join(strncmp(path, "platform/", 9) == 0 ? instance->dir : instance->repo.root, path);

	CHECK_OK(dir_make_parent(full, 0755));
	CHECK_OK(file_write(full, text, strlen(text), 0644));
	free(full);
}

NODISCARD
static inline struct err *
instance_load(struct instance *instance)
{
	config_free(instance->config);
	instance->config = NULL;
	return config_load(&instance->config, &instance->repo);
}

static inline void
instance_fini(struct instance *instance)
{
	config_free(instance->config);
	vault_fini(&instance->repo);
	CHECK_OK(dir_remove(instance->dir));
	free(instance->repo.root);
	free(instance->repo.platform);
}

static inline struct node *
node_of(struct instance *instance, const char *name)
{
	struct node *node = config_node(instance->config, name);

	if (node == NULL)
		abort();
	return node;
}

/* The value as compact JSON; valid until the next call. */
static inline const char *
value_of(struct instance *instance, const char *name, const char *property)
{
	static char	 text[4096];
	json_t		*value = NULL;
	char		*dump;
	struct err	*e = node_get(node_of(instance, name), property, &value);

	if (e != NULL) {
		struct buf shown = { 0 };

		err_format(e, &shown);
		snprintf(text, sizeof(text), "%s", buf_text(&shown));
		buf_fini(&shown);
		err_free(e);
		return text;
	}
	if (value == NULL)
		return "null";
	dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	snprintf(text, sizeof(text), "%s", dump);
	free(dump);
	return text;
}

#endif
