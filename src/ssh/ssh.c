/* ssh: the room's front: stopping, choosing a transport, running a command. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/ssh.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strs.h"
#include "ssh/transport.h"

#include <errno.h>
#include <libssh2.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STOPS		2	/* the first may be lingered over, the second not */
#define RUN_PIECE	(64u << 10)	/* bytes of input that are copied at once: a thousand sessions may send the same */

/* How often ssh_stop() was called, and an eventfd for each time that stays readable from then on. */
static atomic_uint	stops;
static int		wakes[STOPS] = { -1, -1 };

struct err *
ssh_setup(void)
{
	if (libssh2_init(0) != 0)
		return err_new(ERR_FAILED, "libssh2 does not start");
	atomic_store(&stops, 0);
	for (size_t i = 0; i < STOPS; i++) {
		wakes[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (wakes[i] < 0)
			return err_errno(ERR_FAILED, "cannot make an eventfd");
	}
	signal(SIGPIPE, SIG_IGN);	/* a peer that is gone is an error value here */
	return NULL;
}

void
ssh_fini(void)
{
	for (size_t i = 0; i < STOPS; i++) {
		if (wakes[i] >= 0)
			close(wakes[i]);
		wakes[i] = -1;
	}
	libssh2_exit();
}

void
ssh_thread_end(void)
{
	OPENSSL_thread_stop();
}

void
ssh_stop(void)
{
	int		 saved = errno;
	unsigned	 count = atomic_fetch_add(&stops, 1);

	if (count < STOPS && wakes[count] >= 0)
		while (write(wakes[count], &(uint64_t){ 1 }, sizeof(uint64_t)) < 0 && errno == EINTR)
			continue;
	errno = saved;
}

bool
ssh_stopped(void)
{
	return atomic_load(&stops) > 0;
}

void
ssh_linger(struct ssh *ssh, double seconds)
{
	ssh->stops = 1;
	ssh_deadline(ssh, seconds);
}

void
ssh_deadline(struct ssh *ssh, double seconds)
{
	ssh->deadline = seconds > 0 ? clock_now() + seconds : 0;
}

bool
ssh_late(const struct ssh *ssh)
{
	return ssh->deadline > 0 && clock_now() >= ssh->deadline;
}

/* Whether the connection may go on at all. */
static struct err *
check(const struct ssh *ssh)
{
	if (atomic_load(&stops) > ssh->stops)
		return err_new(ERR_FAILED, "interrupted");
	if (ssh_late(ssh))
		return err_new(ERR_FAILED, "nothing more was heard in time");
	return NULL;
}

struct err *
ssh_poll(const struct ssh *ssh, struct pollfd *fds, size_t count, double seconds, double *waited)
{
	double		 begin = clock_now(), left = seconds;
	struct err	*e = check(ssh);

	if (e != NULL)
		return e;
	if (ssh->deadline > 0 && ssh->deadline - begin < left)
		left = ssh->deadline - begin;
	fds[count] = (struct pollfd){ .fd = ssh->stops < STOPS ? wakes[ssh->stops] : -1, .events = POLLIN };
	if (poll(fds, count + 1, left <= 0 ? 0 : (int)(left * 1000) + 1) < 0) {
		if (errno != EINTR)
			return err_errno(ERR_FAILED, "poll");
		for (size_t i = 0; i < count; i++)
			fds[i].revents = 0;
	}
	if (waited != NULL)
		*waited = clock_now() - begin;
	return check(ssh);
}

void
ssh_keep_errors(struct ssh *ssh, struct buf *errors, const char *data, size_t len)
{
	size_t	 room = errors->len < SSH_ERRORS_MAX ? SSH_ERRORS_MAX - errors->len : 0;

	buf_add(errors, data, len < room ? len : room);
	ssh->stats.errors += len;
}

static char *
copy(const char *text)
{
	return text == NULL ? NULL : xstrdup(text);
}

void
ssh_target_copy(struct ssh_target *out, const struct ssh_target *target)
{
	*out = (struct ssh_target){
		.name = copy(target->name),
		.address = copy(target->address),
		.port = target->port,
		.user = copy(target->user),
		.host_key = copy(target->host_key),
		.key = copy(target->key),
		.transport = copy(target->transport),
		.timeout = target->timeout,
		.pin_file = copy(target->pin_file),
	};
	if (target->jump != NULL) {
		struct ssh_target	*jump = xcalloc(1, sizeof(*jump));

		ssh_target_copy(jump, target->jump);
		out->jump = jump;
	}
}

void
ssh_target_fini(struct ssh_target *target)
{
	free((char *)target->name);
	free((char *)target->address);
	free((char *)target->user);
	free((char *)target->host_key);
	free((char *)target->key);
	free((char *)target->transport);
	free((char *)target->pin_file);
	if (target->jump != NULL)
		ssh_target_fini((struct ssh_target *)target->jump);
	free((struct ssh_target *)target->jump);
}

/* Every error of the room says which node it is about. */
static struct err *
named(const struct ssh *ssh, struct err *take_e)
{
	return err_context(take_e, "%s", ssh->target.name);
}

struct err *
ssh_open(struct ssh **out, const struct ssh_target *target)
{
	struct ssh	*ssh = xcalloc(1, sizeof(*ssh));
	bool		 unsuited = false;
	struct err	*e;

	ssh_target_copy(&ssh->target, target);
	ssh->transport = strcmp(target->transport, "ssh") == 0 ? &transport_openssh : &transport_libssh2;
	e = check(ssh);
	if (e == NULL)
		e = ssh->transport->open(ssh, &unsuited);
	if (e != NULL && unsuited && strcmp(target->transport, "auto") == 0) {
		err_free(e);
		ssh->transport->close(ssh);
		ssh->transport = &transport_openssh;
		e = ssh->transport->open(ssh, &unsuited);
	}
	if (e == NULL) {
		*out = ssh;
		return NULL;
	}
	e = named(ssh, e);
	ssh_close(ssh);
	return e;
}

void
ssh_close(struct ssh *ssh)
{
	if (ssh == NULL)
		return;
	ssh->transport->close(ssh);
	ssh_target_fini(&ssh->target);
	free(ssh);
}

/*
 * The login shell may be any; what it runs is always /bin/sh, as root.  "'" is the only character
 * that needs care within single quotes.  sudo(8) forgets where the connection comes from unless a sudoers file says
 * otherwise, so that goes along as an argument.
 */
static void
wrap(struct buf *out, const struct ssh_target *target, const char *command)
{
	bool	 root = strcmp(target->user, "root") == 0;

	buf_adds(out, root ? "exec /bin/sh -c '" : "exec sudo -n /bin/sh -c 'export SSH_CONNECTION=\"$1\"; shift; ");
	for (; *command != '\0'; command++) {
		if (*command == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *command);
	}
	buf_adds(out, root ? "'" : "' /bin/sh \"$SSH_CONNECTION\"");
}

struct err *
ssh_exec(struct ssh *ssh, const char *command)
{
	struct buf	 wrapped = { 0 };
	struct err	*e;

	wrap(&wrapped, &ssh->target, command);
	e = named(ssh, ssh->transport->exec(ssh, wrapped.data));
	buf_fini(&wrapped);
	return e;
}

struct err *
ssh_exchange(struct ssh *ssh, struct buf *out, bool want_read, struct buf *in, struct buf *errors, bool *eof)
{
	size_t		 to_send = out->len, had = in->len;
	struct err	*e;

	*eof = false;
	e = check(ssh);		/* a peer that always has something to say never makes us wait */
	if (e != NULL)
		return named(ssh, e);
	e = ssh->transport->exchange(ssh, out, want_read, in, errors, eof);
	ssh->stats.sent += to_send - out->len;
	ssh->stats.received += in->len - had;
	return named(ssh, e);
}

struct err *
ssh_send_eof(struct ssh *ssh)
{
	return named(ssh, ssh->transport->send_eof(ssh));
}

struct err *
ssh_wait(struct ssh *ssh, int *status)
{
	*status = -1;
	return named(ssh, ssh->transport->wait(ssh, status));
}

struct err *
ssh_run(struct ssh *ssh, const char *command, const void *input, size_t input_len, struct buf *output,
    struct buf *errors, int *status)
{
	const char	*next = input, *end = input_len == 0 ? next : next + input_len;
	struct buf	 out = { 0 };
	size_t		 before = output->len, errors_before = ssh->stats.errors, piece;
	bool		 eof = false, closed = false;
	struct err	*e = ssh_exec(ssh, command);

	while (e == NULL && !eof) {
		piece = (size_t)(end - next) < RUN_PIECE ? (size_t)(end - next) : RUN_PIECE;
		if (out.len == 0 && piece > 0) {
			buf_add(&out, next, piece);
			next += piece;
		} else if (out.len == 0 && !closed) {
			e = ssh_send_eof(ssh);
			closed = true;
			continue;
		}
		e = ssh_exchange(ssh, &out, closed, output, errors, &eof);
		if (e == NULL && (output->len - before > SSH_RUN_MAX || ssh->stats.errors - errors_before > SSH_RUN_MAX))
			e = named(ssh, err_new(ERR_FAILED, "the command printed more than %u MiB",
			    SSH_RUN_MAX >> 20));
	}
	buf_fini(&out);
	return e != NULL ? e : ssh_wait(ssh, status);
}

void
ssh_stats(const struct ssh *ssh, struct ssh_stats *stats)
{
	*stats = ssh->stats;
}
