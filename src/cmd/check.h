/* cmd: what leap check looks at beyond the configuration. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include "base/mem.h"

struct context;
struct findings;
struct node_list;
struct repo;

/*
 * Who may log in where: the sysadmins' keys, the host keys and ssh properties of these nodes; and whether secrets are
 * kept from others, on this machine and in git.
 */
void	 check_trust(struct findings *findings, struct context *context, const struct node_list *nodes);

/*
 * Whether git's index has a private key, or the value of a secret, in clear.  The vault is opened for that where it can
 * be without a question.  Fails when there is no git.
 */
NODISCARD
struct err	*check_index(struct findings *findings, struct repo *repo);

#endif
