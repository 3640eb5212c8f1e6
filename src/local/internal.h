/* local: what the files of this room share. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LOCAL_INTERNAL_H
#define LOCAL_INTERNAL_H

#include "local/local.h"

#include <net/if.h>
#include <stdint.h>
#include <sys/types.h>

#define LOCAL_STATE	"/var/lib/leap-local"
#define LOCAL_CACHE	"/var/cache/leap"
#define LOCAL_RUN	"/run/leap-local"
#define LOCAL_MARK	"# written by leap local start"	/* first line of files that it keeps up to date */

/* site.c: one instance's place on this machine. */
struct site {
	const struct local_net	*net;
	char			 id[9];
	char			*dir;			/* LOCAL_STATE/ID */
	char			 bridge[IF_NAMESIZE];	/* "leapID" */
	char			 group[16];		/* "leap-ID": its control group and its nft table */
	int			 cgroup;		/* the root of the cgroup2 hierarchy */
	int			 lock;			/* held: one command at a time changes an instance's nodes */
};

/* Whom progress is told. */
struct ear {
	local_say	*say;
	void		*context;
};

PRINTF(2, 3)
void		 ear_say(const struct ear *ear, const char *format, ...);

/* To look: needs no root.  *found is false, and there is nothing to close, when the instance never had local nodes. */
NODISCARD
struct err	*site_look(struct site *site, const struct local_net *net, bool *found);

/* To change: root, the programs, the directory, the lock. */
NODISCARD
struct err	*site_open(struct site *site, const struct local_net *net);
void		 site_close(struct site *site);

/* Take the lock that the file stands for, waiting for it; *fd stays open in programs that are run when `inherit`. */
NODISCARD
struct err	*site_lock(const char *path, bool inherit, int *fd);

/* A directory with exactly this mode, whatever the umask; one that exists is left alone. */
NODISCARD
struct err	*make_dir(const char *path, mode_t mode);

/* LOCAL_STATE/ID/nodes[/NAME[/FILE]], the caller's, free(). */
char		*site_path(const struct site *site, const char *name, const char *file);

/* cgroup.c: a node is its control group; the kernel keeps the books, so nothing goes stale. */

/* Hierarchy 2, mounted for us alone where we may, else where the machine has it.  -1 with *e. */
NODISCARD
struct err	*cgroup_open(int *fd);
bool		 cgroup_populated(int root, const char *path);
NODISCARD
struct err	*cgroup_make(int root, const char *path);
int		 cgroup_enter(int root, const char *path);		/* this process; 0, or -1 with errno */
NODISCARD
struct err	*cgroup_kill(int root, const char *path);		/* SIGKILL to all in it, wait */
void		 cgroup_remove(int root, const char *path);		/* with all below, as far as they are empty */
void		 cgroup_signal_init(int root, const char *path, int signal);	/* to the container's PID 1 */
unsigned	 cgroup_count_nodes(int root);				/* that run, of all instances */

/* stage.c */

/*
 * Enter a mount namespace of our own, of which nothing leads back to the machine's, with a root that is a
 * mount point even inside a plain chroot.  Needs /proc.  0, or -1 with errno and *what.
 */
int		 stage_enter(int more_namespaces, const char **what);

/* subnet.c */
struct subnet {
	uint32_t	 base;		/* host byte order */
	unsigned	 bits;
};

NODISCARD
struct err	*subnet_parse(struct subnet *subnet, const char *text);
void		 subnet_text(const struct subnet *subnet, unsigned host, bool with_bits, struct buf *out);

/* Whether an interface or a route of this machine other than `except` is in it; *who says which one, free(). */
bool		 subnet_taken(const struct subnet *subnet, const char *except, char **who);

/* A node's address: in the network, and not the network's own, the bridge's or the broadcast address. */
NODISCARD
struct err	*subnet_check(const struct subnet *subnet, const char *node, const char *address);

/* net.c: the bridge, the way to the internet, and the nodes' links. */
NODISCARD
struct err	*net_up(const struct site *site, const struct subnet *subnet, const struct ear *ear);
NODISCARD
struct err	*net_down(const struct site *site);
void		 net_link_name(const struct site *site, const char *node, char name[IF_NAMESIZE]);

/* In a new network namespace: eth0, whose other end appears in the namespace of process `outside`. */
NODISCARD
struct err	*net_link_make(const struct site *site, const struct local_node *node, const struct subnet *subnet,
		    pid_t outside);
NODISCARD
struct err	*net_link_attach(const struct site *site, const char *node);
NODISCARD
struct err	*net_link_remove(const struct site *site, const char *node);

/* The name servers of this machine that a node can reach, as a resolv.conf. */
void		 net_resolv_conf(struct buf *out, const struct ear *ear);

/* root.c: the Debian system that all nodes of a release are overlays of. */
struct root {
	char	*path;		/* the system's root directory */
	char	 mark[65];	/* of this making of it */
	char	*mirror;	/* that its sources.list names */
};

NODISCARD
struct err	*root_get(struct root *root, const struct site *site, const struct ear *ear);
void		 root_fini(struct root *root);
void		 root_sources(const char *release, const char *mirror, struct buf *out);

/* disk.c: what a node has on its own. */
NODISCARD
struct err	*disk_prepare(const struct site *site, const struct local_node *node, const struct root *root,
		    const struct buf *resolv_conf);

/* node.c: one machine. */
struct launch {
	const struct local_node	*node;
	char			*group;		/* its control group */
	int			 report;	/* where the child says why it could not become the node; or -1 */
	int			 probe;		/* a connection to its sshd that has not answered yet; or -1 */
	int64_t			 since;		/* ms, of that connection */
	int64_t			 began;
	bool			 was_running;
	bool			 up;
	bool			 ended;		/* nothing is left of it */
	struct err		*failure;
};

void		 node_launch(const struct site *site, struct launch *launch, const struct root *root,
		    const struct subnet *subnet);
void		 node_launched(const struct site *site, struct launch *launch);

/* Wait until each node that has not failed answers as sshd does.  Those that do not get `failure`. */
void		 nodes_wait(const struct site *site, struct launch *launches, size_t count, const struct ear *ear);

char		*node_group(const struct site *site, const char *name);	/* free() */

#endif
