/* node: running the node's own programs. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_TOOL_H
#define NODE_TOOL_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define TOOL_SECONDS	120	/* for programs that are done at once when all is well */
#define SCRIPT_SECONDS	600	/* for what a recipe runs */
#define PACKAGE_SECONDS	3600	/* a slow mirror, a large package */

/* Give this process, and so its children, an environment without anything from outside. */
void		 tool_environment(void);

/*
 * Run `argv`, NULL at its end, with `input` (may be NULL) on standard input.  An exit status other than 0 is an error that
 * quotes the end of what the program said.  *output (may be NULL) gets what it said, also then.
 */
NODISCARD
struct err	*tool_run(const char *const *argv, const struct buf *input, unsigned seconds, struct buf *output);

/* Whether a shell command succeeds.  What it says is appended to *output (may be NULL). */
NODISCARD
struct err	*tool_test(const char *command, unsigned seconds, bool *ok, struct buf *output);

/* The last `lines` lines of a text, at most 2 KiB, without newline at the end; the caller's, free(). */
char		*text_tail(const char *text, unsigned lines);

#endif
