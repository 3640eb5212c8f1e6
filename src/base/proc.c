/* base: running other programs. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/proc.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX	(1u << 20)
#define QUOTE_MAX	1500u
#define ARGS_MAX	64

/* The parent's ends of the child's standard streams, and how it ended; -1 is closed. */
struct child {
	pid_t	 pid;
	int	 input, output, errors;
	int	 ended;			/* a pidfd: readable when the child has ended */
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* In the child: only async-signal-safe calls, for the parent may have threads. */
_Noreturn static void
child_exec(const struct proc *proc, const int fds[3], int report)
{
	sigset_t	 none;
	int		 i, number;

	if (!proc->foreground)
		setpgid(0, 0);
	for (i = 0; i < 3; i++) {
		if (fds[i] >= 0 && dup2(fds[i], i) < 0)
			_exit(127);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(proc->argv[0], (char *const *)proc->argv);
	number = errno;
	(void)!write(report, &number, sizeof(number));
	_exit(127);
}

/* Fork and exec; *number is the errno of an exec that failed, 0 when it went well. */
static int
spawn(const struct proc *proc, struct child *child, int *number)
{
	int	 in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, report[2] = { -1, -1 };
	int	 fds[3], failed = -1;

	*number = 0;
	if (proc->input != NULL ? pipe2(in, O_CLOEXEC) != 0
	    : !proc->interactive && (in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
		goto done;
	if ((proc->output != NULL && pipe2(out, O_CLOEXEC) != 0) ||
	    (proc->errors != NULL && proc->errors != proc->output && pipe2(err, O_CLOEXEC) != 0) ||
	    pipe2(report, O_CLOEXEC) != 0)
		goto done;
	fds[0] = in[0];
	fds[1] = out[1];
	fds[2] = proc->errors != NULL && proc->errors == proc->output ? out[1] : err[1];
	child->pid = fork();
	if (child->pid < 0)
		goto done;
	if (child->pid == 0)
		child_exec(proc, fds, report[1]);
	close_fd(&report[1]);
	while (read(report[0], number, sizeof(*number)) < 0 && errno == EINTR)
		;
	child->ended = (int)syscall(SYS_pidfd_open, child->pid, 0);
	child->input = in[1];
	child->output = out[0];
	child->errors = err[0];
	in[1] = out[0] = err[0] = -1;
	failed = 0;
done:
	close_fd(&in[0]);
	close_fd(&in[1]);
	close_fd(&out[0]);
	close_fd(&out[1]);
	close_fd(&err[0]);
	close_fd(&err[1]);
	close_fd(&report[0]);
	close_fd(&report[1]);
	return failed;
}

static void
pump_in(struct child *child, const struct proc *proc, size_t *sent)
{
	ssize_t	 put = write(child->input, (const char *)proc->input + *sent, proc->input_len - *sent);

	if (put > 0)
		*sent += (size_t)put;
	if ((put < 0 && errno != EAGAIN && errno != EINTR) || *sent == proc->input_len)
		close_fd(&child->input);
}

static void
pump_out(int *fd, struct buf *out, size_t max)
{
	char	 block[16384];
	ssize_t	 got = read(*fd, block, sizeof(block));

	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
		close_fd(fd);
	else if (got > 0 && out->len < max)
		buf_add(out, block, (size_t)got < max - out->len ? (size_t)got : max - out->len);
}

/*
 * Serve the child's streams until it has ended and what it wrote is read, or
 * until the deadline (ms; 0 is none).  A grandchild that keeps a stream open does not hold us.
 */
static bool
serve(struct child *child, const struct proc *proc, int64_t deadline)
{
	size_t		 max = proc->output_max != 0 ? proc->output_max : OUTPUT_MAX;
	size_t		 sent = 0;
	struct pollfd	 fds[4];
	bool		 ended = false;
	int64_t		 left;
	int		 ready;

	if (child->input >= 0 && proc->input_len == 0)
		close_fd(&child->input);
	if (child->input >= 0)
		fcntl(child->input, F_SETFL, O_NONBLOCK);
	for (;;) {
		left = deadline == 0 ? -1 : deadline - clock_ms();
		if (deadline != 0 && left <= 0)
			return false;
		fds[0] = (struct pollfd){ .fd = child->input, .events = POLLOUT };
		fds[1] = (struct pollfd){ .fd = child->output, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = child->errors, .events = POLLIN };
		fds[3] = (struct pollfd){ .fd = ended ? -1 : child->ended, .events = POLLIN };
		if (ended && child->output < 0 && child->errors < 0)
			return true;
		ready = poll(fds, 4, ended ? 0 : left < INT32_MAX ? (int)left : INT32_MAX);
		if (ready == 0 && ended)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
		if (ready <= 0)
			continue;
		ended = ended || fds[3].revents != 0;
		if (fds[0].revents != 0)
			pump_in(child, proc, &sent);
		if (fds[1].revents != 0)
			pump_out(&child->output, proc->output, max);
		if (fds[2].revents != 0)
			pump_out(&child->errors, proc->errors, max);
	}
}

struct err *
proc_run(const struct proc *proc, int *status)
{
	struct child	 child = { .input = -1, .output = -1, .errors = -1, .ended = -1 };
	struct err	*e = NULL;
	int		 number = 0, raw = 0;
	bool		 done;

	if (spawn(proc, &child, &number) != 0)
		return err_errno(ERR_FAILED, "cannot run %s", proc->argv[0]);
	done = number != 0 ||
	    serve(&child, proc, proc->timeout != 0 ? clock_ms() + (int64_t)proc->timeout * 1000 : 0);
	if (!done) {
		if (!proc->foreground)
			kill(-child.pid, SIGKILL);
		kill(child.pid, SIGKILL);
	}
	close_fd(&child.input);
	close_fd(&child.output);
	close_fd(&child.errors);
	close_fd(&child.ended);
	while (waitpid(child.pid, &raw, 0) < 0 && errno == EINTR)
		;
	if (number != 0) {
		errno = number;
		e = err_errno(ERR_FAILED, "cannot run %s", proc->argv[0]);
	} else if (!done) {
		e = err_new(ERR_FAILED, "%s: not done after %u seconds", proc->argv[0], proc->timeout);
	}
	*status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
	return e;
}

struct err *
proc_do(const char *program, ...)
{
	const char	*argv[ARGS_MAX] = { program };
	struct buf	 output = { 0 };
	struct proc	 proc = { .argv = argv, .output = &output, .errors = &output };
	struct err	*e;
	const char	*tail;
	size_t		 count = 1;
	va_list		 args;
	int		 status = 0;

	va_start(args, program);
	while (count < ARGS_MAX - 1 && (argv[count] = va_arg(args, const char *)) != NULL)
		count++;
	va_end(args);
	e = proc_run(&proc, &status);
	if (e == NULL && status != 0) {
		while (output.len > 0 && output.data[output.len - 1] == '\n')
			output.data[--output.len] = '\0';
		tail = buf_text(&output) + (output.len > QUOTE_MAX ? output.len - QUOTE_MAX : 0);
		e = err_new(ERR_FAILED, "%s: exit status %d%s%s", program, status, *tail != '\0' ? ": " : "", tail);
	}
	buf_fini(&output);
	return e;
}
