/* ssh: the host keys that a node is pinned to, and the files that say so. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_PINS_H
#define SSH_PINS_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * A file of pins has a line for each key, "type base64", and behind that the path of the private key on the node where
 * leap had it made; for keys that a server came with there may be any comment.  Each of them is trusted.  The order is
 * that in which the node is to offer them: of several keys of one type, servers use the first in a key exchange.
 */
struct pin {
	char	*key;		/* "ssh-ed25519 AAAA…" */
	char	*path;		/* PINS_PATH and a number; NULL: one of the server's own */
};

struct pins {
	struct pin	*items;
	size_t		 count;
};

#define PINS_PATH	"/etc/ssh/leap_host_ed25519_key_"
#define PINS_MAX	8	/* a rotation has two; more are somebody's mistake */

/* pins_fini() also after an error, which is one of the first bad line.  Empty lines and those with "#" are passed over. */
NODISCARD
struct err	*pins_parse(struct pins *out, const char *text);
void		 pins_fini(struct pins *pins);

/* Append a key; `path` may be NULL. */
void		 pins_add(struct pins *pins, const char *key, const char *path);

/* The file's text. */
void		 pins_format(const struct pins *pins, struct buf *out);

/* The keys alone, as ssh_target has them: lines without a newline behind the last. */
void		 pins_keys(const struct pins *pins, struct buf *out);

/* Whether `key` is one of the lines of `keys`. */
bool		 pins_have(const char *keys, const char *key);

/* The names of the host key algorithms that such lines need, in their order: "ssh-ed25519,rsa-sha2-512,rsa-sha2-256". */
void		 pins_algorithms(const char *keys, struct buf *out);

#endif
