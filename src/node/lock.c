/* node: one apply at a time. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/lock.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "wire/request.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TRIES_PER_SECOND	10
#define CONTENT_MAX		4096
#define BEAT			5	/* seconds between two signs of life */
#define END_SECONDS		10
#define PROGRAMS		NODE_STATE "/bin/leap-node-"

static char *
utc_now(void)
{
	time_t		 now = time(NULL);
	struct tm	 tm;

	gmtime_r(&now, &tm);
	return xasprintf("%04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

/* When the process began, in the kernel's ticks: with its number the name of a process.  0: there is none. */
static json_int_t
start_of(pid_t pid)
{
	char		*path = xasprintf("/proc/%d/stat", (int)pid);
	struct buf	 text = { 0 };
	struct err	*e = file_read(path, CONTENT_MAX, &text);
	const char	*at = strrchr(buf_text(&text), ')');	/* behind its name, which may be anything: proc(5) */
	json_int_t	 start = 0;

	for (int field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at != NULL)
		start = strtoll(at, NULL, 10);
	err_free(e);
	buf_fini(&text);
	free(path);
	return start;
}

/* What the holder wrote, for people and for lock_break(): what counts is flock(2).  A new reference, or NULL. */
static json_t *
read_lock(const char *path)
{
	struct buf	 text = { 0 };
	struct err	*e = file_read(path, CONTENT_MAX, &text);
	json_t		*root = json_loadb(buf_text(&text), text.len, 0, NULL);

	err_free(e);
	buf_fini(&text);
	return root;
}

/* Seconds since the last sign of life. */
static time_t
silence(const char *path)
{
	struct stat	 st;

	return stat(path, &st) == 0 ? time(NULL) - st.st_mtime : 0;
}

static char *
describe(const char *path)
{
	json_t		*root = read_lock(path);
	const char	*who = json_str(root, "who"), *since = json_str(root, "since"), *what = json_str(root, "what");
	struct buf	 text = { 0 };

	if (who == NULL || since == NULL)
		buf_adds(&text, "somebody else");
	else
		buf_addf(&text, "%s since %s (pid %lld)%s%s", who, since, (long long)json_int(root, "pid", 0),
		    what != NULL ? ": " : "", what != NULL ? what : "");
	if (silence(path) > LOCK_STALE)
		buf_addf(&text, "; no sign of life for %lld min", (long long)silence(path) / 60);
	json_decref(root);
	return buf_take(&text);
}

static struct err *
sign(int fd, const char *path, const char *who, const char *what)
{
	char		*since = utc_now();
	json_t		*root = json_pack("{s:s, s:I, s:I, s:s, s:s}", "who", who, "pid", (json_int_t)getpid(), "start",
	    start_of(getpid()), "since", since, "what", what);
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	json_pretty(root, &text);
	if (ftruncate(fd, 0) != 0 || write_all(fd, text.data, text.len) != 0)
		e = err_errno(ERR_FAILED, "%s", path);
	buf_fini(&text);
	json_decref(root);
	free(since);
	return e;
}

static void *
beat(void *context)
{
	const struct lock	*lock = context;
	struct pollfd		 end = { .fd = lock->end, .events = POLLIN };
	int			 ready;

	while ((ready = poll(&end, 1, BEAT * 1000)) == 0 || (ready < 0 && errno == EINTR))
		futimens(lock->fd, NULL);
	return NULL;
}

static void
let_go(struct lock *lock)
{
	close(lock->fd);
	lock->fd = -1;
}

/* The thread takes no signals: they are for those who wait for them. */
static struct err *
start_beating(struct lock *lock, const char *path)
{
	sigset_t	 all, before;
	int		 failed;

	lock->end = eventfd(0, EFD_CLOEXEC);
	if (lock->end < 0)
		return err_errno(ERR_FAILED, "%s", path);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&lock->thread, NULL, beat, lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed == 0)
		return NULL;
	close(lock->end);
	return err_new(ERR_FAILED, "%s: cannot start a thread: %s", path, strerror(failed));
}

static struct err *
hold(struct lock *lock, const char *path, const char *who, const char *what)
{
	struct err	*e = sign(lock->fd, path, who, what);

	if (e == NULL)
		e = start_beating(lock, path);
	if (e != NULL)
		let_go(lock);
	return e;
}

struct err *
lock_take(struct lock *lock, char **holder, const char *path, const char *who, const char *what, unsigned seconds,
    bool (*stop)(void *context), void *context)
{
	const struct timespec	 pause = { .tv_nsec = 1000000000 / TRIES_PER_SECOND };
	unsigned		 left = seconds * TRIES_PER_SECOND;
	struct err		*e = NULL;

	*holder = NULL;
	*lock = (struct lock){ .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) };
	if (lock->fd < 0)
		return err_errno(ERR_FAILED, "%s", path);
	while (flock(lock->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			e = err_errno(ERR_FAILED, "%s", path);
		lock->stale = silence(path) > LOCK_STALE;
		if (e == NULL && (left-- == 0 || lock->stale || stop(context)))
			*holder = describe(path);
		if (e != NULL || *holder != NULL) {
			let_go(lock);
			return e;
		}
		nanosleep(&pause, NULL);
	}
	lock->stale = false;
	return hold(lock, path, who, what);
}

void
lock_release(struct lock *lock)
{
	const uint64_t	 over = 1;

	if (lock->fd < 0)
		return;
	(void)!write(lock->end, &over, sizeof(over));
	pthread_join(lock->thread, NULL);
	close(lock->end);
	let_go(lock);
}

/* Whether it is the process that wrote the lock, and runs a program that leap sent. */
static bool
is_holder(pid_t pid, json_int_t start)
{
	char	*link = xasprintf("/proc/%d/exe", (int)pid), path[PATH_MAX] = "";
	bool	 same = readlink(link, path, sizeof(path) - 1) > 0 && str_starts(path, PROGRAMS) && start_of(pid) == start;

	free(link);
	return same;
}

struct err *
lock_break(const char *path)
{
	json_t		*root = read_lock(path);
	pid_t		 pid = (pid_t)json_int(root, "pid", 0);
	json_int_t	 start = json_int(root, "start", 0);
	struct pollfd	 end = { .events = POLLIN };
	struct err	*e = NULL;

	/* What is open cannot become another process between the look and the signal. */
	end.fd = pid > 1 && start > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (end.fd < 0 || !is_holder(pid, start))
		e = err_hint(err_new(ERR_FAILED, "the lock is held, but by no leap-node that it names"),
		    "fuser -v %s on the node says who has it", path);
	else if (syscall(SYS_pidfd_send_signal, end.fd, SIGKILL, NULL, 0) != 0)
		e = err_errno(ERR_FAILED, "cannot end process %d", (int)pid);
	else if (poll(&end, 1, END_SECONDS * 1000) != 1)
		e = err_hint(err_new(ERR_FAILED, "process %d was told to end, but does not", (int)pid),
		    "it may wait for a disk: look at the node's kernel log");
	if (end.fd >= 0)
		close(end.fd);
	json_decref(root);
	return e;
}
