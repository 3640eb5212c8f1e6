/* cmd: leap check: private keys and secrets in what git has, or is about to have. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/check.h"

#include "base/mask.h"
#include "cmd/cmd.h"
#include "cmd/findings.h"
#include "repo/git.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>

static void
add(struct findings *findings, const char *rule, const char *path, const char *text, char *take_hint)
{
	struct place place = { .path = path };

	findings_add(findings, err_rule(err_hint(err_at(ERR_CONFIG, &place, "%s", text), "%s", take_hint), rule));
	free(take_hint);
}

struct err *
check_index(struct findings *findings, struct repo *repo)
{
	struct strs	 keys = { 0 }, values = { 0 };
	struct err	*e = git_tracked_keys(&keys, repo->root);

	if (e == NULL && vault_reveal(repo) > 0)
		e = git_tracked_matching(&values, repo->root, mask_has);
	for (size_t i = 0; i < keys.count; i++)
		add(findings, "tracked-key", keys.items[i], "a private key that is in git: whoever has a clone has it",
		    xasprintf("take it out with \"git rm --cached %s\", and make a new one", keys.items[i]));
	for (size_t i = 0; i < values.count; i++)
		add(findings, "tracked-secret", values.items[i], "the value of a secret is in it in clear",
		    xstrdup("take it out; if it was ever pushed, \"leap secret rotate\" replaces it"));
	strs_fini(&keys);
	strs_fini(&values);
	return e;
}
