/* local: the Debian system that the nodes of a release are overlays of, made once a machine. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/strs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Raise it when what root_finish() or the options of mmdebstrap do changes: roots of another format are made anew. */
#define FORMAT		"leap root 1"

/* What a freshly installed server has that serves nothing but SSH. */
#define PACKAGES	"apt,ca-certificates,dbus,iproute2,openssh-server,systemd,systemd-sysv"
#define STAMP_MAX	4096
#define QUOTE_MAX	1500u

static const char *const releases[] = { "trixie", "bookworm", NULL };

/* Without these no node boots, or no deploy reaches it. */
static const char *const key_files[] = {
	"usr/sbin/sshd", "usr/lib/systemd/systemd", "usr/bin/dbus-daemon", "usr/bin/apt-get", "usr/bin/dpkg",
	"etc/apt/sources.list", "etc/ssh/sshd_config", "var/lib/dpkg/status", NULL,
};

/* A file of the new root; directories are there or made. */
struct extra {
	const char	*path, *text;
};

static const struct extra extras[] = {
	{ "etc/machine-id", "" },	/* a node has one of its own, and is not on its first boot */
	{ "etc/hostname", "localhost\n" },
	{ "etc/resolv.conf", "" },
	{ "etc/dpkg/dpkg.cfg.d/leap-local", "# a local node's disk need not survive a power cut\nforce-unsafe-io\n" },
	{ "etc/apt/apt.conf.d/99leap-local", "Acquire::Languages \"none\";\n" },
	{ "etc/.updated", "" }, { "var/.updated", "" },	/* newer than /usr: no ldconfig at each boot */
};

/* No logins on a console that nobody sees, and no apt that holds its lock when a deploy comes. */
static const char *const masked[] = {
	"console-getty.service", "getty@.service", "apt-daily.timer", "apt-daily-upgrade.timer", NULL,
};

void
root_fini(struct root *root)
{
	free(root->path);
	free(root->mirror);
	*root = (struct root){ 0 };
}

/* Debian's security archive is beside the main one on mirrors that follow deb.debian.org. */
void
root_sources(const char *release, const char *mirror, struct buf *out)
{
	char	*security = str_ends(mirror, "/debian") ? xasprintf("%s-security", mirror) :
	    xstrdup("http://security.debian.org/debian-security");

	buf_addf(out, "deb %s %s main\n", mirror, release);
	buf_addf(out, "deb %s %s-updates main\n", mirror, release);
	buf_addf(out, "deb %s %s-security main\n", security, release);
	free(security);
}

static const char *
debian_arch(void)
{
	static struct utsname	 name;

	if (uname(&name) != 0)
		return NULL;
	if (strcmp(name.machine, "x86_64") == 0)
		return "amd64";
	if (strcmp(name.machine, "aarch64") == 0)
		return "arm64";
	return NULL;
}

static struct err *
check_release(const char *release)
{
	struct strs	 known = { 0 };
	struct err	*e = NULL;
	const char	*near;
	size_t		 i;

	for (i = 0; releases[i] != NULL; i++)
		strs_add(&known, releases[i]);
	if (!strs_has(&known, release)) {
		near = strs_nearest(&known, release);
		e = err_new(ERR_CONFIG, "Leapfile: local.release \"%s\" is not one that local nodes can have", release);
		if (near != NULL)
			e = err_hint(e, "did you mean \"%s\"?", near);
		else
			e = err_hint(e, "there are trixie (Debian 13) and bookworm (Debian 12)");
	}
	strs_fini(&known);
	return e;
}

/* The mirror becomes an argument of mmdebstrap and a line of sources.list, where these characters mean something. */
static struct err *
check_settings(const struct local_net *net)
{
	struct err	*e = check_release(net->release);

	if (e != NULL)
		return e;
	if (strstr(net->mirror, "://") == NULL || strpbrk(net->mirror, " \t\r\n\"'\\$`[]") != NULL) {
		return err_hint(err_new(ERR_CONFIG, "Leapfile: local.mirror \"%s\" is not a mirror's address",
		    net->mirror), "write it like http://deb.debian.org/debian");
	}
	if (debian_arch() == NULL)
		return err_new(ERR_FAILED, "local nodes run on x86_64 and aarch64 only");
	return NULL;
}

/* The lines that a stamp begins with when the root is what we would make now. */
static void
stamp_head(const char *release, struct buf *out)
{
	buf_addf(out, FORMAT "\nrelease %s\narch %s\npackages " PACKAGES "\n", release, debian_arch());
}

/* The rest of the line that begins with `key` and a space, free(), or NULL. */
static char *
stamp_field(const struct buf *stamp, const char *key)
{
	const char	*at = buf_text(stamp);
	size_t		 len = strlen(key);

	while (at != NULL && *at != '\0') {
		if (strncmp(at, key, len) == 0 && at[len] == ' ')
			return xstrndup(at + len + 1, strcspn(at + len + 1, "\n"));
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : NULL;
	}
	return NULL;
}

/* What is wrong with the system at `path`, free(), or NULL. */
static char *
damage(const char *path, const struct buf *stamp)
{
	struct stat	 st;
	char		 hash[SHA256_HEX_SIZE];
	char		*file, *want, *wrong = NULL;
	struct err	*e;
	size_t		 i;

	for (i = 0; key_files[i] != NULL && wrong == NULL; i++) {
		file = path_join(path, key_files[i]);
		if (stat(file, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
			wrong = xasprintf("%s is missing", key_files[i]);
		free(file);
	}
	if (wrong != NULL)
		return wrong;
	file = path_join(path, "var/lib/dpkg/status");
	want = stamp_field(stamp, "status");
	e = sha256_file(file, hash);
	if (e != NULL || want == NULL || strcmp(hash, want) != 0)
		wrong = xstrdup("its packages were changed");
	err_free(e);
	free(file);
	free(want);
	return wrong;
}

/*
 * Fill *root from CACHE/RELEASE-ARCH.  What is wrong with it, free(): NULL when it is good, "" when there is none.
 */
static char *
root_check(struct root *root, const char *release, const char *dir)
{
	char		*stamp_path = path_join(dir, "stamp");
	char		*why;
	struct buf	 stamp = { 0 }, head = { 0 };
	struct err	*e;

	root_fini(root);
	root->path = path_join(dir, "root");
	e = file_read(stamp_path, STAMP_MAX, &stamp);
	stamp_head(release, &head);
	if (e != NULL)
		why = xstrdup(file_exists(dir) ? "it has no stamp" : "");
	else if (!str_starts(buf_text(&stamp), buf_text(&head)))
		why = xstrdup("another version of leap made it");
	else
		why = damage(root->path, &stamp);
	sha256_hex(buf_text(&stamp), stamp.len, root->mark);
	root->mirror = stamp_field(&stamp, "mirror");
	err_free(e);
	buf_fini(&stamp);
	buf_fini(&head);
	free(stamp_path);
	return why;
}

static struct err *
put(const char *root, const char *name, const char *text)
{
	char		*path = path_join(root, name);
	struct err	*e = NULL;
	int		 fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) != 0 || write_all(fd, text, strlen(text)) != 0)
		e = err_errno(ERR_FAILED, "%s", path);
	if (fd >= 0)
		close(fd);
	free(path);
	return e;
}

/* Host keys are a node's own; what the packages made at installation goes. */
static struct err *
remove_host_keys(const char *root)
{
	char		*dir = path_join(root, "etc/ssh"), *path;
	struct strs	 names = { 0 };
	struct err	*e = dir_list(dir, &names);
	size_t		 i;

	for (i = 0; i < names.count && e == NULL; i++) {
		if (!str_starts(names.items[i], "ssh_host_"))
			continue;
		path = path_join(dir, names.items[i]);
		if (unlink(path) != 0)
			e = err_errno(ERR_FAILED, "%s", path);
		free(path);
	}
	strs_fini(&names);
	free(dir);
	return e;
}

static struct err *
root_finish(const char *root)
{
	struct err	*e = remove_host_keys(root);
	size_t		 i;
	char		*path;

	for (i = 0; i < ARRAY_LEN(extras) && e == NULL; i++)
		e = put(root, extras[i].path, extras[i].text);
	for (i = 0; masked[i] != NULL && e == NULL; i++) {
		path = xasprintf("%s/etc/systemd/system/%s", root, masked[i]);
		if (symlink("/dev/null", path) != 0 && errno != EEXIST)
			e = err_errno(ERR_FAILED, "%s", path);
		free(path);
	}
	return e;
}

/* Become mmdebstrap, in a mount namespace of its own: however it ends, none of its mounts stays. */
_Noreturn static void
child_exec(const char *const *argv, int output)
{
	const char	*what = "cannot run mmdebstrap";
	int		 null = open("/dev/null", O_RDONLY);

	umask(022);
	signal(SIGPIPE, SIG_DFL);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2 &&
	    stage_enter(0, &what) == 0)
		execvp(argv[0], (char *const *)argv);
	dprintf(output, "E: %s: %s\n", what, strerror(errno));
	_exit(127);
}

/* Tell what the program is doing as it says so ("I: ..."), and keep the rest for an error. */
static void
follow(int fd, const char *release, struct buf *rest, const struct ear *ear)
{
	FILE	*fp = fdopen(fd, "r");
	char	*line = NULL;
	size_t	 size = 0;

	while (fp != NULL && getline(&line, &size, fp) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (str_starts(line, "I: ") && str_ends(line, "..."))
			ear_say(ear, "%s: %s", release, line + 3);
		if (rest->len > 8192)
			buf_drop(rest, rest->len - 4096);
		buf_addf(rest, "%s\n", line);
	}
	free(line);
	if (fp != NULL)
		fclose(fp);
}

/* The end of what a program wrote, from the beginning of a line. */
static const char *
last_lines(struct buf *text)
{
	const char	*start;

	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
	start = buf_text(text) + (text->len > QUOTE_MAX ? text->len - QUOTE_MAX : 0);
	return text->len > QUOTE_MAX && strchr(start, '\n') != NULL ? strchr(start, '\n') + 1 : start;
}

static struct err *
run_mmdebstrap(const struct local_net *net, const char *target, const struct ear *ear)
{
	struct buf	 sources = { 0 }, output = { 0 };
	char		*include = xasprintf("--include=%s", PACKAGES);
	const char	*argv[] = {
		"mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", include,
		/* apt's lists stay, and its index of them, so that the first apt-get install begins at once. */
		"--skip=cleanup/apt",
		"--customize-hook=rm -f \"$1\"/var/cache/apt/archives/*.deb && chroot \"$1\" apt-cache gencaches",
		net->release, target, NULL, NULL,
	};
	struct err	*e = NULL;
	int		 pipes[2], status = 0;
	pid_t		 pid;

	root_sources(net->release, net->mirror, &sources);
	argv[ARRAY_LEN(argv) - 2] = buf_text(&sources);
	if (pipe2(pipes, O_CLOEXEC) != 0) {
		e = err_errno(ERR_FAILED, "cannot make a pipe");
		goto out;
	}
	pid = fork();
	if (pid == 0)
		child_exec(argv, pipes[1]);
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		e = err_errno(ERR_FAILED, "cannot start a process");
		goto out;
	}
	follow(pipes[0], net->release, &output, ear);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0) {
		e = err_new(ERR_FAILED, "mmdebstrap could not make Debian %s from %s:\n%s", net->release, net->mirror,
		    last_lines(&output));
	}
out:
	free(include);
	buf_fini(&sources);
	buf_fini(&output);
	return e;
}

static struct err *
write_stamp(const struct local_net *net, const char *dir, const char *system)
{
	char		*path = path_join(dir, "stamp"), *status = path_join(system, "var/lib/dpkg/status");
	char		 hash[SHA256_HEX_SIZE], made[32];
	struct buf	 text = { 0 };
	time_t		 now = time(NULL);
	struct tm	 tm;
	struct err	*e = sha256_file(status, hash);

	if (e == NULL) {
		strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
		stamp_head(net->release, &text);
		buf_addf(&text, "mirror %s\nmade %s\nstatus %s\n", net->mirror, made, hash);
		e = file_write(path, buf_text(&text), text.len, 0644);
	}
	buf_fini(&text);
	free(path);
	free(status);
	return e;
}

/* Made beside, and renamed when all of it is there: what has the right name is whole. */
static struct err *
root_make(const struct local_net *net, const char *dir, const struct ear *ear)
{
	char		*beside = xasprintf("%s.new", dir), *system = path_join(beside, "root");
	int64_t		 began = clock_ms();
	struct err	*e;

	ear_say(ear, "making the root of Debian %s nodes, once for this machine (about a minute)", net->release);
	if ((e = dir_remove(beside)) != NULL || (e = make_dir(beside, 0700)) != NULL ||
	    (e = make_dir(system, 0755)) != NULL || (e = run_mmdebstrap(net, system, ear)) != NULL ||
	    (e = root_finish(system)) != NULL || (e = write_stamp(net, beside, system)) != NULL ||
	    (e = dir_remove(dir)) != NULL)
		goto out;
	if (rename(beside, dir) != 0) {
		e = err_errno(ERR_FAILED, "cannot rename %s", beside);
		goto out;
	}
	ear_say(ear, "made %s in %d s", dir, (int)((clock_ms() - began + 500) / 1000));
out:
	if (e != NULL)
		e = err_join(e, dir_remove(beside));
	free(beside);
	free(system);
	return e;
}

/* Make the root that is missing, or cannot be used for the reason `why`. */
static struct err *
root_renew(const struct site *site, const char *dir, const char *why, const struct ear *ear)
{
	if (*why != '\0' && cgroup_count_nodes(site->cgroup) > 0) {
		return err_hint(err_new(ERR_FAILED, "%s cannot be used (%s), and cannot be replaced while "
		    "local nodes run", dir, why), "leap local stop, in each instance that has nodes running");
	}
	if (*why != '\0')
		ear_say(ear, "%s cannot be used: %s", dir, why);
	return root_make(site->net, dir, ear);
}

struct err *
root_get(struct root *root, const struct site *site, const struct ear *ear)
{
	const char	*release = site->net->release;
	char		*dir = NULL, *why = NULL;
	struct err	*e;
	int		 lock = -1;

	*root = (struct root){ 0 };
	if ((e = check_settings(site->net)) != NULL || (e = dir_make(LOCAL_CACHE, 0755)) != NULL)
		return e;
	/* mmdebstrap inherits the lock: should we be killed, nobody touches what it still writes. */
	if ((e = site_lock(LOCAL_CACHE "/lock", true, &lock)) != NULL)
		goto out;
	dir = xasprintf(LOCAL_CACHE "/%s-%s", release, debian_arch());
	why = root_check(root, release, dir);
	if (why == NULL || (e = root_renew(site, dir, why, ear)) != NULL)
		goto out;
	free(why);
	why = root_check(root, release, dir);
	if (why != NULL)
		e = err_new(ERR_FAILED, "%s was made just now, and yet it cannot be used: %s", dir, why);
out:
	if (lock >= 0)
		close(lock);
	if (e != NULL)
		root_fini(root);
	free(why);
	free(dir);
	return e;
}
