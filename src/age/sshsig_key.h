/* age: what a signature by an SSH key is worth. */
/* Knows nothing of leap.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AGE_SSHSIG_KEY_H
#define AGE_SSHSIG_KEY_H

#include "base/mem.h"

struct buf;
struct sshwire;

#define RSA_BYTES_MAX	(16384 / 8)

/* Whether `signature` (the type's name and what belongs to it) is one of `tbs` by this key.  ERR_TRUST when not. */
NODISCARD
struct err	*sshsig_key_verify(const struct sshwire *key, const struct sshwire *signature, const struct buf *tbs);

#endif
