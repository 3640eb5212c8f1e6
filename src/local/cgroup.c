/* local: a node is its control group: what runs in it is the node, and the kernel knows. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/strs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KILL_WAIT	5000	/* ms */

/* A mount that no path leads to: it is there on every kernel, whatever the machine has on /sys/fs/cgroup. */
static int
mount_detached(void)
{
	int	 fs = fsopen("cgroup2", FSOPEN_CLOEXEC);
	int	 fd = -1;

	if (fs < 0)
		return -1;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return fd;
}

struct err *
cgroup_open(int *fd)
{
	static const char	*const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs		 fs;
	size_t			 i;
	int			 saved;

	*fd = mount_detached();
	saved = errno;
	for (i = 0; *fd < 0 && i < ARRAY_LEN(places); i++) {
		if (statfs(places[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			*fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (*fd >= 0)
		return NULL;
	errno = saved;
	return err_hint(err_errno(ERR_FAILED, "cannot reach the kernel's control groups (version 2)"),
	    "put sudo before the same command; the kernel must be Linux 5.14 or later");
}

/* A small file of the group, into `text` with a NUL.  0, or -1 with errno. */
static int
read_file(int root, const char *path, const char *file, char *text, size_t size)
{
	char	*name = xasprintf("%s/%s", path, file);
	int	 fd = openat(root, name, O_RDONLY | O_CLOEXEC);
	ssize_t	 got;

	free(name);
	if (fd < 0)
		return -1;
	got = read(fd, text, size - 1);
	close(fd);
	if (got < 0)
		return -1;
	text[got] = '\0';
	return 0;
}

static int
write_file(int root, const char *path, const char *file, const char *text)
{
	char	*name = xasprintf("%s/%s", path, file);
	int	 fd = openat(root, name, O_WRONLY | O_CLOEXEC);
	ssize_t	 put;

	free(name);
	if (fd < 0)
		return -1;
	put = write(fd, text, strlen(text));
	close(fd);
	return put < 0 ? -1 : 0;
}

bool
cgroup_populated(int root, const char *path)
{
	char	 text[256];

	return read_file(root, path, "cgroup.events", text, sizeof(text)) == 0 && strstr(text, "populated 1") != NULL;
}

struct err *
cgroup_make(int root, const char *path)
{
	char	*part = xstrdup(path);
	char	*slash = part;
	bool	 last = false;
	int	 failed = 0;

	while (!last && failed == 0) {
		slash += strcspn(slash, "/");
		last = *slash == '\0';
		*slash = '\0';
		failed = mkdirat(root, part, 0755) != 0 && errno != EEXIST;
		if (!last)
			*slash++ = '/';
	}
	free(part);
	return failed != 0 ? err_errno(ERR_FAILED, "cannot make control group %s", path) : NULL;
}

int
cgroup_enter(int root, const char *path)
{
	return write_file(root, path, "cgroup.procs", "0");
}

struct err *
cgroup_kill(int root, const char *path)
{
	static const struct timespec	 pause = { .tv_nsec = 10000000 };
	int64_t				 deadline = clock_ms() + KILL_WAIT;

	if (!cgroup_populated(root, path))
		return NULL;
	if (write_file(root, path, "cgroup.kill", "1") != 0)
		return err_errno(ERR_FAILED, "cannot kill control group %s", path);
	while (cgroup_populated(root, path)) {
		if (clock_ms() > deadline)
			return err_new(ERR_FAILED, "control group %s: processes do not die", path);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

void
cgroup_remove(int root, const char *path)
{
	int		 fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR		*dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent	*entry;
	char		*child;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		child = xasprintf("%s/%s", path, entry->d_name);
		cgroup_remove(root, child);
		free(child);
	}
	closedir(dir);
	unlinkat(root, path, AT_REMOVEDIR);
}

/* Whether `pid` is process 1 of a PID namespace below ours. */
static bool
is_init(long pid)
{
	char	 path[64], line[256];
	FILE	*fp;
	bool	 init = false;

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	fp = fopen(path, "re");
	if (fp == NULL)
		return false;
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (str_starts(line, "NSpid:"))
			init = str_ends(line, "\t1\n");
	}
	fclose(fp);
	return init;
}

/*
 * A number can be another process by the time that the signal goes out; a pidfd cannot.  What is still listed after
 * the pidfd was made is the process that the pidfd means.
 */
void
cgroup_signal_init(int root, const char *path, int signal)
{
	char	*init = xasprintf("%s/payload/init.scope", path);
	char	 before[4096], after[4096], number[32];
	char	*word, *rest = before;
	long	 pid;
	int	 fd;

	if (read_file(root, init, "cgroup.procs", before, sizeof(before)) != 0)
		goto out;
	while ((word = strsep(&rest, "\n")) != NULL) {
		pid = strtol(word, NULL, 10);
		if (pid <= 0 || !is_init(pid))
			continue;
		fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
		if (fd < 0)
			continue;
		snprintf(number, sizeof(number), "%ld\n", pid);
		if (read_file(root, init, "cgroup.procs", after, sizeof(after)) == 0 && strstr(after, number) != NULL)
			syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
		close(fd);
	}
out:
	free(init);
}

static unsigned
count_in(int root, const char *name)
{
	int		 fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR		*dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent	*entry;
	unsigned	 count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && cgroup_populated(fd, entry->d_name))
			count++;
	}
	if (dir != NULL)
		closedir(dir);
	return count;
}

unsigned
cgroup_count_nodes(int root)
{
	int		 fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR		*dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent	*entry;
	unsigned	 count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_type == DT_DIR && str_starts(entry->d_name, "leap-"))
			count += count_in(root, entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	return count;
}
