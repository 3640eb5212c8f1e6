/* cmd: the nodes that a deploy could not bring to their state, for leap deploy --retry-failed. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_RETRY_H
#define CMD_RETRY_H

#include "base/mem.h"

struct fleet;
struct repo;
struct strs;

/*
 * They are the user's, not the instance's: failed.json in the directory of user_state_dir(), of mode 0600, is an
 * object of lists of nodes by the real paths of instances.
 *
 * retry_read() adds this instance's.  A file that is there and cannot be read, or is something else, is an error.
 */
NODISCARD
struct err	*retry_read(struct strs *out, const struct repo *repo);

/* Before a deploy: whether the file can be read, so that it is known what retry_write() does afterwards. */
NODISCARD
struct err	*retry_check(void);

/*
 * After a deploy, or a plan of one that found nothing to do: those that failed are added, those that were done or are no
 * nodes any more go.  A user without a home remembers nothing.
 */
NODISCARD
struct err	*retry_write(const struct fleet *fleet);

#endif
