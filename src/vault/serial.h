/* vault: how often it was signed: an old vault is not as good as a new one. */
/* May know repo, base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_SERIAL_H
#define VAULT_SERIAL_H

#include "base/mem.h"

#include <jansson.h>

struct buf;
struct repo;

/* The highest number in SUMS_SERIAL, where git merges two by keeping the lines of both; 0: there is none. */
NODISCARD
struct err	*serial_read(const struct repo *repo, json_int_t *out);

/* The text with the next number: above that, and above `least`. */
NODISCARD
struct err	*serial_next(const struct repo *repo, json_int_t least, struct buf *out);

#endif
