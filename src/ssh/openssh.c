/* ssh: the transport that is the system's ssh program: one process a command. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "ssh/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_STEP	(64u << 10)
#define READ_MAX	(1u << 20)
#define SSH_FAILED	255	/* the exit status with which ssh says that it failed itself */
#define LOGGED_IN	"Authenticated to "	/* what it says with LogLevel=VERBOSE, before the command's first byte */

struct process {
	pid_t		 pid;		/* 0: none, or its status is known */
	int		 status;
	int		 in, out, err;	/* our ends of its streams; -1 when closed */
	struct buf	 said;		/* what it said until it was logged in */
	bool		 logged_in;
	double		 patience;	/* seconds it may still take to log in */
};

static struct err *
open_open(struct ssh *ssh, bool *unsuited)
{
	struct process	*process = xcalloc(1, sizeof(*process));

	process->in = process->out = process->err = -1;
	ssh->state = process;
	*unsuited = false;
	return NULL;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Send a signal to ssh and whatever it started (a ProxyCommand), and take its status. */
static void
end(struct process *process, int signal_number)
{
	if (process->pid == 0)
		return;
	kill(-process->pid, signal_number);
	while (waitpid(process->pid, &process->status, 0) < 0 && errno == EINTR)
		continue;
	process->pid = 0;
}

static void
process_clear(struct process *process)
{
	close_fd(&process->in);
	close_fd(&process->out);
	close_fd(&process->err);
	end(process, SIGKILL);
	buf_fini(&process->said);
	process->logged_in = false;
}

static void
open_close(struct ssh *ssh)
{
	struct process	*process = ssh->state;

	if (process == NULL)
		return;
	process_clear(process);
	free(process);
	ssh->state = NULL;
}

/* In the child.  Only functions that are safe after fork() in a program with threads. */
_Noreturn static void
child(char *const *argv, const int theirs[3])
{
	sigset_t	 none;

	setpgid(0, 0);		/* the terminal's Ctrl-C is for leap, which ends this in its own time */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	for (int i = 0; i < 3; i++)
		if (dup2(theirs[i], i) < 0)
			_exit(127);
	execvp(argv[0], argv);
	_exit(127);
}

static struct err *
start(struct process *process, char *const *argv)
{
	int		 ours[3] = { -1, -1, -1 }, theirs[3] = { -1, -1, -1 }, ends[2];
	struct err	*e = NULL;

	for (int i = 0; i < 3; i++) {
		if (pipe2(ends, O_CLOEXEC) != 0) {
			e = err_errno(ERR_FAILED, "cannot make a pipe");
			goto out;
		}
		ours[i] = ends[i == 0 ? 1 : 0];
		theirs[i] = ends[i == 0 ? 0 : 1];
		fcntl(ours[i], F_SETFL, O_NONBLOCK);
	}
	process->pid = fork();
	if (process->pid == 0)
		child(argv, theirs);
	if (process->pid < 0) {
		process->pid = 0;
		e = err_errno(ERR_FAILED, "cannot start ssh");
		goto out;
	}
	setpgid(process->pid, process->pid);
	process->in = ours[0];
	process->out = ours[1];
	process->err = ours[2];
out:
	for (int i = 0; i < 3; i++) {
		close_fd(&theirs[i]);
		if (e != NULL)
			close_fd(&ours[i]);
	}
	return e;
}

static struct err *
open_exec(struct ssh *ssh, const char *command)
{
	struct process	*process = ssh->state;
	struct strs	 argv = { 0 };
	struct err	*e;

	process_clear(process);
	/* ssh's own limits come first, with better words */
	process->patience = 3.0 * ssh->target.timeout * (1 + ssh_jumps(&ssh->target));
	ssh_arguments(&argv, &ssh->target, false);
	strs_add(&argv, command);
	argv.items = xrealloc(argv.items, argv.count + 1, sizeof(*argv.items));
	argv.items[argv.count] = NULL;
	argv.cap = argv.count + 1;
	e = start(process, argv.items);
	strs_fini(&argv);
	return e;
}

/*
 * Before the login, standard error is ssh's own; afterwards the command's.  Cut at the
 * line with which ssh says so.
 */
static void
sort_errors(struct ssh *ssh, struct process *process, struct buf *errors)
{
	const char	*line, *end_of_line;
	struct buf	 rest = { 0 };

	if (process->logged_in) {
		ssh_keep_errors(ssh, errors, buf_text(&process->said), process->said.len);
		buf_clear(&process->said);
		return;
	}
	line = strstr(buf_text(&process->said), LOGGED_IN);
	if (line == NULL || (line > process->said.data && line[-1] != '\n') ||
	    (end_of_line = strchr(line, '\n')) == NULL)
		return;
	process->logged_in = true;
	buf_adds(&rest, end_of_line + 1);
	ssh_keep_errors(ssh, errors, buf_text(&rest), rest.len);
	buf_clear(&process->said);
	buf_fini(&rest);
}

/* Read what a pipe has; closes it at its end. */
static void
drain(int *fd, struct buf *to, size_t max)
{
	size_t	 before = to->len;
	ssize_t	 got = 0;

	while (*fd >= 0 && to->len - before < max) {
		buf_reserve(to, READ_STEP);
		got = read(*fd, to->data + to->len, READ_STEP);
		if (got <= 0)
			break;
		to->len += (size_t)got;
		to->data[to->len] = '\0';
	}
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(fd);
}

static void
fill(struct process *process, struct buf *out)
{
	size_t	 done = 0;
	ssize_t	 wrote = 0;

	while (done < out->len && (wrote = write(process->in, out->data + done, out->len - done)) > 0)
		done += (size_t)wrote;
	if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
		close_fd(&process->in);		/* the command does not want it */
		done = out->len;
	}
	buf_drop(out, done);
}

/* The last line of ssh's words, without its line end. */
static void
last_line(const struct buf *said, struct buf *line)
{
	size_t	 end_at = said->len, begin;

	while (end_at > 0 && strchr("\r\n", said->data[end_at - 1]) != NULL)
		end_at--;
	for (begin = end_at; begin > 0 && said->data[begin - 1] != '\n'; begin--)
		continue;
	buf_add(line, buf_text(said) + begin, end_at - begin);
}

/* Whether ssh lost its ProxyCommand; what that said stands before ssh's own words. */
static bool
jump_failed(const struct ssh *ssh, const char *said)
{
	return ssh->target.jump != NULL && strstr(said, "UNKNOWN port 65535") != NULL;
}

static struct err *
not_through(const struct ssh *ssh, const char *said)
{
	const struct ssh_target	*jump = ssh->target.jump;
	bool			 trust = strstr(said, "Host key verification failed") != NULL ||
	    strstr(said, "Permission denied") != NULL || strstr(said, "no matching host key type") != NULL;
	struct err		*e = err_new(trust ? ERR_TRUST : ERR_FAILED, "cannot reach %s port %u through %s",
	    ssh->target.address, ssh->target.port, jump->name);
	struct strs		 lines = { 0 };

	strs_split(&lines, said, '\n');
	for (size_t i = 0; i < lines.count; i++) {
		char	*line = lines.items[i];

		line[strcspn(line, "\r")] = '\0';
		if (*line != '\0' && strstr(line, "UNKNOWN port 65535") == NULL &&
		    !str_starts(line, "kex_exchange_identification"))
			e = err_note(e, NULL, "ssh says: %s", line);
	}
	strs_fini(&lines);
	return e;
}

/* Why ssh did not get as far as the command. */
static struct err *
not_logged_in(const struct ssh *ssh, const struct process *process)
{
	const char	*said = buf_text(&process->said);
	struct buf	 line = { 0 };
	struct err	*e;

	if (jump_failed(ssh, said))
		return not_through(ssh, said);
	last_line(&process->said, &line);
	if (strstr(said, "Host key verification failed") != NULL || strstr(said, "no matching host key type") != NULL) {
		e = ssh_other_key(ssh, ssh_not_pinned(ssh, NULL));
	} else if (strstr(said, "Permission denied") != NULL || strstr(said, "Too many authentication") != NULL) {
		e = err_new(ERR_TRUST, "no key was accepted for %s@%s port %u by the system's ssh: %s", ssh->target.user,
		    ssh->target.address, ssh->target.port, buf_text(&line));
		e = err_hint(e, "the node's authorized_keys must have your public key; one with a passphrase must be in "
		    "the agent: ssh-add FILE");
	} else {
		e = err_new(ERR_FAILED, "cannot reach %s port %u: %s", ssh->target.address, ssh->target.port,
		    line.len > 0 ? line.data : "ssh does not say why");
	}
	buf_fini(&line);
	return e;
}

/* Take the exit status of a process that has closed its streams; it may need a moment to end. */
static struct err *
reap(const struct ssh *ssh, struct process *process)
{
	struct pollfd	 none[1];
	pid_t		 pid = 0;
	struct err	*e = NULL;

	for (double left = ssh->target.timeout; process->pid != 0 && e == NULL && left > 0; left -= 0.005) {
		pid = waitpid(process->pid, &process->status, WNOHANG);
		if (pid == process->pid)
			process->pid = 0;
		else
			e = ssh_poll(ssh, none, 0, 0.005, NULL);
	}
	end(process, SIGKILL);
	return e;
}

static int
exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : -1;
}

/* Drop ssh's own last words from the command's errors; true when they say that the connection broke. */
static bool
ssh_broke(const struct process *process, const struct buf *errors)
{
	static const char *const signs[] = {
		"Timeout, server", "closed by remote host", "client_loop:", "Connection reset", "Broken pipe",
	};

	if (exit_status(process->status) != SSH_FAILED)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strstr(buf_text(errors), signs[i]) != NULL)
			return true;
	return false;
}

static struct err *
ended(const struct ssh *ssh, struct process *process, const struct buf *errors)
{
	struct buf	 line = { 0 };
	struct err	*e = reap(ssh, process);

	if (e != NULL)
		return e;
	if (!process->logged_in && exit_status(process->status) == 127 && process->said.len == 0)
		return err_hint(err_new(ERR_FAILED, "the program ssh does not start"), "apt-get install openssh-client");
	if (!process->logged_in)
		return not_logged_in(ssh, process);
	if (!ssh_broke(process, errors))
		return NULL;
	last_line(errors, &line);
	e = err_new(ERR_FAILED, "the connection to %s port %u was lost: %s", ssh->target.address, ssh->target.port,
	    buf_text(&line));
	buf_fini(&line);
	return e;
}

/* "Transferred: …" and "Bytes per second: …" are ssh's farewell with LogLevel=VERBOSE. */
static void
cut_farewell(struct buf *errors)
{
	char	*farewell = errors->len == 0 ? NULL : strstr(errors->data, "Transferred: sent ");

	if (farewell != NULL && (farewell == errors->data || farewell[-1] == '\n')) {
		errors->len = (size_t)(farewell - errors->data);
		*farewell = '\0';
	}
}

static struct err *
wait_pipes(struct ssh *ssh, struct process *process, bool writing)
{
	struct pollfd	 fds[4] = {
		{ .fd = process->out, .events = POLLIN },
		{ .fd = process->err, .events = POLLIN },
		{ .fd = writing ? process->in : -1, .events = POLLOUT },
	};
	double		 waited;
	struct err	*e = ssh_poll(ssh, fds, 3, process->logged_in ? 3600 : process->patience, &waited);

	if (e != NULL || process->logged_in)
		return e;
	process->patience -= waited;
	if (process->patience > 0)
		return NULL;
	return err_new(ERR_FAILED, "%s port %u did not finish the login in %u s", ssh->target.address,
	    ssh->target.port, 3 * ssh->target.timeout * (1 + ssh_jumps(&ssh->target)));
}

static struct err *
open_exchange(struct ssh *ssh, struct buf *out, bool want_read, struct buf *in, struct buf *errors, bool *eof)
{
	struct process	*process = ssh->state;
	size_t		 had_in = in->len, had_errors = ssh->stats.errors;
	struct err	*e;

	for (;;) {
		if (process->in < 0)
			buf_clear(out);
		else
			fill(process, out);
		drain(&process->out, in, READ_MAX);
		drain(&process->err, &process->said, READ_MAX);
		sort_errors(ssh, process, errors);
		*eof = process->out < 0 && process->err < 0;
		if (*eof) {
			e = ended(ssh, process, errors);
			cut_farewell(errors);
			return e;
		}
		if (in->len > had_in || ssh->stats.errors > had_errors || (out->len == 0 && !want_read))
			return NULL;
		e = wait_pipes(ssh, process, out->len > 0);
		if (e != NULL)
			return e;
	}
}

static struct err *
open_send_eof(struct ssh *ssh)
{
	struct process	*process = ssh->state;

	close_fd(&process->in);
	return NULL;
}

static struct err *
open_wait(struct ssh *ssh, int *status)
{
	struct process	*process = ssh->state;
	bool		 all_read = process->out < 0 && process->err < 0;

	if (all_read)
		*status = exit_status(process->status);
	process_clear(process);
	return NULL;
}

const struct transport transport_openssh = {
	.name = "ssh",
	.open = open_open,
	.close = open_close,
	.exec = open_exec,
	.exchange = open_exchange,
	.send_eof = open_send_eof,
	.wait = open_wait,
};
