/* cmd: which nodes run on this machine, and in which network. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_LOCAL_H
#define CMD_LOCAL_H

#include "local/local.h"

struct repo;

#define LOCAL_TAG	"local"		/* a node that has it is to run on this machine */

/* What the Leapfile says of their network; borrows from the repo. */
struct local_net local_net_of(const struct repo *repo);

#endif
