/* ssh: the transport that libssh2 makes: commands on channels. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "ssh/session.h"

#include <string.h>

#define READ_STEP	(64u << 10)
#define READ_MAX	(1u << 20)	/* bytes that one exchange reads before the caller has a look */
#define ALIVE_TRIES	3
#define ALIVE_MIN	2.0		/* seconds; libssh2 sends no two keepalives within less */

static struct err *
lib_open(struct ssh *ssh, bool *unsuited)
{
	struct session	*session = NULL;
	struct err	*e = session_open(&session, ssh, true, unsuited);

	ssh->state = session;
	return e != NULL ? e : session_login(ssh, session, unsuited);
}

static void
lib_close(struct ssh *ssh)
{
	session_close(ssh->state);
	ssh->state = NULL;
}

static struct err *
lib_exec(struct ssh *ssh, const char *command)
{
	struct session	*session = ssh->state;
	struct err	*e;

	session_step(ssh, session, "did not start a command in");
	while ((session->channel = libssh2_channel_open_session(session->libssh2)) == NULL) {
		if (libssh2_session_last_errno(session->libssh2) != LIBSSH2_ERROR_EAGAIN)
			return session_error(ssh, session, "opening a channel");
		e = session_wait(ssh, session);
		if (e != NULL)
			return e;
	}
	for (;;) {
		int	 code = libssh2_channel_exec(session->channel, command);

		if (code == 0)
			return NULL;
		if (code != LIBSSH2_ERROR_EAGAIN)
			return session_error(ssh, session, "starting a command");
		e = session_wait(ssh, session);
		if (e != NULL)
			return e;
	}
}

/*
 * Wait for the socket while a command runs.  A command may be silent for as long as it likes (apt does), its
 * server may not: after each third of target.timeout without a byte from it a keepalive@openssh.com is sent, which
 * wants a reply (RFC 4254, 4); when a whole timeout went by without any byte, reply or not, the peer is gone.
 */
static struct err *
wait_alive(const struct ssh *ssh, struct session *session)
{
	struct pollfd	 fds[2] = { { .fd = session->fd, .events = session_events(session) } };
	struct pollfd	 room = { .fd = session->fd, .events = POLLOUT };
	double		 third = ssh->target.timeout / (double)ALIVE_TRIES, waited;
	struct err	*e;
	int		 ignored;

	if (third < ALIVE_MIN)
		third = ALIVE_MIN;
	for (unsigned tries = 0; tries < ALIVE_TRIES;) {
		session_refill(session);
		e = ssh_poll(ssh, fds, 1, third, &waited);
		if (e != NULL || fds[0].revents != 0)
			return e;
		if (waited < third)	/* a signal came in between */
			continue;
		tries++;
		/* A keepalive may not cut in on an unfinished packet; then TCP itself is stuck anyway. */
		if (session->unfinished == UNFINISHED_NONE && poll(&room, 1, 0) == 1) {
			libssh2_keepalive_config(session->libssh2, 1, 1);
			libssh2_keepalive_send(session->libssh2, &ignored);
		}
	}
	return err_new(ERR_FAILED, "the connection was lost: %s port %u said nothing for %.0f s", ssh->target.address,
	    ssh->target.port, third * ALIVE_TRIES);
}

static struct err *
lost(const struct ssh *ssh, struct session *session)
{
	char	*text = NULL;

	libssh2_session_last_error(session->libssh2, &text, NULL, 0);
	session->unfinished = UNFINISHED_WRITE;	/* nothing more can be said on it */
	return err_new(ERR_FAILED, "the connection to %s port %u was lost: %s", ssh->target.address,
	    ssh->target.port, text == NULL || text[0] == '\0' ? "it was closed" : text);
}

/* Write as much as goes.  A command that has ended does not want the rest: that is dropped. */
static struct err *
write_some(const struct ssh *ssh, struct session *session, struct buf *out)
{
	size_t	 done = 0;
	ssize_t	 wrote = 0;

	session->unfinished = UNFINISHED_NONE;
	while (done < out->len && (wrote = libssh2_channel_write(session->channel, out->data + done,
	    out->len - done)) > 0)
		done += (size_t)wrote;
	if (wrote == LIBSSH2_ERROR_EAGAIN && session_stuck(session))
		session->unfinished = UNFINISHED_WRITE;
	else if (wrote == LIBSSH2_ERROR_CHANNEL_CLOSED || wrote == LIBSSH2_ERROR_CHANNEL_EOF_SENT)
		done = out->len;
	else if (wrote < 0 && wrote != LIBSSH2_ERROR_EAGAIN)
		return lost(ssh, session);
	buf_drop(out, done);
	return NULL;
}

/* Read one of the two streams until it has no more, or enough. */
static struct err *
read_stream(const struct ssh *ssh, struct session *session, int stream, struct buf *to, size_t max)
{
	size_t	 before = to->len;
	ssize_t	 got;

	do {
		buf_reserve(to, READ_STEP);
		got = libssh2_channel_read_ex(session->channel, stream, to->data + to->len, READ_STEP);
		if (got > 0) {
			to->len += (size_t)got;
			to->data[to->len] = '\0';
		}
	} while (got > 0 && to->len - before < max);
	if (got == LIBSSH2_ERROR_EAGAIN && session_stuck(session))
		session->unfinished = UNFINISHED_READ;
	else if (got < 0 && got != LIBSSH2_ERROR_EAGAIN)
		return lost(ssh, session);
	return NULL;
}

static struct err *
read_some(struct ssh *ssh, struct session *session, struct buf *in, struct buf *errors)
{
	struct buf	 more = { 0 };
	struct err	*e;

	session->unfinished = UNFINISHED_NONE;
	e = read_stream(ssh, session, 0, in, READ_MAX);
	if (e == NULL && session->unfinished == UNFINISHED_NONE)
		e = read_stream(ssh, session, SSH_EXTENDED_DATA_STDERR, &more, READ_MAX);
	ssh_keep_errors(ssh, errors, buf_text(&more), more.len);
	buf_fini(&more);
	return e;
}

/*
 * libssh2 takes in whatever came, also for another stream or direction than it was asked for, and poll(2) knows nothing
 * of that: the server may have opened its window (`shut` before) while we read, or sent output while we looked for
 * errors.  `seen` is how much output lay there the last time.
 */
static bool
overlooked(const struct session *session, bool shut, unsigned long *seen)
{
	unsigned long	 before = *seen;

	if (session->unfinished != UNFINISHED_NONE)
		return false;
	libssh2_channel_window_read_ex(session->channel, seen, NULL);
	return (shut && libssh2_channel_window_write(session->channel) > 0) || (*seen > 0 && *seen != before);
}

static struct err *
lib_exchange(struct ssh *ssh, struct buf *out, bool want_read, struct buf *in, struct buf *errors, bool *eof)
{
	struct session	*session = ssh->state;
	size_t		 had_in = in->len, had_errors = ssh->stats.errors;
	unsigned long	 seen = 0;
	struct err	*e = NULL;
	bool		 shut;

	session_refill(session);
	for (;;) {
		if (session->unfinished != UNFINISHED_READ && out->len > 0)
			e = write_some(ssh, session, out);
		shut = out->len > 0 && libssh2_channel_window_write(session->channel) == 0;
		if (e == NULL && session->unfinished != UNFINISHED_WRITE)
			e = read_some(ssh, session, in, errors);
		if (e != NULL)
			return e;
		*eof = libssh2_channel_eof(session->channel) == 1;
		if (*eof || in->len > had_in || ssh->stats.errors > had_errors ||
		    (out->len == 0 && !want_read && session->unfinished == UNFINISHED_NONE))
			return NULL;
		if (overlooked(session, shut, &seen))
			continue;
		e = wait_alive(ssh, session);
		if (e != NULL)
			return e;
	}
}

static struct err *
lib_send_eof(struct ssh *ssh)
{
	struct session	*session = ssh->state;
	struct err	*e = NULL;
	int		 code;

	session_step(ssh, session, "did not take the end of the input in");
	while (e == NULL && (code = libssh2_channel_send_eof(session->channel)) == LIBSSH2_ERROR_EAGAIN)
		e = session_wait(ssh, session);
	if (e != NULL || code == 0 || libssh2_channel_eof(session->channel) == 1)
		return e;
	return lost(ssh, session);
}

static int
signal_status(const char *name)
{
	static const struct {
		const char	*name;
		int		 number;
	} signals[] = {		/* RFC 4254, 6.10, with the numbers of Linux */
		{ "HUP", 1 }, { "INT", 2 }, { "QUIT", 3 }, { "ILL", 4 }, { "ABRT", 6 }, { "FPE", 8 }, { "KILL", 9 },
		{ "USR1", 10 }, { "SEGV", 11 }, { "USR2", 12 }, { "PIPE", 13 }, { "ALRM", 14 }, { "TERM", 15 },
	};

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (strcmp(name, signals[i].name) == 0)
			return 128 + signals[i].number;
	return -1;
}

/* What an ended command's channel says of its end. */
static int
channel_status(struct session *session)
{
	char	*name = NULL;
	int	 status = libssh2_channel_get_exit_status(session->channel);

	libssh2_channel_get_exit_signal(session->channel, &name, NULL, NULL, NULL, NULL, NULL);
	if (name != NULL)
		status = signal_status(name);
	if (name != NULL)
		libssh2_free(session->libssh2, name);
	return status;
}

static struct err *
lib_wait(struct ssh *ssh, int *status)
{
	struct session	*session = ssh->state;
	bool		 ended = libssh2_channel_eof(session->channel) == 1;
	struct err	*e = NULL;

	session_step(ssh, session, "did not end a command in");
	/* Of a command that still runs nobody waits to hear: its channel is told to close and forgotten. */
	while (e == NULL && libssh2_channel_close(session->channel) == LIBSSH2_ERROR_EAGAIN &&
	    (ended || session_stuck(session)))
		e = session_wait(ssh, session);
	if (e == NULL && !ended) {
		session->channel = NULL;
		return NULL;
	}
	while (e == NULL && libssh2_channel_wait_closed(session->channel) == LIBSSH2_ERROR_EAGAIN)
		e = session_wait(ssh, session);
	if (e != NULL)
		return e;
	*status = channel_status(session);
	while (e == NULL && libssh2_channel_free(session->channel) == LIBSSH2_ERROR_EAGAIN)
		e = session_wait(ssh, session);
	session->channel = NULL;
	return e;
}

const struct transport transport_libssh2 = {
	.name = "libssh2",
	.open = lib_open,
	.close = lib_close,
	.exec = lib_exec,
	.exchange = lib_exchange,
	.send_eof = lib_send_eof,
	.wait = lib_wait,
};
