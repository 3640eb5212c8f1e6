/* ssh: connections to nodes. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_SSH_H
#define SSH_SSH_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct ssh;
struct strs;

struct ssh_target {
	const char	*name;		/* the node's, for messages */
	const char	*address;	/* IPv4 or IPv6 */
	unsigned	 port;
	const char	*user;
	const char	*host_key;	/* pinned: "ssh-ed25519 AAAA…"; a line for each, any of them will do */
	const char	*key;		/* a private key's file, or NULL: the agent's, then ~/.ssh/id_{ed25519,ecdsa,rsa} */
	const char	*transport;	/* "auto", "libssh2" or "ssh" */
	unsigned	 timeout;	/* seconds to connect, to log in, and between two answers */
	const char	*pin_file;	/* where host_key is pinned, for messages; NULL: at the node's place */
	const struct ssh_target *jump;	/* the host through which it is reached; NULL: directly */
};

/* Once before any thread that uses the room, and once after all. */
NODISCARD
struct err	*ssh_setup(void);
void		 ssh_fini(void);

/* Last in each thread that used the room: give back what the libraries keep for it. */
void		 ssh_thread_end(void);

/* Make every call of the room, in any thread, return soon with an error; ssh_stopped() tells it from others.
 * Safe in a signal handler. */
void		 ssh_stop(void);
bool		 ssh_stopped(void);

/*
 * Let this one connection be used for `seconds` more although ssh_stop() was called, to say
 * goodbye; another ssh_stop() ends that too.
 */
void		 ssh_linger(struct ssh *ssh, double seconds);

/* From now on every call on the connection fails when `seconds` are over; 0 is no limit. */
void		 ssh_deadline(struct ssh *ssh, double seconds);
bool		 ssh_late(const struct ssh *ssh);	/* whether they are over */

/*
 * Connect and log in.  The host key must be the pinned one: ERR_TRUST says what
 * came instead.  No key accepted is ERR_TRUST too; not reached, refused, silent is ERR_FAILED.
 * Through the system's `ssh` each command is a connection of its own, so that ssh_exec() and
 * ssh_exchange() fail in these ways then.
 * *out is the caller's, ssh_close().  One thread at a time may use it.
 */
NODISCARD
struct err	*ssh_open(struct ssh **out, const struct ssh_target *target);
void		 ssh_close(struct ssh *ssh);

/* Start a command on a new channel; one at a time.  A user other than root runs it through `sudo -n`. */
NODISCARD
struct err	*ssh_exec(struct ssh *ssh, const char *command);

/*
 * Write `out` (bytes written are dropped from it) and read at the same time, until something was
 * read, or all is written and `want_read` is false.  Standard output goes to `in`, standard error to `errors`
 * (at most 64 KiB are kept).  *eof says that the command has ended and all was read.
 */
NODISCARD
struct err	*ssh_exchange(struct ssh *ssh, struct buf *out, bool want_read, struct buf *in, struct buf *errors,
		    bool *eof);

/*
 * Whether a command that failed with these words on standard error did so because the user, not being root, does not become
 * root by `sudo -n`: an error that begins with the node's name and says why, or NULL.
 */
struct err	*ssh_not_root(const struct ssh_target *target, const char *errors);

/* Tell the command that no more input comes. */
NODISCARD
struct err	*ssh_send_eof(struct ssh *ssh);

/* Close the channel; *status is the command's exit status, 128 + a signal's number, or -1 when unknown. */
NODISCARD
struct err	*ssh_wait(struct ssh *ssh, int *status);

/*
 * Run a command to its end with `input` as its standard input; more than SSH_RUN_MAX bytes on standard output, or on
 * standard error, fail.
 */
#define SSH_RUN_MAX	(16u << 20)
NODISCARD
struct err	*ssh_run(struct ssh *ssh, const char *command, const void *input, size_t input_len, struct buf *output,
		    struct buf *errors, int *status);

/*
 * "Option=value" of ssh_config(5) that make the system's `ssh` trust the pinned keys of `target` and nothing else; but
 * where `ca` is one ("ssh-ed25519 AAAA…") and not NULL, also the host certificates that it signed for target->name.
 */
void		 ssh_pinned(struct strs *options, const struct ssh_target *target, const char *ca);

/*
 * The arguments that make the system's `ssh` program connect to `target`, trusting nothing but the
 * pinned keys and writing no file; a command may follow them.  `interactive` is for a person at a terminal.
 */
void		 ssh_arguments(struct strs *argv, const struct ssh_target *target, bool interactive);

/*
 * Where the target has a jump host, "ProxyCommand=COMMAND" of ssh_config(5), which leads through it and trusts nothing
 * but its pinned key.
 */
void		 ssh_jump_option(struct strs *options, const struct ssh_target *target);

/* Append the paths of the files ~/.ssh/id_* that exist. */
void		 ssh_key_files(struct strs *paths);

/* What this connection cost so far. */
struct ssh_stats {
	double	 connect, key_exchange, auth;	/* seconds */
	size_t	 sent, received, errors;	/* bytes of standard input, output and error, kept or not */
};
void		 ssh_stats(const struct ssh *ssh, struct ssh_stats *stats);

#endif
