/* ssh: a way to a server through another one: a channel of the other's session, and a thread that moves bytes. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/jump.h"

#include "base/err.h"
#include "ssh/session.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEP		(64u << 10)
#define STACK_SIZE	(256u << 10)
/*
 * All nodes behind a jump host are reached at once, but its sshd drops logins at random when more than ten are not
 * finished (MaxStartups).
 */
#define LOGINS_MAX	8
#define LOGIN_PAUSE	0.02	/* seconds */

static atomic_uint	logins;

struct jump {
	struct ssh	 ssh;		/* of the jump host */
	struct session	*session;
	int		 fd;		/* our end; the other one is the caller's */
	struct buf	 up, down;	/* to the server, from it; each is read only when it is empty */
	pthread_t	 thread;
	bool		 started;
};

/* Move bytes towards the server; false when that is over.  *moved says that there were some. */
static bool
move_up(struct jump *jump, bool *moved)
{
	struct session	*session = jump->session;
	ssize_t		 got = 0;

	if (jump->up.len == 0) {
		buf_reserve(&jump->up, STEP);
		got = recv(jump->fd, jump->up.data, STEP, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		jump->up.len = got > 0 ? (size_t)got : 0;
	}
	if (session->unfinished == UNFINISHED_READ || jump->up.len == 0)
		return true;
	session->unfinished = UNFINISHED_NONE;
	got = libssh2_channel_write(session->channel, jump->up.data, jump->up.len);
	if (got == LIBSSH2_ERROR_EAGAIN && session_stuck(session))
		session->unfinished = UNFINISHED_WRITE;
	if (got > 0)
		buf_drop(&jump->up, (size_t)got);
	*moved = *moved || got > 0;
	return got >= 0 || got == LIBSSH2_ERROR_EAGAIN;
}

/* The same from the server. */
static bool
move_down(struct jump *jump, bool *moved)
{
	struct session	*session = jump->session;
	ssize_t		 got;

	if (jump->down.len == 0 && session->unfinished != UNFINISHED_WRITE) {
		session->unfinished = UNFINISHED_NONE;
		buf_reserve(&jump->down, STEP);
		got = libssh2_channel_read(session->channel, jump->down.data, STEP);
		if (got == LIBSSH2_ERROR_EAGAIN && session_stuck(session))
			session->unfinished = UNFINISHED_READ;
		else if (got < 0 && got != LIBSSH2_ERROR_EAGAIN)
			return false;
		jump->down.len = got > 0 ? (size_t)got : 0;
		if (jump->down.len == 0)
			return libssh2_channel_eof(session->channel) != 1;
	}
	if (jump->down.len == 0)
		return true;
	got = send(jump->fd, jump->down.data, jump->down.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (got > 0)
		buf_drop(&jump->down, (size_t)got);
	*moved = *moved || got > 0;
	return got > 0 || errno == EAGAIN || errno == EINTR;
}

/* Until either side has enough.  Nobody waits here in vain: the caller has its own timeouts, and closes its socket. */
static void *
pump(void *argument)
{
	struct jump	*jump = argument;
	struct pollfd	 fds[2] = { { .fd = jump->fd } };
	bool		 moved, wants_server;

	while ((fds[0].revents & (POLLIN | POLLHUP)) != POLLHUP) {
		moved = false;
		session_refill(jump->session);
		if (!move_up(jump, &moved) || !move_down(jump, &moved))
			break;
		if (moved)
			continue;
		wants_server = jump->up.len > 0 || jump->down.len == 0;
		fds[0].events = (short)((jump->up.len == 0 ? POLLIN : 0) | (jump->down.len > 0 ? POLLOUT : 0));
		fds[1].fd = wants_server ? jump->session->fd : -1;
		fds[1].events = session_events(jump->session);
		if (poll(fds, 2, -1) < 0)
			fds[0].revents = 0;
	}
	close(jump->fd);
	jump->fd = -1;
	ssh_thread_end();
	return NULL;
}

static struct err *
start(struct jump *jump, int *fd)
{
	int		 ends[2];
	pthread_attr_t	 attributes;
	sigset_t	 all, before;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return err_errno(ERR_FAILED, "cannot make a socket");
	jump->fd = ends[1];
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	jump->started = pthread_create(&jump->thread, &attributes, pump, jump) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (jump->started) {
		*fd = ends[0];
		return NULL;
	}
	close(ends[0]);
	return err_new(ERR_FAILED, "cannot start a thread");
}

static struct err *
login(struct jump *jump, bool *unsuited)
{
	bool		 first = jump->ssh.target.jump == NULL;	/* the others wait for this one anyway */
	struct pollfd	 none[1];
	struct err	*e = NULL;

	while (first && atomic_fetch_add(&logins, 1) >= LOGINS_MAX) {
		atomic_fetch_sub(&logins, 1);
		e = ssh_poll(&jump->ssh, none, 0, LOGIN_PAUSE, NULL);
		if (e != NULL)
			return e;
	}
	e = session_open(&jump->session, &jump->ssh, true, unsuited);
	if (e == NULL)
		e = session_login(&jump->ssh, jump->session, unsuited);
	if (first)
		atomic_fetch_sub(&logins, 1);
	return e;
}

/* Why the jump host does not connect. */
static struct err *
not_connected(const struct jump *jump, const struct ssh_target *target)
{
	char		*text = NULL;
	struct err	*e;

	if (libssh2_session_last_error(jump->session->libssh2, &text, NULL, 0) != LIBSSH2_ERROR_CHANNEL_FAILURE)
		return session_error(&jump->ssh, jump->session, "opening a channel");
	e = err_new(ERR_FAILED, "it cannot connect to %s port %u: %s", target->address, target->port,
	    text == NULL ? "" : text);
	if (text != NULL && strstr(text, "prohibited") != NULL)
		e = err_hint(e, "the jump host's sshd must have: AllowTcpForwarding yes");
	return e;
}

/* Have the jump host connect to the target. */
static struct err *
connect_on(struct jump *jump, const struct ssh_target *target)
{
	struct session	*session = jump->session;
	char		*step = xasprintf("did not connect to %s port %u in", target->address, target->port);
	struct err	*e = NULL;

	session_step(&jump->ssh, session, step);
	while (e == NULL && (session->channel = libssh2_channel_direct_tcpip_ex(session->libssh2, target->address,
	    (int)target->port, "127.0.0.1", 0)) == NULL) {
		if (libssh2_session_last_errno(session->libssh2) == LIBSSH2_ERROR_EAGAIN)
			e = session_wait(&jump->ssh, session);
		else
			e = not_connected(jump, target);
	}
	session->step = "";
	free(step);
	return e;
}

struct err *
jump_open(struct jump **out, int *fd, const struct ssh *ssh, bool *unsuited)
{
	struct jump	*jump = xcalloc(1, sizeof(*jump));
	struct err	*e;

	jump->fd = -1;
	jump->ssh.stops = ssh->stops;
	jump->ssh.deadline = ssh->deadline;
	ssh_target_copy(&jump->ssh.target, ssh->target.jump);
	e = login(jump, unsuited);
	if (e == NULL)
		e = connect_on(jump, &ssh->target);
	if (e == NULL)
		e = start(jump, fd);
	if (e == NULL) {
		*out = jump;
		return NULL;
	}
	e = err_context(e, "through %s", jump->ssh.target.name);
	jump_close(jump);
	return e;
}

void
jump_close(struct jump *jump)
{
	if (jump == NULL)
		return;
	if (jump->started)
		pthread_join(jump->thread, NULL);
	if (jump->fd >= 0)
		close(jump->fd);
	session_close(jump->session);
	ssh_target_fini(&jump->ssh.target);
	buf_fini(&jump->up);
	buf_fini(&jump->down);
	free(jump);
}
