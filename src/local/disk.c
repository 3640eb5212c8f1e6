/* local: a node's disk: what it has that the root it shares with others has not. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/sha256.h"
#include "base/strs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOST_KEY	"etc/ssh/ssh_host_ed25519_key"

/*
 * nodes/NAME/disk/{upper,work}	the overlay; 0700, for its set-user-id programs are no business of local users
 * nodes/NAME/root		where it is mounted, in the node's own mount namespace
 * nodes/NAME/base		the mark of the root that it lies over
 * nodes/NAME/host_key		a copy of the public key, for users who are not root
 * nodes/NAME/console.log	of its last boot
 */
static struct err *
make_dirs(const char *dir)
{
	static const struct {
		const char	*name;
		mode_t		 mode;
	} dirs[] = {
		{ "", 0755 }, { "root", 0755 }, { "disk", 0700 }, { "disk/work", 0755 }, { "disk/upper", 0755 },
		{ "disk/upper/etc", 0755 }, { "disk/upper/etc/ssh", 0755 }, { "disk/upper/etc/apt", 0755 },
		{ "disk/upper/root", 0700 }, { "disk/upper/root/.ssh", 0700 },
	};
	struct err	*e = NULL;
	char		*path;
	size_t		 i;

	for (i = 0; i < ARRAY_LEN(dirs) && e == NULL; i++) {
		path = xasprintf("%s/%s", dir, dirs[i].name);
		e = make_dir(path, dirs[i].mode);
		free(path);
	}
	return e;
}

static struct err *
put(const char *dir, const char *name, const char *text, mode_t mode)
{
	char		*path = path_join(dir, name);
	struct err	*e = file_write(path, text, strlen(text), mode);

	free(path);
	return e;
}

static struct err *
make_machine_id(const char *upper)
{
	unsigned char	 bytes[16];
	struct buf	 text = { 0 };
	struct err	*e;
	size_t		 i;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(ERR_FAILED, "no random numbers");
	for (i = 0; i < sizeof(bytes); i++)
		buf_addf(&text, "%02x", bytes[i]);
	buf_addc(&text, '\n');
	e = put(upper, "etc/machine-id", buf_text(&text), 0444);
	buf_fini(&text);
	return e;
}

static struct err *
make_host_key(const char *dir, const char *upper, const char *name)
{
	char		*key = path_join(upper, HOST_KEY), *comment = xasprintf("root@%s", name);
	struct buf	 text = { 0 };
	struct err	*e;

	e = proc_do("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", key, NULL);
	if (e == NULL)
		e = file_read_beneath(upper, HOST_KEY ".pub", 4096, &text);
	if (e == NULL)
		e = put(dir, "host_key", buf_text(&text), 0644);
	buf_fini(&text);
	free(key);
	free(comment);
	return e;
}

static struct err *
fill(const char *dir, const struct site *site, const struct local_node *node, const struct root *root)
{
	char		*upper = path_join(dir, "disk/upper");
	struct buf	 text = { 0 };
	struct err	*e;

	buf_addf(&text, "%s\n", node->name);
	if ((e = put(upper, "etc/hostname", buf_text(&text), 0644)) != NULL)
		goto out;
	buf_clear(&text);
	buf_addf(&text, "127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost ip6-loopback\n", node->name);
	if ((e = put(upper, "etc/hosts", buf_text(&text), 0644)) != NULL ||
	    (e = make_machine_id(upper)) != NULL || (e = make_host_key(dir, upper, node->name)) != NULL)
		goto out;
	if (root->mirror == NULL || strcmp(root->mirror, site->net->mirror) != 0) {
		buf_clear(&text);
		root_sources(site->net->release, site->net->mirror, &text);
		if ((e = put(upper, "etc/apt/sources.list", buf_text(&text), 0644)) != NULL)
			goto out;
	}
	e = put(dir, "base", root->mark, 0644);
out:
	buf_fini(&text);
	free(upper);
	return e;
}

/* Made beside, and renamed when it is whole. */
static struct err *
disk_make(const struct site *site, const struct local_node *node, const struct root *root, const char *dir)
{
	char		*name = xasprintf(".%s.new", node->name), *beside = site_path(site, name, NULL);
	struct err	*e;

	if ((e = dir_remove(beside)) != NULL || (e = make_dirs(beside)) != NULL ||
	    (e = fill(beside, site, node, root)) != NULL)
		goto out;
	if (rename(beside, dir) != 0)
		e = err_errno(ERR_FAILED, "cannot rename %s", beside);
out:
	if (e != NULL)
		e = err_join(e, dir_remove(beside));
	free(name);
	free(beside);
	return e;
}

/*
 * Files that follow this machine's settings as long as nothing else has taken them over: those that still begin with
 * our mark.  The directory is opened without following links that programs in the node may have put there.
 */
static struct err *
keep_file(const char *upper, const char *dir, const char *name, const char *text, mode_t mode)
{
	struct open_how	 how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int		 root = open(upper, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char		*path = NULL;
	struct buf	 old = { 0 };
	struct err	*e = NULL;

	fd = root >= 0 ? (int)syscall(SYS_openat2, root, dir, &how, sizeof(how)) : -1;
	if (fd < 0)
		goto out;	/* the node did away with the directory: its business */
	path = xasprintf("/proc/self/fd/%d/%s", fd, name);
	if (faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		e = file_read(path, 1 << 20, &old);
		if (e != NULL || !str_starts(buf_text(&old), LOCAL_MARK "\n")) {
			err_free(e);
			e = NULL;
			goto out;
		}
	}
	e = file_update(path, text, strlen(text), mode, NULL);
out:
	buf_fini(&old);
	free(path);
	if (fd >= 0)
		close(fd);
	if (root >= 0)
		close(root);
	return e;
}

static struct err *
check_base(const char *dir, const struct root *root, const char *name)
{
	char		*path = path_join(dir, "base");
	struct buf	 mark = { 0 };
	struct err	*e = file_read(path, 128, &mark);

	if (e == NULL && strcmp(buf_text(&mark), root->mark) != 0) {
		e = err_hint(err_new(ERR_FAILED, "its disk lies over a root that is not there any more"),
		    "leap local rm %s, then start it anew", name);
	}
	buf_fini(&mark);
	free(path);
	return e;
}

struct err *
disk_prepare(const struct site *site, const struct local_node *node, const struct root *root,
    const struct buf *resolv_conf)
{
	char		*dir = site_path(site, node->name, NULL), *upper = path_join(dir, "disk/upper");
	struct buf	 keys = { 0 };
	struct err	*e;

	if (!file_exists(dir))
		e = disk_make(site, node, root, dir);
	else
		e = check_base(dir, root, node->name);
	if (e != NULL)
		goto out;
	buf_addf(&keys, LOCAL_MARK "\n%s", node->authorized_keys);
	if ((e = keep_file(upper, "etc", "resolv.conf", buf_text(resolv_conf), 0644)) == NULL)
		e = keep_file(upper, "root/.ssh", "authorized_keys", buf_text(&keys), 0600);
out:
	buf_fini(&keys);
	free(upper);
	free(dir);
	return e;
}

/* The key is read from the disk itself where that may be read, for a deploy may have changed it. */
struct err *
local_host_key(const struct local_net *net, const char *name, struct buf *out)
{
	struct site	 site;
	struct buf	 text = { 0 };
	struct err	*e;
	char		*dir = NULL, *upper = NULL;
	bool		 found;
	size_t		 len;

	if ((e = site_look(&site, net, &found)) != NULL)
		return e;
	dir = found ? site_path(&site, name, NULL) : NULL;
	if (dir == NULL || !file_exists(dir)) {
		e = err_hint(err_new(ERR_FAILED, "node %s has no disk on this machine", name),
		    "leap local start %s", name);
		goto out;
	}
	upper = path_join(dir, "disk/upper");
	if (access(upper, R_OK) == 0)
		e = file_read_beneath(upper, HOST_KEY ".pub", 4096, &text);
	else
		e = file_read_beneath(dir, "host_key", 4096, &text);
	if (e != NULL)
		goto out;
	len = strcspn(buf_text(&text), " \n");
	if (buf_text(&text)[len] == ' ')
		len += 1 + strcspn(buf_text(&text) + len + 1, " \n");
	if (!str_starts(buf_text(&text), "ssh-ed25519 "))
		e = err_new(ERR_FAILED, "node %s: what its disk has as a host key is none", name);
	else
		buf_add(out, buf_text(&text), len);
out:
	if (found)
		site_close(&site);
	buf_fini(&text);
	free(upper);
	free(dir);
	return e;
}
