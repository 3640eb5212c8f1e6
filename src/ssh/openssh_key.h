/* ssh: private keys in OpenSSH's own format, PROTOCOL.key. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_OPENSSH_KEY_H
#define SSH_OPENSSH_KEY_H

#include "base/sshwire.h"

#define OPENSSH_KEY_BEGIN	"-----BEGIN OPENSSH PRIVATE KEY-----"

/* What a file has in clear, and the section with the private key, encrypted unless the cipher is "none". */
struct openssh_key {
	struct sshwire	cipher, kdf, options, public_key, section;
};

/* Read the one key in the text, wherever it begins; *out borrows from `raw`, which must be secret.  False: malformed. */
bool	 openssh_key_read(struct openssh_key *out, struct buf *raw, const char *text, size_t len);

#endif
