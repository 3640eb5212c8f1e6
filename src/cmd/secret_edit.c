/* cmd: leap secret edit: a secret in an editor, and nowhere on a disk. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/proc.h"
#include "cmd/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define VALUE_MAX	(64u << 10)

/* A directory in memory, and the process that removes it when this one is gone, however that happened. */
struct desk {
	char	*dir, *file;
	int	 alive;		/* the guard sees it closed */
	pid_t	 guard;
};

static bool
is_memory(const char *path)
{
	struct statfs fs;

	return path != NULL && *path == '/' && statfs(path, &fs) == 0 &&
	    (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC) && access(path, W_OK | X_OK) == 0;
}

/* In the guard: a session of its own, so that no Ctrl-C gets here. */
_Noreturn static void
guard(const char *dir, int alive)
{
	char	c;
	ssize_t n;

	setsid();
	while ((n = read(alive, &c, 1)) != 0 && (n > 0 || errno == EINTR))
		;
	err_free(dir_remove(dir));
	_exit(0);
}

NODISCARD
static struct err *
desk_open(struct desk *desk, const char *name)
{
	const char	*places[] = { getenv("XDG_RUNTIME_DIR"), "/dev/shm" };
	int		 ends[2];
	size_t		 i = 0;

	while (i < ARRAY_LEN(places) && !is_memory(places[i]))
		i++;
	if (i == ARRAY_LEN(places))
		return err_hint(err_new(ERR_FAILED, "no file system in memory: neither XDG_RUNTIME_DIR nor /dev/shm is a tmpfs"),
		    "\"leap secret set\" needs no file");
	desk->dir = xasprintf("%s/leap-secret-XXXXXX", places[i]);
	if (mkdtemp(desk->dir) == NULL) {
		free(desk->dir);
		desk->dir = NULL;
		return err_errno(ERR_FAILED, "cannot make a directory in %s", places[i]);
	}
	desk->file = path_join(desk->dir, name);
	if (pipe2(ends, O_CLOEXEC) != 0 || (desk->guard = fork()) < 0)
		return err_errno(ERR_FAILED, "cannot start a process");
	if (desk->guard == 0) {
		close(ends[1]);
		guard(desk->dir, ends[0]);
	}
	close(ends[0]);
	desk->alive = ends[1];
	return NULL;
}

NODISCARD
static struct err *
desk_close(struct desk *desk)
{
	struct err *e = desk->dir == NULL ? NULL : dir_remove(desk->dir);

	if (desk->alive >= 0)
		close(desk->alive);
	while (desk->guard > 0 && waitpid(desk->guard, NULL, 0) < 0 && errno == EINTR)
		;
	free(desk->dir);
	free(desk->file);
	return e;
}

static void
nothing(int number)
{
	(void)number;
}

/* What Ctrl-C does is the editor's affair. */
NODISCARD
static struct err *
run_editor(const char *file)
{
	const char		*editor = getenv("VISUAL");
	struct sigaction	 pass = { .sa_handler = nothing }, interrupt, quit;
	char			*command;
	int			 status = -1;
	struct err		*e;

	if (editor == NULL || *editor == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || *editor == '\0')
		editor = "editor";
	command = xasprintf("%s \"$@\"", editor);
	sigaction(SIGINT, &pass, &interrupt);
	sigaction(SIGQUIT, &pass, &quit);
	e = proc_run(&(struct proc){ .argv = (const char *const []){ "/bin/sh", "-c", command, editor, file, NULL },
	    .foreground = true, .interactive = true }, &status);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	free(command);
	if (e == NULL && status != 0)
		e = err_hint(err_new(ERR_FAILED, "the editor, %s, ended with status %d: nothing has changed", editor, status),
		    "VISUAL or EDITOR says which one it is");
	return e;
}

/* Edit the value of `ref` in place of what is there now. */
NODISCARD
static struct err *
edit(struct context *context, const struct secret_ref *ref, const struct desk *desk)
{
	struct buf	 before = { .secret = true }, after = { .secret = true };
	struct err	*e;

	if ((e = secret_read(context->repo, ref->env, ref->path, &before)) != NULL)
		goto out;
	buf_addc(&before, '\n');
	if ((e = file_write(desk->file, before.data, before.len, 0600)) != NULL || (e = run_editor(desk->file)) != NULL)
		goto out;
	if (!file_exists(desk->file))
		e = err_hint(err_new(ERR_FAILED, "the editor removed the file: nothing has changed"),
		    "\"leap secret rm %s/%s\" removes a secret", ref->env, ref->name);
	else
		e = file_read(desk->file, VALUE_MAX, &after);
	if (e != NULL)
		goto out;
	if (after.len > 0 && after.data[after.len - 1] != '\n')
		buf_addc(&after, '\n');
	if (after.len == before.len && memcmp(buf_text(&after), buf_text(&before), after.len) == 0)
		note("%s/%s stays as it is\n", ref->env, ref->name);
	else if ((e = secret_give(context->repo, ref, &after)) == NULL)
		note("changed %s.age; nodes get it with the next deploy\n", ref->path);
out:
	buf_fini(&before);
	buf_fini(&after);
	return e;
}

/* The guard is started before anything is decrypted, so that it knows nothing. */
static struct err *
secret_edit_run(struct context *context)
{
	struct secret_ref	 ref;
	struct desk		 desk = { .alive = -1 };
	struct err		*e;

	if ((e = secret_ref_init(&ref, context, context->args[0], false)) != NULL)
		return e;
	if ((e = desk_open(&desk, ref.name)) == NULL)
		e = edit(context, &ref, &desk);
	e = err_join(e, desk_close(&desk));
	secret_ref_fini(&ref);
	return e;
}

static const struct opt secret_edit_opts[] = {
	{ 'e', "--environment", "ENV", "of this environment; default: the pinned one, or \"default\"" },
	{ 0 },
};

const struct cmd cmd_secret_edit = {
	.name = "secret edit",
	.args = "NAME",
	.summary = "change a secret in an editor",
	.details = "The editor, $VISUAL or $EDITOR, gets a file in memory (XDG_RUNTIME_DIR or /dev/shm, if that is a tmpfs),\n"
	    "which goes when it ends, or leap does in whatever way.",
	.opts = secret_edit_opts,
	.needs = CMD_INSTANCE,
	.min_args = 1,
	.max_args = 1,
	.run = secret_edit_run,
};
