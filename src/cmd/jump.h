/* cmd: the hosts through which a node is reached. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_JUMP_H
#define CMD_JUMP_H

#include "base/mem.h"

struct context;
struct fleet_target;
struct node;

/*
 * Fill out->ssh.jump (and what owns it) from the node's property ssh.proxy_jump: the name of another node, or
 * [user@]address[:port].  A node that names itself, or nothing, is reached directly.  Fails with ERR_CONFIG for what is
 * neither, for a circle, and with ERR_TRUST where a jump host's key is not pinned.
 */
NODISCARD
struct err	*jump_find(struct fleet_target *out, const struct context *context, struct node *node);

/* Through how many nodes it is reached, as far as that can be followed. */
unsigned	 jump_count(const struct context *context, struct node *node);

#endif
