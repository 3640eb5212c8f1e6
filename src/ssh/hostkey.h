/* ssh: host keys. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_HOSTKEY_H
#define SSH_HOSTKEY_H

#include "base/mem.h"

struct buf;
struct ssh_target;

/* public_key_parse() of a host's key, which no security key holds. */
NODISCARD
struct err	*hostkey_parse(struct buf *key, const char *line);

/*
 * Append the picture that ssh-keygen -lv draws of a parsed key, eleven lines: a walk that its SHA-256 leads through a
 * room, so that two keys look different at a glance ("The drunken bishop", Loss, Limmer, von Gernler, 2009).
 */
NODISCARD
struct err	*hostkey_randomart(struct buf *art, const char *key);

/* Ask the server for its host key, without logging in; the best type that it has.  target->host_key is not used. */
NODISCARD
struct err	*hostkey_fetch(struct buf *key, const struct ssh_target *target);

#endif
