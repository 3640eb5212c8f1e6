/* node: the mark that no deploy is wanted here. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/mark.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "node/lock.h"
#include "node/run.h"
#include "node/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MARK_MAX	16384
#define LOOK_SECONDS	1	/* the guard of a change has the lock for a moment */

struct err *
mark_holds(struct run *run, char **holder)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;
	json_t		*mark;

	*holder = NULL;
	if (!file_exists(STATE_NO_DEPLOY))
		return NULL;
	e = file_read(STATE_NO_DEPLOY, MARK_MAX, &text);
	if (e != NULL)
		return e;
	mark = json_loadb(buf_text(&text), text.len, 0, NULL);
	/* Whoever wrote it by hand may have written anything, or nothing. */
	if (json_str(mark, "who") == NULL || json_str(mark, "since") == NULL)
		*holder = xstrdup("a file, " STATE_NO_DEPLOY);
	else
		*holder = xasprintf("%s since %s: %s", json_str(mark, "who"),
		    json_str(mark, "since"), json_str(mark, "why") != NULL ? json_str(mark, "why") : "without a reason");
	run->marked = true;
	json_decref(mark);
	buf_fini(&text);
	return NULL;
}

struct err *
mark_set(struct run *run, char **holder)
{
	char		 since[32];
	time_t		 now = time(NULL);
	struct tm	 tm;
	struct buf	 text = { 0 };
	json_t		*mark;
	struct err	*e = mark_holds(run, holder);

	if (e != NULL || *holder != NULL)
		return e;
	gmtime_r(&now, &tm);
	strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S UTC", &tm);
	mark = json_pack("{s:s, s:s, s:s, s:s}", "who", run->request->who, "from", run->from, "since", since,
	    "why", run->request->message);
	json_pretty(mark, &text);
	e = state_make();
	if (e == NULL)
		e = file_write(STATE_NO_DEPLOY, text.data, text.len, 0600);
	json_decref(mark);
	buf_fini(&text);
	return e;
}

static bool
never(void *context)
{
	(void)context;
	return false;
}

/* Who has the lock of those who change the node, the caller's; NULL: nobody has. */
static struct err *
look_who_works(const struct run *run, char **holder)
{
	struct lock	 lock = { .fd = -1 };
	struct err	*e = NULL;

	*holder = NULL;
	if (file_exists(STATE_LOCK))
		e = lock_take(&lock, holder, STATE_LOCK, run->request->who, "a look at the lock", LOOK_SECONDS, never, NULL);
	lock_release(&lock);
	return e;
}

struct err *
mark_remove(struct run *run)
{
	char		*holder = NULL;
	struct err	*e;

	if (unlink(STATE_NO_DEPLOY) != 0 && errno != ENOENT)
		return err_errno(ERR_FAILED, "%s", STATE_NO_DEPLOY);
	e = look_who_works(run, &holder);
	if (e == NULL && holder != NULL && run->request->force)
		e = lock_break(STATE_LOCK);
	if (e == NULL && holder != NULL)
		run->data = json_pack("{s:s}", run->request->force ? "ended" : "running", holder);
	free(holder);
	return e;
}
