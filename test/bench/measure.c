/* test/bench: runs a program and prints how long it took and how much memory it had. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

/* measure PROGRAM ARGS...: "WALL-MS CPU-MS PEAK-KIB" on descriptor 3; the program's exit status. */
int
main(int argc, char **argv)
{
	struct rusage	 usage;
	int64_t		 start = now_ms();
	int		 status;
	pid_t		 pid;

	if (argc < 2 || (pid = fork()) < 0)
		return 127;
	if (pid == 0) {
		close(3);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) != pid)
		return 127;
	dprintf(3, "%lld %lld %ld\n", (long long)(now_ms() - start), (long long)cpu_ms(&usage), usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
