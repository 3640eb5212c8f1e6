/* node: one apply at a time. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/lock.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define TRIES_PER_SECOND	10
#define CONTENT_MAX		4096

static char *
utc_now(void)
{
	time_t		 now = time(NULL);
	struct tm	 tm;

	gmtime_r(&now, &tm);
	return xasprintf("%04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

/* The lock's content is only for people: what counts is flock(2). */
static char *
describe(const char *path)
{
	struct buf	 text = { 0 };
	struct err	*e = file_read(path, CONTENT_MAX, &text);
	json_t		*root = json_loadb(buf_text(&text), text.len, 0, NULL);
	const char	*who = json_str(root, "who"), *since = json_str(root, "since"), *what = json_str(root, "what");
	char		*holder = who != NULL && since != NULL ? xasprintf("%s since %s (pid %lld)%s%s", who, since,
	    (long long)json_int(root, "pid", 0), what != NULL ? ": " : "", what != NULL ? what : "") :
	    xstrdup("somebody else");

	err_free(e);
	json_decref(root);
	buf_fini(&text);
	return holder;
}

static struct err *
sign(int fd, const char *path, const char *who, const char *what)
{
	char		*since = utc_now();
	json_t		*root = json_pack("{s:s, s:I, s:s, s:s}", "who", who, "pid", (json_int_t)getpid(), "since", since,
	    "what", what);
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

struct err *
lock_take(int *fd, char **holder, const char *path, const char *who, const char *what, unsigned seconds,
    bool (*stop)(void *context), void *context)
{
	const struct timespec	 pause = { .tv_nsec = 1000000000 / TRIES_PER_SECOND };
	unsigned		 left = seconds * TRIES_PER_SECOND;

	*holder = NULL;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return err_errno(ERR_FAILED, "%s", path);
	while (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(ERR_FAILED, "%s", path);
		if (left-- == 0 || stop(context)) {
			*holder = describe(path);
			close(*fd);
			*fd = -1;
			return NULL;
		}
		nanosleep(&pause, NULL);
	}
	return sign(*fd, path, who, what);
}
