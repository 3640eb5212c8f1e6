/* node: where things are kept on a node. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include "base/mem.h"
#include "wire/request.h"

#define STATE_LOCK		NODE_STATE "/lock"
#define STATE_JOURNAL		NODE_STATE "/journal"
#define STATE_MANAGED		NODE_STATE "/managed.json"
#define STATE_INDEX		NODE_STATE "/index"
#define STATE_STORE		NODE_STATE "/store"
#define STATE_GENERATIONS	NODE_STATE "/generations"
#define STATE_KEPT		NODE_STATE "/kept"
#define STATE_CONFIRM		NODE_STATE "/confirm"
#define STATE_NO_DEPLOY		NODE_STATE "/no-deploy"
#define STATE_TRIAL		NODE_STATE "/trial"
#define STATE_MAX		(256u << 20)	/* no state file is larger */

#define TEMP_PREFIX		".leap-tmp-"	/* is in the name of every half-written thing */

/*
 * Fails when NODE_STATE, or anything directly in it, is a symbolic link or does not belong to root: who can make that
 * could lead us to write elsewhere.  That there is nothing yet is no error.
 */
NODISCARD
struct err	*state_check(void);

/* Make the directories that every apply needs, closed to all but root. */
NODISCARD
struct err	*state_make(void);

#endif
