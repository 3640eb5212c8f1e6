/* ssh: the private keys that a login may try. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_KEYS_H
#define SSH_KEYS_H

#include "base/buf.h"

#include <libssh2.h>

struct strs;

enum identity_use {
	IDENTITY_LIBSSH2,	/* libssh2 can sign with it */
	IDENTITY_SSH,		/* only the system's ssh can */
	IDENTITY_LOCKED,	/* it has a passphrase and the agent does not hold it */
};

struct identity {
	char		*label;		/* for messages */
	char		*path;		/* of the private key; NULL when the agent holds it */
	struct libssh2_agent_publickey *agent_key;	/* borrowed from the agent; NULL for a file */
	char		*type;		/* "ssh-ed25519"; NULL when the file does not say */
	struct buf	 blob;		/* the public key; empty when the file does not say */
	enum identity_use use;
};

struct identities {
	struct identity	*items;
	size_t		 count;
	LIBSSH2_AGENT	*agent;		/* NULL: there is none */
};

/*
 * The keys to try, in order: those of `path` if given (and the agent's only if it holds that
 * very key), else the agent's, then ~/.ssh/id_*.  The agent's connection belongs to `session`: identities_fini()
 * before that is freed.  Fails when `path` is no readable key.
 */
NODISCARD
struct err	*identities_find(struct identities *out, LIBSSH2_SESSION *session, const char *path);
void		 identities_fini(struct identities *list);

/* Whether some key has this use. */
bool		 identities_have(const struct identities *list, enum identity_use use);

#endif
