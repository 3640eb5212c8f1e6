/* cmd: what the commands on single nodes share. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_NODE_H
#define CMD_NODE_H

#include "base/mem.h"

/* node_name_check() of a name from the command line: fails with ERR_USAGE. */
NODISCARD
struct err	*node_check_argument(const char *name);

#endif
