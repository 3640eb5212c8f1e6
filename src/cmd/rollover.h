/* cmd: the replacement of a certificate authority, in steps that break no connection. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_ROLLOVER_H
#define CMD_ROLLOVER_H

#include "cert/authority.h"

struct context;
struct fleet;

/*
 * An authority gets another CA in three steps, each of which waits until all nodes have what the one before made:
 *
 *   announced   the successor is there, and trusted beside the CA that signs
 *   switched    it signs; the old one is still trusted
 *   (no record) the old one is gone
 *
 * files/ca/rollover.json has the step, since when, and which nodes were deployed to since then:
 *
 *   { "ca": { "step": "announced", "since": SECONDS, "deployed": ["web1"] }, "client_ca": … }
 *
 * Do the next step and say what comes after it.  ERR_TRUST when nodes lack the step before.
 */
NODISCARD
struct err	*rollover_next(struct context *context, enum authority authority, int64_t now);

/*
 * After a deploy or rollback: note which of its nodes have what the instance has now.  A manifest that is older than the
 * step has another bundle of CAs, and does not count; what a rollback went to is not known.  Does nothing when no CA is
 * being replaced.
 */
NODISCARD
struct err	*rollover_note(const struct fleet *fleet, bool rolled_back);

#endif
