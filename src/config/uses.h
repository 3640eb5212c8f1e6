/* config: where secrets go. */
/* May know lua, vault, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CONFIG_USES_H
#define CONFIG_USES_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct config;
struct err;
struct secret_kind;

/*
 * Evaluate all nodes, and follow each secret from the macros that ask for it to those that read what came of it:
 *
 *   { "ENV/NAME": { "web1": ["app.password", ...] } }
 *
 * with the properties of nodes that are enabled.  Call it before anything is evaluated.  A macro that fails may hide
 * uses: *errors is what they failed with, joined, the caller's.  A new reference.
 */
json_t		*config_secret_uses(struct config *config, struct err **errors);

/* What macros ask for the secret as, once config_secret_uses() has seen them; false: none does. */
bool		 config_secret_kind(const struct config *config, const char *env, const char *name,
		    struct secret_kind *out);

#endif
