/* ssh: host keys. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_HOSTKEY_H
#define SSH_HOSTKEY_H

#include "base/mem.h"

struct buf;
struct ssh_target;

/*
 * Parse one line of a public key or known_hosts file, "[names] type base64 [comment]", into "type base64".
 * Types: ssh-ed25519, ecdsa-sha2-nistp256/384/521, ssh-rsa; the blob must be of the type that the line says (RFC 4253, 6.6).
 */
NODISCARD
struct err	*hostkey_parse(struct buf *key, const char *line);

/* "SHA256:…" of a parsed key, as ssh-keygen -l prints it. */
NODISCARD
struct err	*hostkey_fingerprint(struct buf *fingerprint, const char *key);

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
