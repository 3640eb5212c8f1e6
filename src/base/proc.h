/* base: running other programs. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;

struct proc {
	const char *const *argv;	/* argv[0] is looked up in PATH; ends in NULL */
	const void	*input;		/* given on standard input; NULL is /dev/null */
	size_t		 input_len;
	struct buf	*output;	/* standard output is appended; NULL lets the child inherit it */
	struct buf	*errors;	/* standard error likewise; may be the same buffer as output */
	size_t		 output_max;	/* bytes kept of each; what exceeds is read and dropped; 0 is 1 MiB */
	unsigned	 timeout;	/* seconds until SIGKILL of its process group; 0 is none */
	bool		 foreground;	/* stays in our process group: the terminal's Ctrl-C reaches it */
	bool		 interactive;	/* its standard input is ours; `input` is NULL then */
};

/*
 * Run and wait.  *status is the exit status, or 128 + the signal's number.
 * Fails when the program cannot be started or runs out of time.
 */
NODISCARD
struct err	*proc_run(const struct proc *proc, int *status);

/*
 * As proc_run() with a list of arguments that ends in NULL; output and errors
 * are collected, and an exit status other than 0 is an error that quotes their end.
 */
NODISCARD __attribute__((sentinel))
struct err	*proc_do(const char *program, ...);

#endif
