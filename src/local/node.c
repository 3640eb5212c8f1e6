/* local: booting one machine. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* All that the process that becomes the node must know; made before the fork. */
struct birth {
	const struct site	*site;
	const struct launch	*launch;
	const struct root	*root;
	const struct subnet	*subnet;
	char			*mount;		/* where the overlay goes */
	char			*options;	/* of the overlay */
	char			*console;
	pid_t			 parent;
	int			 report;
};

char *
node_group(const struct site *site, const char *name)
{
	return xasprintf("%s/%s", site->group, name);
}

/* Say it to whoever waits for us at the other end of the pipe. */
_Noreturn static void
give_up(const struct birth *birth, const char *what)
{
	dprintf(birth->report, "%s: %s", what, strerror(errno));
	_exit(1);
}

static bool
is_cgroup2(const char *path)
{
	struct statfs	 fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static void
mount_all(const struct birth *birth)
{
	const char	*what;

	if (stage_enter(CLONE_NEWNET, &what) != 0)
		give_up(birth, what);
	/* Machines without systemd, or with one of old, have something else there, or nothing. */
	if (!is_cgroup2("/sys/fs/cgroup") &&
	    mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		give_up(birth, "cannot mount cgroup2 on /sys/fs/cgroup; is /sys mounted");
	/* What systemd-nspawn leaves in /run goes with us. */
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=16m") != 0)
		give_up(birth, "cannot mount a tmpfs on /run");
	if (mount("overlay", birth->mount, "overlay", 0, birth->options) != 0)
		give_up(birth, "cannot mount the node's overlay");
}

static void
connect_streams(const struct birth *birth)
{
	int	 null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int	 log = open(birth->console, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (null < 0 || log < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		give_up(birth, "cannot open the console's log");
}

/*
 * systemd-nspawn ends with status 133 when the node wants to reboot and is not systemd's to restart; then it is run
 * again, in the namespaces and mounts that are there.
 */
static void
become_node(const struct birth *birth)
{
	const char	*name = birth->launch->node->name;
	char		*directory = xasprintf("--directory=%s", birth->mount);
	char		*machine = xasprintf("--machine=%s", name), *hostname = xasprintf("--hostname=%s", name);
	const char	*argv[] = {
		"/bin/sh", "-c", "while \"$@\"; [ $? -eq 133 ]; do :; done", "leap-local",
		"systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--settings=no",
		"--network-namespace-path=/proc/self/ns/net", "--resolv-conf=off", "--timezone=off",
		"--link-journal=no", "--capability=CAP_NET_ADMIN", "--console=read-only",
		"--setenv=TERM=dumb", "--setenv=SYSTEMD_COLORS=0",
		directory, machine, hostname, NULL,
	};
	const char	*env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
		"SYSTEMD_NSPAWN_LOCK=0",			/* our own lock is enough, and leaves no file */
		"SYSTEMD_NSPAWN_API_VFS_WRITABLE=network",	/* net.* sysctls are the node's own */
		NULL,
	};

	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	execve(argv[0], (char *const *)argv, (char *const *)env);
	give_up(birth, "cannot run /bin/sh");
}

/* The process that becomes the node: it has no parent, terminal or file of ours left when it is done. */
_Noreturn static void
be_born(const struct birth *birth)
{
	struct err	*e;
	sigset_t	 none;

	umask(022);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	connect_streams(birth);
	if (cgroup_enter(birth->site->cgroup, birth->launch->group) != 0)
		give_up(birth, "cannot enter the control group");
	mount_all(birth);
	e = net_link_make(birth->site, birth->launch->node, birth->subnet, birth->parent);
	if (e != NULL) {
		dprintf(birth->report, "cannot make the network link: %s", err_message(e));
		_exit(1);
	}
	become_node(birth);
	_exit(1);
}

/* Fork twice: the node is nobody's child, so nobody has to wait for it. */
static struct err *
fork_away(const struct birth *birth)
{
	pid_t	 pid = fork();
	int	 status;

	if (pid < 0)
		return err_errno(ERR_FAILED, "cannot start a process");
	if (pid == 0) {
		setsid();
		pid = fork();
		if (pid == 0)
			be_born(birth);
		_exit(pid < 0 ? 1 : 0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 ? NULL : err_new(ERR_FAILED, "cannot start a process");
}

void
node_launch(const struct site *site, struct launch *launch, const struct root *root, const struct subnet *subnet)
{
	const char	*name = launch->node->name;
	char		*upper = site_path(site, name, "disk/upper"), *work = site_path(site, name, "disk/work");
	struct birth	 birth = {
		.site = site, .launch = launch, .root = root, .subnet = subnet, .parent = getpid(),
		.mount = site_path(site, name, "root"), .console = site_path(site, name, "console.log"),
		.options = xasprintf("lowerdir=%s,upperdir=%s,workdir=%s", root->path, upper, work),
	};
	int		 pipes[2] = { -1, -1 };

	launch->began = clock_ms();
	cgroup_remove(site->cgroup, launch->group);
	if ((launch->failure = cgroup_make(site->cgroup, launch->group)) != NULL ||
	    (launch->failure = net_link_remove(site, name)) != NULL)
		goto out;
	if (pipe2(pipes, O_CLOEXEC) != 0) {
		launch->failure = err_errno(ERR_FAILED, "cannot make a pipe");
		goto out;
	}
	birth.report = pipes[1];
	launch->failure = fork_away(&birth);
	launch->report = pipes[0];
	close(pipes[1]);
out:
	free(upper);
	free(work);
	free(birth.mount);
	free(birth.console);
	free(birth.options);
}

/* The pipe closes when the node's process has become systemd-nspawn's shell, or after it said what went wrong. */
void
node_launched(const struct site *site, struct launch *launch)
{
	char	 text[1024];
	size_t	 len = 0;
	ssize_t	 got;

	if (launch->report < 0)
		return;
	while (len < sizeof(text) - 1) {
		got = read(launch->report, text + len, sizeof(text) - 1 - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	text[len] = '\0';
	close(launch->report);
	launch->report = -1;
	if (launch->failure == NULL && len > 0)
		launch->failure = err_new(ERR_NODES, "%s", text);
	if (launch->failure == NULL)
		launch->failure = net_link_attach(site, launch->node->name);
}
