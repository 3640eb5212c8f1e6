/* node: what files would look like, seen by a check before they go live. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/trial.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/content.h"
#include "node/owner.h"
#include "node/run.h"
#include "node/state.h"
#include "node/store.h"
#include "node/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MESSAGE_MAX	(8u << 10)

/* How the process that looked ends. */
enum { HOLDS, FAILS, CANNOT_LOOK };

static bool
is_placed(const struct item *item)
{
	static const char *const	 names[] = { "file", "link", "directory" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(item->type->name, names[i]) == 0)
			return true;
	return false;
}

static bool
is_shown(const struct item *item)
{
	return item->step_count > 0 && is_placed(item);
}

/* The nearest directory above `path` that exists, without links on the way; the caller's, free(). */
static char *
existing_directory(const char *path)
{
	char	*copy = xstrdup(path), *slash, *real = NULL;

	while (real == NULL && (slash = strrchr(copy, '/')) != NULL) {
		*slash = '\0';
		real = realpath(*copy != '\0' ? copy : "/", NULL);
	}
	free(copy);
	return real;
}

/* What leaves the manifest is removed before anything is put there. */
static bool
is_hidden(const struct item *item)
{
	return is_placed(item) && item_has_step(item, "remove") && file_exists(item->name);
}

static void
add_directory(struct strs *out, const struct item *item)
{
	char	*directory = existing_directory(item->name);

	if (directory != NULL && !strs_has(out, directory))
		strs_add(out, directory);
	free(directory);
}

/* The directories in which something will be different, those above before those below. */
static void
find_directories(const struct run *run, const struct item *first, struct strs *out)
{
	for (size_t i = 0; i < run->gone_count; i++)
		if (is_hidden(&run->gone[i]))
			add_directory(out, &run->gone[i]);
	for (const struct item *item = first; item < run->items + run->item_count; item++)
		if (is_shown(item))
			add_directory(out, item);
	strs_sort(out);
}

/* An upper layer on the directory, in memory.  `below` is the directory itself, opened before anything covered it. */
static struct err *
cover(const char *directory, int below, size_t number)
{
	char		*upper = xasprintf("%s/upper%zu", STATE_TRIAL, number);
	char		*work = xasprintf("%s/work%zu", STATE_TRIAL, number);
	char		*options = xasprintf("lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s", below, upper, work);
	struct stat	 st;
	struct err	*e = NULL;

	if (fstat(below, &st) != 0 || mkdir(upper, 0700) != 0 || mkdir(work, 0700) != 0 ||
	    chown(upper, st.st_uid, st.st_gid) != 0 || chmod(upper, st.st_mode & 07777) != 0 ||
	    mount("overlay", directory, "overlay", 0, options) != 0)
		e = err_errno(ERR_FAILED, "%s", directory);
	free(upper);
	free(work);
	free(options);
	return e;
}

static struct err *
cover_all(const struct strs *directories)
{
	int		*below = xcalloc(directories->count + 1, sizeof(*below));
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < directories->count; i++) {
		below[i] = open(directories->items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (below[i] < 0)
			e = err_errno(ERR_FAILED, "%s", directories->items[i]);
	}
	for (size_t i = 0; e == NULL && i < directories->count; i++)
		e = cover(directories->items[i], below[i], i);
	free(below);	/* the descriptors end with the process */
	return e;
}

/* Put the item at its place.  Its user may come with a later resource; whose it is then does not matter to a check. */
static struct err *
show(struct run *run, const struct item *item)
{
	struct meta	 meta = { 0 };
	struct spot	 spot = { .dir = -1 };
	struct err	*e = NULL;

	if (strcmp(item->type->name, "link") != 0) {
		e = owner_resolve(run, item, &meta);
		if (e != NULL)
			meta.uid = meta.gid = 0;
		err_free(e);
		e = NULL;
	}
	if (strcmp(item->type->name, "file") == 0)
		return store_has(item_str(item, "sha256")) ? content_put(item->name, &meta, item_str(item, "sha256")) : NULL;
	e = spot_open(&spot, item->name, false);
	if (e == NULL && strcmp(item->type->name, "link") == 0)
		e = spot_put_link(&spot, item_str(item, "target"));
	else if (e == NULL && mkdirat(spot.dir, spot.name, meta.mode) != 0 && errno != EEXIST)
		e = err_errno(ERR_FAILED, "%s", item->name);
	spot_close(&spot);
	return e;
}

/* `subject` is what is checked, and must be seen; others may be in a directory that some command has yet to make. */
static struct err *
show_all(struct run *run, const struct item *first, const struct item *subject)
{
	struct err	*e = NULL, *one;

	for (size_t i = 0; i < run->gone_count; i++)
		if (is_hidden(&run->gone[i]))
			(void)!remove(run->gone[i].name);	/* a directory with something in it stays, here too */
	for (const struct item *item = first; e == NULL && item < run->items + run->item_count; item++) {
		one = is_shown(item) ? show(run, item) : NULL;
		if (item == subject)
			e = one;
		else
			err_free(one);
	}
	return e;
}

/* Give this process a view of its own of the file system.  From here on nothing that it does there is seen by others. */
static struct err *
make_view(struct run *run, const struct item *first, const struct item *subject)
{
	struct strs	 directories = { 0 };
	struct err	*e = NULL;

	find_directories(run, first, &directories);
	if (mkdir(STATE_TRIAL, 0700) != 0 && errno != EEXIST)
		e = err_errno(ERR_FAILED, "%s", STATE_TRIAL);
	else if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", STATE_TRIAL, "tmpfs", 0, "mode=0700") != 0)
		e = err_errno(ERR_FAILED, "cannot make a mount namespace");
	if (e == NULL)
		e = cover_all(&directories);
	if (e == NULL)
		e = show_all(run, first, subject);
	strs_fini(&directories);
	return e;
}

static struct err *
run_check(const char *command)
{
	const char	*argv[] = { "/bin/sh", "-eu", "-c", command, NULL };

	return tool_run(argv, NULL, TOOL_SECONDS, NULL);
}

/* The process that looks: its exit status says what it saw, and what goes into `out` says why. */
static void
look(struct run *run, const struct item *first, const struct item *item, int out)
{
	struct err	*e = make_view(run, first, item);
	int		 status = e != NULL ? CANNOT_LOOK : HOLDS;

	if (e == NULL && (e = run_check(item_str(item, "check"))) != NULL)
		status = FAILS;
	if (e != NULL)
		(void)!write_all(out, err_message(e), strlen(err_message(e)));
	_exit(status);
}

/* Read what the process says until it ends. */
static int
listen_to(pid_t child, int in, struct buf *said)
{
	ssize_t	 got;
	int	 status = 0;

	do {
		buf_reserve(said, MESSAGE_MAX);
		got = read(in, said->data + said->len, MESSAGE_MAX);
		if (got > 0)
			said->len += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	said->data[said->len] = '\0';
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILS;
}

static struct err *
failed(const char *why, const char *command)
{
	return err_hint(err_new(ERR_FAILED, "the check before it goes live failed: %s",
	    *why != '\0' ? why : "it was killed"), "what was checked: %s", command);
}

bool
trial_is_due(const struct run *run, const struct item *item)
{
	const char	*command = item_str(item, "check");

	return command != NULL && json_object_get(run->checked, command) == NULL &&
	    json_object_get(run->unchecked, command) == NULL;
}

/* Check the item, with everything from `first` on at its place. */
static struct err *
check_from(struct run *run, const struct item *first, const struct item *item)
{
	const char	*command = item_str(item, "check");
	struct buf	 said = { 0 };
	struct err	*e = NULL;
	pid_t		 child;
	int		 pipe[2], status;

	if (!trial_is_due(run, item))
		return NULL;
	if (pipe2(pipe, O_CLOEXEC) != 0 || (child = fork()) < 0)
		return err_errno(ERR_FAILED, "cannot start a check");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		look(run, first, item, pipe[1]);
	}
	close(pipe[1]);
	status = listen_to(child, pipe[0], &said);
	close(pipe[0]);
	if (status == FAILS)
		e = failed(buf_text(&said), command);
	else
		json_object_set_new(status == HOLDS ? run->checked : run->unchecked, command, json_text(item->id));
	buf_fini(&said);
	return e;
}

struct err *
trial_check(struct run *run, const struct item *item)
{
	return check_from(run, item, item);
}

struct err *
trial_early(struct run *run)
{
	struct err	*e = NULL;

	for (const struct item *item = run->items; e == NULL && item < run->items + run->item_count; item++) {
		if (item->step_count > 0 && !is_placed(item))
			break;
		if (!is_shown(item) || item_str(item, "check") == NULL)
			continue;
		run->failed_id = item->id;
		e = check_from(run, run->items, item);
	}
	if (e == NULL)
		run->failed_id = NULL;
	return e;
}

struct err *
trial_late(struct run *run, const struct item *item)
{
	const char	*command;
	json_t		*id;
	struct err	*e = NULL, *why;

	if (item != NULL && is_placed(item))
		return NULL;
	json_object_foreach(run->unchecked, command, id) {
		why = run_check(command);
		if (why != NULL) {
			e = err_context(failed(err_message(why), command), "%s", json_string_value(id));
			err_free(why);
			break;
		}
	}
	json_object_clear(run->unchecked);
	return e;
}
