/* local: nodes on this machine, real Debian systems in systemd-nspawn. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LOCAL_LOCAL_H
#define LOCAL_LOCAL_H

#include "base/mem.h"

#include <stdbool.h>

struct buf;
struct strs;

/* All the local nodes of one instance share a bridge; two instances share nothing but the cached root. */
struct local_net {
	const char	*instance;	/* absolute path of the instance: names the bridge and the state */
	const char	*network;	/* "10.5.5.0/24"; the bridge has its first address */
	const char	*release;	/* "trixie" or "bookworm" */
	const char	*mirror;
};

struct local_node {
	const char	*name;
	const char	*address;
	const char	*authorized_keys;	/* the text of root's file */
};

/* Progress for a person, one line at a time. */
typedef void local_say(void *context, const char *text);

/*
 * Boot nodes that do not run yet, all at once, and wait until sshd answers with a banner on each.  Makes the root
 * (mmdebstrap, under /var/cache/leap, checked before use) where it is missing.  Needs root and the programs
 * it names in its error.
 */
NODISCARD
struct err	*local_start(const struct local_net *net, const struct local_node *nodes, size_t count,
		    local_say *say, void *context);

/* Power off; with none left, the bridge, the nft table, the namespaces and mounts go too.  Disks stay. */
NODISCARD
struct err	*local_stop(const struct local_net *net, const struct strs *names, local_say *say, void *context);

/* local_stop(), and the disks go. */
NODISCARD
struct err	*local_remove(const struct local_net *net, const struct strs *names, local_say *say, void *context);

/* The instance's nodes that have a disk here, sorted, and whether each one runs. */
struct local_status {
	char	*name;
	bool	 running;
};
NODISCARD
struct err	*local_list(const struct local_net *net, struct local_status **out, size_t *count);
void		 local_list_free(struct local_status *list, size_t count);

/* The node's SSH host key ("ssh-ed25519 AAAA…"), read from its own disk: nobody on a network can forge it. */
NODISCARD
struct err	*local_host_key(const struct local_net *net, const char *name, struct buf *out);

/* A /24 below 10.0.0.0/8 for a new instance, from its path, that no interface of this machine is in now. */
void		 local_pick_network(const char *instance, struct buf *out);

#endif
