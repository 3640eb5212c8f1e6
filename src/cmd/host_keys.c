/* cmd: SSH host keys: those that are revoked. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/host_keys.h"

#include "base/buf.h"
#include "base/err.h"
#include "repo/repo.h"

#include <string.h>

struct err *
host_key_revoke(const struct repo *repo, const char *key, const char *node)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	if (repo_has(repo, SSH_REVOKED_PATH))
		e = repo_read(repo, SSH_REVOKED_PATH, &text);
	if (e == NULL && strstr(buf_text(&text), key) == NULL) {
		buf_addf(&text, "%s %s\n", key, node);
		e = repo_write(repo, SSH_REVOKED_PATH, text.data, text.len, 0644, NULL);
	}
	buf_fini(&text);
	return e;
}
