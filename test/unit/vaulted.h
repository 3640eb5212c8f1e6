/* test/unit: an instance whose vault this process can open. */
/* May know age, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_UNIT_VAULTED_H
#define TEST_UNIT_VAULTED_H

#include "age/age.h"
#include "base/file.h"
#include "repo/repo.h"
#include "test.h"
#include "vault/vault.h"

#include <stdlib.h>

static inline void
vaulted_put(const char *dir, const char *path, const char *text, mode_t mode)
{
	char *full = path_join(dir, path);

	CHECK_OK(dir_make_parent(full, 0700));
	CHECK_OK(file_write(full, text, strlen(text), mode));
	free(full);
}

/* A new key of age, its private half in `dir`/config and the public one that of the sysadmin "me".  vault_fini(). */
static inline void
vaulted_setup(struct repo *repo, const char *dir)
{
	struct buf	 secret = { .secret = true }, public = { 0 };
	char		*config = path_join(dir, "config");

	setenv("XDG_CONFIG_HOME", config, 1);
	setenv("HOME", dir, 1);
	CHECK_OK(age_generate(&secret, &public));
	vaulted_put(config, "leap/identity", buf_text(&secret), 0600);
	vaulted_put(repo->root, "users/me/me.age", buf_text(&public), 0644);
	vault_setup(repo, NULL, NULL);
	buf_fini(&secret);
	buf_fini(&public);
	free(config);
}

#endif
