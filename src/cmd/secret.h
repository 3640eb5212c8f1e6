/* cmd: what the commands about secrets share. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SECRET_H
#define CMD_SECRET_H

#include "cmd/cmd.h"
#include "vault/vault.h"

#include <jansson.h>

/* A secret that a user named.  secret_ref_fini(). */
struct secret_ref {
	char	*env, *name;
	char	*path;		/* "secrets/ENV/NAME" */
};

/*
 * From "ENV/NAME", or NAME in --environment, the pinned environment or "default".  Fails with ERR_USAGE, and what might
 * be meant, when there is no such secret; with `new` it need not be there, but the environment must be one.
 */
NODISCARD
struct err	*secret_ref_init(struct secret_ref *out, struct context *context, const char *word, bool new);
void		 secret_ref_fini(struct secret_ref *ref);

/* Add "ENV/NAME" of all secrets, or those of `env`, sorted; what cannot be one by its name is left to vault_audit(). */
NODISCARD
struct err	*secret_list(const struct repo *repo, const char *env, struct strs *out);

/* The environment that --environment names; NULL: none does. */
const char	*secret_environment(const struct context *context);

/*
 * Where secrets go, as config_secret_uses() gives it; evaluates all nodes with stand-ins for secrets, so that nothing
 * is opened or made.  What cannot be known because the configuration is wrong is said to the user.  A new reference.
 */
json_t		*secret_uses(struct context *context);

/* The kind that --form and --length name; false: --form was not given.  `likely` says the rest. */
NODISCARD
struct err	*secret_wish(bool *given, struct secret_kind *out, const struct context *context,
		    const struct secret_kind *likely);

/* Fails with ERR_USAGE when macros ask for the secret as something else; ask after secret_uses(). */
NODISCARD
struct err	*secret_check_kind(const struct context *context, const struct secret_ref *ref,
		    const struct secret_kind *kind);

/*
 * What a person has to do for another private key in the place of `path`, as a line of a shell; the caller's.  Those of CAs
 * and requests take steps that others take part in; another of a service is another address, record or peer to them.
 */
char		*secret_anew(const struct repo *repo, const char *path);

/* Store a value that a person gave, if it is text and more than a newline. */
NODISCARD
struct err	*secret_give(const struct repo *repo, const struct secret_ref *ref, const struct buf *value);

#endif
