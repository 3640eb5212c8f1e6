/* ssh: a way to a server through another one that can reach it. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_JUMP_H
#define SSH_JUMP_H

#include "base/mem.h"

#include <stdbool.h>

struct jump;
struct ssh;

/*
 * Log in to ssh->target.jump, whose host key must be the pinned one too, and have it connect to ssh->target.  *fd is
 * the caller's: a socket that leads there, as TCP would.  Errors begin with the jump host's name.  Fails with *unsuited
 * as session_open() and session_login() do.
 */
NODISCARD
struct err	*jump_open(struct jump **out, int *fd, const struct ssh *ssh, bool *unsuited);

/* After the socket was closed.  NULL is no jump. */
void		 jump_close(struct jump *jump);

#endif
