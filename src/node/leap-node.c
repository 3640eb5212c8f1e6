/* node: main() of the program that leap puts on nodes. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("leap-node " LEAP_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "session") == 0) {
		if (geteuid() != 0) {
			fputs("leap-node: only root can manage a node\n", stderr);
			return 1;
		}
		return node_session(STDIN_FILENO, STDOUT_FILENO);
	}
	if (argc == 2 && strcmp(argv[1], "guard") == 0)
		return node_guard();
	fputs("usage: leap-node session | leap-node guard | leap-node --version\n"
	    "leap runs this program on its nodes; it is not meant to be run by hand\n", stderr);
	return 2;
}
