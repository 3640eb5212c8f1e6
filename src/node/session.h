/* node: one conversation with leap. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_SESSION_H
#define NODE_SESSION_H

/*
 * Speak frames over the descriptors `in` and `out`: say HELLO, do what one REQUEST asks, end with
 * RESULT.  Takes over the process: environment, umask, signals, standard streams.  Returns the exit
 * status, 0 when leap was given a RESULT.
 */
int	 node_session(int in, int out);

/* The other program: wait for a deploy to be confirmed, or take it back.  Returns the exit status. */
int	 node_guard(void);

#endif
