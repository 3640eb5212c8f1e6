/* ssh: one libssh2 session, inside the room. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_SESSION_H
#define SSH_SESSION_H

#include "ssh/keys.h"
#include "ssh/transport.h"

#include <libssh2.h>

struct jump;

struct session {
	int		 fd;
	struct jump	*jump;		/* what leads from fd to the server; NULL: fd is a TCP connection to it */
	struct buf	 early;		/* what the server said before libssh2 listens to it */
	LIBSSH2_SESSION	*libssh2;
	LIBSSH2_CHANNEL	*channel;
	struct identities keys;
	const char	*step;		/* "did not finish the login in": for session_wait()'s message */
	double		 until;		/* clock_now() at which the step must be done */
	bool		 closing;	/* nothing more is received */
	bool		 dismissed;	/* the server said goodbye: SSH_MSG_DISCONNECT */
	size_t		 budget;	/* bytes that libssh2 may still receive before it has to let us look at the clock */
	/*
	 * libssh2 keeps a packet that the socket took only a part of, and everything but the very same
	 * call fails until that is through: so we remember which call it was.
	 */
	enum { UNFINISHED_NONE, UNFINISHED_WRITE, UNFINISHED_READ } unfinished;
};

/*
 * A connection on which the key exchange is done and the host key is the pinned one; with
 * `pinned` false any key of any type will do.  Fails with *unsuited when libssh2 lacks what the pinned key needs.
 */
NODISCARD
struct err	*session_open(struct session **out, struct ssh *ssh, bool pinned, bool *unsuited);
void		 session_close(struct session *session);

/* Log in.  Fails with *unsuited when there are keys left that only the system's ssh can use. */
NODISCARD
struct err	*session_login(struct ssh *ssh, struct session *session, bool *unsuited);

/* Begin a step that may take target.timeout seconds in all. */
void		 session_step(const struct ssh *ssh, struct session *session, const char *step);

/* Let libssh2 receive the next piece. */
void		 session_refill(struct session *session);

/* After LIBSSH2_ERROR_EAGAIN: wait until the socket is ready for what libssh2 wants. */
NODISCARD
struct err	*session_wait(const struct ssh *ssh, struct session *session);

/* The events of poll(2) that libssh2 waits for. */
short		 session_events(const struct session *session);

/* Whether libssh2 stopped in the middle of sending a packet. */
bool		 session_stuck(const struct session *session);

/* "DOING at ADDRESS port PORT: what libssh2 says", or that the connection was lost. */
NODISCARD
struct err	*session_error(const struct ssh *ssh, const struct session *session, const char *doing);

#endif
