/* node: the process that takes the node back when nobody confirms. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/guard.h"

#include "base/err.h"
#include "base/file.h"
#include "node/state.h"
#include "node/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNITS		"/etc/systemd/system"
#define UNIT		"leap-go-back.service"
#define WANTS		UNITS "/multi-user.target.wants"

static const char	 boot_unit[] =
    "# Written by leap; it goes when the last deploy is confirmed.\n"
    "[Unit]\n"
    "Description=Go back to what was before a deploy that nobody confirmed\n"
    "ConditionPathExists=" STATE_CONFIRM "\n"
    "\n"
    "[Service]\n"
    "ExecStart=/bin/sh -c 'for p in " NODE_STATE "/bin/leap-node-*; do exec \"$p\" guard; done'\n"
    "\n"
    "[Install]\n"
    "WantedBy=multi-user.target\n";

static struct err *
sync_directory(const char *path)
{
	int	 fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = fd < 0 || fsync(fd) != 0;

	if (fd >= 0)
		close(fd);
	return failed ? err_new(ERR_FAILED, "%s: cannot sync it", path) : NULL;
}

static struct err *
write_boot_unit(void)
{
	struct err	*e = dir_make(WANTS, 0755);

	if (e == NULL)
		e = file_write(UNITS "/" UNIT, boot_unit, strlen(boot_unit), 0644);
	if (e == NULL && symlink("../" UNIT, WANTS "/" UNIT) != 0 && errno != EEXIST)
		e = err_errno(ERR_FAILED, "%s", WANTS "/" UNIT);
	return e != NULL ? e : sync_directory(WANTS);
}

/* Where systemd does not answer: a process that is nobody's child. */
static struct err *
detach(const char *program)
{
	pid_t	 child = fork();
	int	 null;

	if (child < 0)
		return err_errno(ERR_FAILED, "cannot start a process");
	if (child > 0) {
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		return NULL;
	}
	if (setsid() < 0 || fork() != 0)
		_exit(0);
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	execl(program, program, "guard", (char *)NULL);
	_exit(127);
}

struct err *
guard_start(void)
{
	char		 program[PATH_MAX] = "";
	const char	*argv[] = { "systemd-run", "--quiet", "--collect", "--no-block", "--slice=system.slice",
	    "--description=Go back unless leap comes in again", "--", program, "guard", NULL };
	struct err	*e;

	if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return err_errno(ERR_FAILED, "/proc/self/exe");
	e = write_boot_unit();
	if (e != NULL)
		return e;
	e = tool_run(argv, NULL, TOOL_SECONDS, NULL);
	if (e != NULL) {
		err_free(e);
		e = detach(program);
	}
	return e;
}

void
guard_forget_boot(void)
{
	(void)!unlink(WANTS "/" UNIT);
	(void)!unlink(UNITS "/" UNIT);
}
