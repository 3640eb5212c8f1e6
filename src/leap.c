/* leap: provisions a service provider over SSH. */
/* main() prepares the process; cmd/ does the rest. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "base/mem.h"
#include "base/term.h"
#include "cmd/cmd.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where one of the standard streams is closed, the next file or socket would take its number and its output. */
static void
fill_streams(void)
{
	int	 fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int
main(int argc, char **argv)
{
	fill_streams();
	mem_forbid_core();
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	json_setup();
	term_setup();
	return cmd_main(argc, argv);
}
