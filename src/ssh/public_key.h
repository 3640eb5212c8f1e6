/* ssh: public keys, of hosts and of people. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_PUBLIC_KEY_H
#define SSH_PUBLIC_KEY_H

#include "base/mem.h"

#include <stdbool.h>

struct buf;

/*
 * A key is "type base64" of its wire form, its blob (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4).  Types: ssh-ed25519,
 * ecdsa-sha2-nistp256/384/521, ssh-rsa of 2048 bits and more; and those held by a security key,
 * sk-ssh-ed25519@openssh.com and sk-ecdsa-sha2-nistp256@openssh.com, which no host has.
 */

/*
 * Parse one line of a public key or known_hosts file, "[names] type base64 [comment]", into a key; of one that is held
 * only if `held`.  ERR_CONFIG when there is none, or the blob is not of the type that the line says.
 */
NODISCARD
struct err	*public_key_parse(struct buf *key, const char *line, bool held);

/* Append the blob of a key; fails as public_key_parse() does. */
NODISCARD
struct err	*public_key_blob(struct buf *blob, const char *key);

/* Append the key of a blob, which is not checked further; false when it does not even name its type. */
bool		 public_key_line(struct buf *line, const struct buf *blob);

/* How many bits ssh-keygen -l says that a key has. */
size_t		 public_key_bits(const struct buf *blob);

/* Append "SHA256:…" of a key, as ssh-keygen -l prints it. */
NODISCARD
struct err	*public_key_fingerprint(struct buf *fingerprint, const char *key);

#endif
