/* ssh: what the two ways to connect have in common, inside the room. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_TRANSPORT_H
#define SSH_TRANSPORT_H

#include "ssh/ssh.h"

#include <poll.h>

struct transport {
	const char	*name;
	/* Fails with *unsuited when it is worth trying the other transport. */
	struct err	*(*open)(struct ssh *ssh, bool *unsuited);
	void		 (*close)(struct ssh *ssh);
	struct err	*(*exec)(struct ssh *ssh, const char *command);
	struct err	*(*exchange)(struct ssh *ssh, struct buf *out, bool want_read, struct buf *in,
			    struct buf *errors, bool *eof);
	struct err	*(*send_eof)(struct ssh *ssh);
	struct err	*(*wait)(struct ssh *ssh, int *status);
};

extern const struct transport transport_libssh2, transport_openssh;

struct ssh {
	const struct transport	*transport;
	struct ssh_target	 target;	/* its strings are this struct's own */
	struct ssh_stats	 stats;
	unsigned		 stops;		/* how many ssh_stop()s this connection outlives */
	double			 deadline;	/* clock_now() at which every call fails; 0 is never */
	void			*state;		/* the transport's own */
};

#define SSH_ERRORS_MAX	(64u << 10)	/* bytes of standard error that are kept */

/*
 * poll(2) for at most `seconds`; fds[count] must exist, it is for the wake-up.  Fails when the connection
 * was stopped or its deadline is over.  *waited, if not NULL, says how long it took.
 */
NODISCARD
struct err	*ssh_poll(const struct ssh *ssh, struct pollfd *fds, size_t count, double seconds, double *waited);

/* Append what stderr said, up to SSH_ERRORS_MAX bytes in all. */
void		 ssh_keep_errors(struct ssh *ssh, struct buf *errors, const char *data, size_t len);

/* A copy of the target with strings of its own, and the end of that. */
void		 ssh_target_copy(struct ssh_target *out, const struct ssh_target *target);
void		 ssh_target_fini(struct ssh_target *target);

/* How many hosts are on the way to the target. */
unsigned	 ssh_jumps(const struct ssh_target *target);

/* The server at ssh->target proved to have `key` ("type base64"; NULL: it is not known which), not the pinned one. */
NODISCARD
struct err	*ssh_not_pinned(const struct ssh *ssh, const char *key);

/* The key exchange failed: `take_e`, unless the server turns out to have another key than the pinned one. */
NODISCARD
struct err	*ssh_other_key(const struct ssh *ssh, struct err *take_e);

/* Connect by TCP, without waiting for what the server says. */
NODISCARD
struct err	*tcp_connect(int *fd, const struct ssh *ssh);

#endif
