/* node: the mark that no deploy is wanted here. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_MARK_H
#define NODE_MARK_H

#include "base/mem.h"

struct run;

/* *holder is who set the mark, since when and why, the caller's, free(), and run->marked says so; NULL: there is none. */
NODISCARD
struct err	*mark_holds(struct run *run, char **holder);

/* The op "lock".  The first one's mark stays: *holder says whose it is. */
NODISCARD
struct err	*mark_set(struct run *run, char **holder);

/*
 * The op "unlock".  run->data says whose work is under way all the same: {"running": TEXT}; or whose was, which the request
 * wanted to be ended by force: {"ended": TEXT}.
 */
NODISCARD
struct err	*mark_remove(struct run *run);

#endif
