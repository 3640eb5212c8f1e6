/* push: the programs that are sent to nodes. */
/* May know ssh, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUSH_PROGRAMS_H
#define PUSH_PROGRAMS_H

#include "base/buf.h"
#include "base/strs.h"
#include "push/push.h"

#include <stddef.h>

/* leap-node for one architecture. */
struct program {
	char		*arch;		/* as `uname -m` says */
	struct buf	 content;
	char		 hash[65];
};

/* All programs there are, read and hashed once a run; nothing in it changes after that, so that sessions share it. */
struct programs {
	const char	*dir;
	struct program	*items;
	size_t		 count;
	struct strs	 hashes;	/* of all items */
};

NODISCARD
struct err	*programs_find(struct programs *out, const char *dir);
void		 programs_fini(struct programs *programs);

/*
 * The command that starts the program a node has, for any of our architectures; where there is
 * none it prints PROGRAM_MISSING and `uname -m`.
 */
#define PROGRAM_MISSING	"LEAP-NODE MISSING "
void		 programs_command(const struct programs *programs, struct buf *command);

/*
 * Put the program for `arch` (NULL: ask the node) on the node: written beside, its content compared there,
 * renamed, older ones removed.  `timeout` is the target's.  *result is left alone unless it is the connection that fails.
 */
NODISCARD
struct err	*program_send(const struct programs *programs, struct ssh *ssh, unsigned timeout,
		    const char *arch, enum push_result *result);

/* What an error of a connection means for a job. */
enum push_result push_result_of_ssh(const struct err *e);

/* Add what a node said on standard error to an error: its last lines, cleaned. */
NODISCARD
struct err	*note_stderr(struct err *take_e, const struct buf *errors);

#endif
