/* repo: the environments that the user works in, instance by instance. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REPO_PIN_H
#define REPO_PIN_H

#include "base/mem.h"

struct repo;

/* The directory of what leap remembers for the user, the caller's, free(); NULL when there is no home. */
char		*user_state_dir(void);

/*
 * They are the user's, not the instance's: $XDG_STATE_HOME/leap/pins.json, or ~/.local/state/leap/pins.json, of mode
 * 0600, is an object of environments by the real paths of instances.
 *
 * pin_read() takes this instance's into repo->pin.  A file that is there and cannot be read, or is something else, is
 * an error: without it, more nodes would be worked on than the user means.
 */
NODISCARD
struct err	*pin_read(struct repo *repo);

/* Pin the environment, or with NULL none; in the file, and in repo->pin. */
NODISCARD
struct err	*pin_write(struct repo *repo, const char *environment);

#endif
