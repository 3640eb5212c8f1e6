/* local: an instance's place on this machine: its id, its directory, its lock. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/strs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <linux/magic.h>
#include <unistd.h>

#define SEED	LOCAL_STATE "/seed"

void
ear_say(const struct ear *ear, const char *format, ...)
{
	va_list	 args;
	char	*text;

	if (ear->say == NULL)
		return;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	ear->say(ear->context, text);
	free(text);
}

struct err *
make_dir(const char *path, mode_t mode)
{
	if (mkdir(path, 0700) != 0)
		return errno == EEXIST ? NULL : err_errno(ERR_FAILED, "cannot make directory %s", path);
	if (chmod(path, mode) != 0)
		return err_errno(ERR_FAILED, "%s", path);
	return NULL;
}

/* Whether the locked file is the one that has the name now; a holder before us may have removed it. */
static bool
still_named(int fd, const char *path)
{
	struct stat	 ours, named;

	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
	    ours.st_ino == named.st_ino;
}

struct err *
site_lock(const char *path, bool inherit, int *fd)
{
	for (;;) {
		*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | (inherit ? 0 : O_CLOEXEC), 0600);
		if (*fd < 0)
			return err_errno(ERR_FAILED, "%s", path);
		while (flock(*fd, LOCK_EX) != 0) {
			if (errno != EINTR)
				return err_errno(ERR_FAILED, "cannot lock %s", path);
		}
		if (still_named(*fd, path))
			return NULL;
		close(*fd);
	}
}

char *
site_path(const struct site *site, const char *name, const char *file)
{
	return xasprintf("%s/nodes%s%s%s%s", site->dir, name != NULL ? "/" : "", name != NULL ? name : "",
	    file != NULL ? "/" : "", file != NULL ? file : "");
}

/*
 * Two checkouts in two chroots of one machine may have the same path, yet they share the kernel's names of
 * bridges, tables and control groups.  So every LOCAL_STATE has a seed of its own that goes into the id.
 */
static struct err *
seed_make(void)
{
	char		 bytes[32], hex[SHA256_HEX_SIZE];
	struct err	*e = NULL;
	int		 lock = -1;

	if ((e = make_dir(LOCAL_STATE, 0755)) != NULL || (e = site_lock(LOCAL_STATE "/lock", false, &lock)) != NULL)
		goto out;
	if (file_exists(SEED))
		goto out;
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		e = err_errno(ERR_FAILED, "no random numbers");
		goto out;
	}
	sha256_hex(bytes, sizeof(bytes), hex);
	e = file_write(SEED, hex, strlen(hex), 0644);
out:
	if (lock >= 0)
		close(lock);
	return e;
}

static struct err *
site_name(struct site *site, const struct local_net *net)
{
	char		 hex[SHA256_HEX_SIZE];
	struct buf	 text = { 0 };
	struct err	*e;

	memset(site, 0, sizeof(*site));
	site->net = net;
	site->cgroup = site->lock = -1;
	e = file_read(SEED, 128, &text);
	if (e != NULL)
		goto out;
	buf_addf(&text, "\n%s", net->instance);
	sha256_hex(buf_text(&text), text.len, hex);
	memcpy(site->id, hex, sizeof(site->id) - 1);
	site->dir = xasprintf(LOCAL_STATE "/%s", site->id);
	snprintf(site->bridge, sizeof(site->bridge), "leap%s", site->id);
	snprintf(site->group, sizeof(site->group), "leap-%s", site->id);
out:
	buf_fini(&text);
	return e;
}

struct err *
site_look(struct site *site, const struct local_net *net, bool *found)
{
	struct err	*e;

	*found = false;
	if (!file_exists(SEED))
		return NULL;
	e = site_name(site, net);
	if (e == NULL && !file_exists(site->dir)) {
		site_close(site);
		return NULL;
	}
	if (e == NULL)
		e = cgroup_open(&site->cgroup);
	if (e != NULL)
		site_close(site);
	else
		*found = true;
	return e;
}

/* `su` keeps a PATH without the directories of the programs that only root needs. */
static void
complete_path(void)
{
	const char	*path = getenv("PATH");
	char		*longer;

	if (path != NULL && strstr(path, "/usr/sbin") != NULL)
		return;
	longer = xasprintf("%s%s/usr/sbin:/usr/bin:/sbin:/bin", path != NULL ? path : "", path != NULL ? ":" : "");
	setenv("PATH", longer, 1);
	free(longer);
}

static bool
has_program(const char *name)
{
	struct strs	 dirs = { 0 };
	bool		 found = false;
	char		*path;
	size_t		 i;

	strs_split(&dirs, getenv("PATH"), ':');
	for (i = 0; i < dirs.count && !found; i++) {
		path = path_join(dirs.items[i], name);
		found = access(path, X_OK) == 0;
		free(path);
	}
	strs_fini(&dirs);
	return found;
}

static struct err *
check_programs(void)
{
	static const struct {
		const char	*program, *package;
	} needed[] = {
		{ "systemd-nspawn", "systemd-container" },
		{ "ip", "iproute2" },
		{ "nft", "nftables" },
		{ "mmdebstrap", "mmdebstrap" },
		{ "ssh-keygen", "openssh-client" },
	};
	struct buf	 programs = { 0 }, packages = { 0 };
	struct err	*e = NULL;
	size_t		 i;

	for (i = 0; i < ARRAY_LEN(needed); i++) {
		if (has_program(needed[i].program))
			continue;
		buf_addf(&programs, "%s%s", programs.len > 0 ? ", " : "", needed[i].program);
		buf_addf(&packages, " %s", needed[i].package);
	}
	if (programs.len > 0) {
		e = err_hint(err_new(ERR_FAILED, "local nodes need programs that are not installed: %s",
		    buf_text(&programs)), "apt-get install%s", buf_text(&packages));
	}
	buf_fini(&programs);
	buf_fini(&packages);
	return e;
}

/* The upper directory of an overlay cannot be on an overlay. */
static struct err *
check_disk(void)
{
	struct statfs	 fs;

	if (statfs(LOCAL_STATE, &fs) != 0)
		return err_errno(ERR_FAILED, LOCAL_STATE);
	if (fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return NULL;
	return err_hint(err_new(ERR_FAILED, LOCAL_STATE " is on an overlay file system, where nodes' disks cannot be"),
	    "mount another one there, for instance: mount -t tmpfs tmpfs " LOCAL_STATE);
}

struct err *
site_open(struct site *site, const struct local_net *net)
{
	struct err	*e;
	char		*path = NULL;

	memset(site, 0, sizeof(*site));
	site->cgroup = site->lock = -1;
	if (geteuid() != 0) {
		return err_hint(err_new(ERR_FAILED, "only root can start and stop local nodes"),
		    "put sudo before the same command");
	}
	complete_path();
	if ((e = check_programs()) != NULL || (e = seed_make()) != NULL || (e = check_disk()) != NULL ||
	    (e = site_name(site, net)) != NULL || (e = make_dir(site->dir, 0755)) != NULL)
		goto out;
	path = path_join(site->dir, "lock");
	if ((e = site_lock(path, false, &site->lock)) != NULL)
		goto out;
	free(path);
	path = path_join(site->dir, "instance");
	if ((e = file_update(path, net->instance, strlen(net->instance), 0644, NULL)) != NULL)
		goto out;
	free(path);
	path = site_path(site, NULL, NULL);
	if ((e = make_dir(path, 0755)) == NULL)
		e = cgroup_open(&site->cgroup);
out:
	free(path);
	if (e != NULL)
		site_close(site);
	return e;
}

/* An instance without any disk leaves nothing behind. */
static void
remove_empty(const struct site *site)
{
	char	*nodes = site_path(site, NULL, NULL);
	char	*lock = path_join(site->dir, "lock"), *instance = path_join(site->dir, "instance");

	if (rmdir(nodes) == 0) {
		unlink(instance);
		unlink(lock);
		rmdir(site->dir);
	}
	free(nodes);
	free(lock);
	free(instance);
}

void
site_close(struct site *site)
{
	if (site->lock >= 0)
		remove_empty(site);
	free(site->dir);
	site->dir = NULL;
	if (site->cgroup >= 0)
		close(site->cgroup);
	if (site->lock >= 0)
		close(site->lock);
	site->cgroup = site->lock = -1;
}
