/* node: where things are kept on a node. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include "wire/request.h"

#define STATE_LOCK		NODE_STATE "/lock"
#define STATE_JOURNAL		NODE_STATE "/journal"
#define STATE_MANAGED		NODE_STATE "/managed.json"
#define STATE_INDEX		NODE_STATE "/index"
#define STATE_STORE		NODE_STATE "/store"
#define STATE_GENERATIONS	NODE_STATE "/generations"
#define STATE_MAX		(256u << 20)	/* no state file is larger */

#define TEMP_PREFIX		".leap-tmp-"	/* is in the name of every half-written thing */
#define KEPT_SUFFIX		".leap-kept-"

#endif
