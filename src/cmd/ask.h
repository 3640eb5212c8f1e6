/* cmd: what the commands share that ask nodes about themselves, with nothing of the configuration. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include "cmd/fleet.h"

/* fleet_init() without recipes and certificates; only the first `words` arguments choose nodes. */
NODISCARD
struct err	*ask_init(struct fleet *fleet, struct context *context, size_t words);

/* As ask_init() for a command that is about one node, its first argument. */
NODISCARD
struct err	*ask_init_one(struct fleet *fleet, struct context *context);

/* Do it on all of them. */
NODISCARD
struct err	*ask(struct fleet *fleet, struct fleet_push what);

/* A member of what a node said, or "?". */
const char	*ask_text_of(const json_t *object, const char *key);

/* Print [{"node", "result", and the members of what it said}, ...]. */
void		 ask_print_json(const struct fleet *fleet);

#endif
