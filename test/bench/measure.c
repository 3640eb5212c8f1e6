/* test/bench: runs a program and prints how long it took and how much memory and descriptors it had. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS	20

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
cpu_ms(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000) +
	    (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1000;
}

static long
descriptors(pid_t pid)
{
	char	 path[64];
	DIR	*dir;
	long	 count = -2;	/* "." and ".." */

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	if ((dir = opendir(path)) == NULL)
		return 0;
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* The most descriptors that it had open whenever somebody looked, until it ended. */
static long
watch(pid_t pid)
{
	struct pollfd	 ended = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	long		 most = 0, now;

	while (ended.fd >= 0 && poll(&ended, 1, LOOK_MS) == 0) {
		now = descriptors(pid);
		most = now > most ? now : most;
	}
	close(ended.fd);
	return most;
}

/* measure PROGRAM ARGS...: "WALL-MS CPU-MS PEAK-KIB DESCRIPTORS" on descriptor 3; the program's exit status. */
int
main(int argc, char **argv)
{
	struct rusage	 usage;
	int64_t		 start = now_ms();
	int		 status;
	long		 most;
	pid_t		 pid;

	if (argc < 2 || (pid = fork()) < 0)
		return 127;
	if (pid == 0) {
		close(3);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	most = watch(pid);
	if (wait4(pid, &status, 0, &usage) != pid)
		return 127;
	dprintf(3, "%lld %lld %ld %ld\n", (long long)(now_ms() - start), (long long)cpu_ms(&usage), usage.ru_maxrss,
	    most);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
