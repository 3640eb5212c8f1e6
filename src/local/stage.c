/* local: a mount namespace of our own, on any machine. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

/*
 * systemd-nspawn pivots the root, for which "/" must be a mount point; inside a plain chroot it is none.  So the
 * whole tree is cloned, detached from every peer group (a shared mount would carry what we mount to the machine),
 * and becomes our root.  It has to be attached somewhere: on top of /proc, the one mount point that every
 * chroot has; anywhere else the new mount could spread through a shared mount that the chroot cannot even see.
 */
int
stage_enter(int more_namespaces, const char **what)
{
	struct mount_attr	 private = { .propagation = MS_PRIVATE };
	int			 tree = -1, failed = -1;

	*what = "cannot make namespaces";
	if (unshare(CLONE_NEWNS | more_namespaces) != 0)
		return -1;
	*what = "cannot make the mount of /proc private; is it mounted";
	if (mount(NULL, "/proc", NULL, MS_PRIVATE, NULL) != 0)
		return -1;
	*what = "cannot clone the tree of mounts";
	tree = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | AT_RECURSIVE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return -1;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &private, sizeof(private)) != 0)
		goto out;
	*what = "cannot enter the cloned tree of mounts";
	if (move_mount(tree, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) == 0 &&
	    chroot("/proc") == 0 && chdir("/") == 0)
		failed = 0;
out:
	close(tree);
	return failed;
}
