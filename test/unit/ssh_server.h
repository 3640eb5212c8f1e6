/* test/unit: a real sshd of a test's own, on 127.0.0.1. */
/* May know test.h, base and ssh.h; for the tests of ssh and push. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_UNIT_SSH_SERVER_H
#define TEST_UNIT_SSH_SERVER_H

#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "ssh/hostkey.h"
#include "ssh/ssh.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SSHD	"/usr/sbin/sshd"

/* Run a test, or skip it with `why`, if that is not NULL. */
static const char	*server_why;

static inline void
server_skip(void)
{
	test_skip(server_why);
}

#define RUN_ON_SERVER(name)	(server_why == NULL ? RUN(name) : test_run(#name, server_skip))

/* What a test may change before server_start(). */
struct server {
	const char	*host_key_type;		/* of ssh-keygen -t; NULL: ed25519 */
	const char	*options;		/* more lines of sshd_config, or NULL */
	const char	*key_options;		/* in front of the lines of authorized_keys, or NULL */

	char		 dir[64];
	char		 client_key[128];	/* home/.ssh/id_ed25519; it is let in */
	unsigned	 port;
	pid_t		 pid;
	char		 host_key[1024];
	struct ssh_target target;
};

#ifdef LEAP_SANITIZED
const char	*__asan_default_options(void);
const char	*__lsan_default_suppressions(void);

/*
 * libssh2 1.10 leaks a number of each ECDSA key that it reads from a file, and both of a key exchange that is cut off
 * after it made them; only a whole stack tells that from ours.
 */
const char *
__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}

const char *
__lsan_default_suppressions(void)
{
	return "leak:libssh2_userauth_publickey_fromfile_ex\nleak:libssh2_session_handshake\n";
}
#endif

/* Give this process a /var/lib of its own, on a tmpfs: what is sent to the "node" never gets onto the machine. */
static inline bool
server_isolate(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", "/var/lib", "tmpfs", 0, "mode=0755") == 0;
}

/* Why no sshd can be started here; NULL when it can. */
static inline const char *
server_missing(void)
{
	pid_t	 pid;
	int	 status = 1;

	if (getuid() != 0)
		return "sshd needs root to let root in";
	if (access(SSHD, X_OK) != 0)
		return "sshd is not installed (openssh-server)";
	pid = fork();
	if (pid == 0)
		_exit(server_isolate() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? NULL :
	    "no mount namespace can be made here (is / a mount point?)";
}

/* A listening socket on a free port of 127.0.0.1. */
static inline int
server_listen(unsigned *port)
{
	struct sockaddr_in	 at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		 len = sizeof(at);
	int			 fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		abort();
	*port = ntohs(at.sin_port);
	return fd;
}

PRINTF(3, 4)
static inline void
server_write(const struct server *server, const char *name, const char *format, ...)
{
	char	*path = xasprintf("%s/%s", server->dir, name), *text;
	va_list	 args;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	CHECK_OK(file_write(path, text, strlen(text), 0600));
	free(text);
	free(path);
}

/* A new pair of keys, DIR/NAME and DIR/NAME.pub. */
static inline void
server_keygen(const struct server *server, const char *name, const char *type, const char *passphrase)
{
	char	*path = xasprintf("%s/%s", server->dir, name);

	CHECK_OK(proc_do("ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path, NULL));
	free(path);
}

/* Let the keys in that DIR/NAME.pub has, and no other. */
static inline void
server_allow(const struct server *server, const char *name)
{
	char		*path = xasprintf("%s/%s.pub", server->dir, name);
	struct buf	 text = { 0 };

	CHECK_OK(file_read(path, 4096, &text));
	server_write(server, "authorized_keys", "%s%s%s", server->key_options == NULL ? "" : server->key_options,
	    server->key_options == NULL ? "" : " ", buf_text(&text));
	buf_fini(&text);
	free(path);
}

/* Make DIR/host a new host key and server->host_key its text. */
static inline void
server_host_key(struct server *server, const char *type)
{
	char		*path = xasprintf("%s/host", server->dir), *public = xasprintf("%s/host.pub", server->dir);
	struct buf	 text = { 0 }, key = { 0 };

	unlink(path);
	unlink(public);
	server_keygen(server, "host", type, "");
	CHECK_OK(file_read(public, 4096, &text));
	CHECK_OK(hostkey_parse(&key, buf_text(&text)));
	snprintf(server->host_key, sizeof(server->host_key), "%s", buf_text(&key));
	buf_fini(&key);
	buf_fini(&text);
	free(public);
	free(path);
}

/* A connection to the sshd, or -1. */
static inline int
server_connect(const struct server *server)
{
	struct sockaddr_in	 at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons((uint16_t)server->port) };
	int			 fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline bool
server_answers(const struct server *server)
{
	int	 fd = server_connect(server);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Whether this version of sshd knows an option; the host key must be there. */
static inline bool
server_understands(const struct server *server, const char *option)
{
	char		*config = xasprintf("%s/sshd_config", server->dir);
	const char	*argv[] = { SSHD, "-t", "-f", config, "-o", option, NULL };
	struct buf	 errors = { 0 };
	struct proc	 proc = { .argv = argv, .errors = &errors, .timeout = 10 };
	int		 status = -1;

	CHECK_OK(proc_run(&proc, &status));
	buf_fini(&errors);
	free(config);
	return status == 0;
}

static inline void
server_write_config(const struct server *server, const char *more)
{
	server_write(server, "sshd_config", "Port %u\nListenAddress 127.0.0.1\nHostKey %s/host\nPidFile none\nUsePAM no\n"
	    "AuthorizedKeysFile %s/authorized_keys\nStrictModes no\nPermitRootLogin yes\nPrintMotd no\n"
	    "PasswordAuthentication no\nKbdInteractiveAuthentication no\n%s\nMaxStartups 100\n%s",
	    server->port, server->dir, server->dir, server->options == NULL ? "" : server->options, more);
}

/* sshd_config, with the options as they are now.  That logins fail is what is tried here, and must have no consequences. */
static inline void
server_config(const struct server *server)
{
	server_write_config(server, "");
	if (server_understands(server, "PerSourcePenalties=no"))
		server_write_config(server, "PerSourcePenalties no\n");
}

/* Start the sshd on the files of its directory; sshd must be gone before. */
static inline void
server_run(struct server *server)
{
	char	*config = xasprintf("%s/sshd_config", server->dir), *log = xasprintf("%s/log", server->dir);
	int	 fd;

	server->pid = fork();
	if (server->pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a test that crashes leaves no sshd behind */
		if (!server_isolate())
			_exit(126);
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(fd, 1);
		dup2(fd, 2);
		execl(SSHD, SSHD, "-D", "-e", "-f", config, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 200 && !server_answers(server); i++)
		usleep(20000);
	free(log);
	free(config);
}

static inline void
server_start(struct server *server)
{
	int	 fd = server_listen(&server->port);
	char	 home[128];

	close(fd);
	snprintf(server->dir, sizeof(server->dir), "/tmp/leap-sshd-XXXXXX");
	if (mkdtemp(server->dir) == NULL)
		abort();
	(void)mkdir("/run/sshd", 0755);		/* where Debian's sshd locks its children up; systemd makes it elsewhere */
	snprintf(home, sizeof(home), "%s/home/.ssh", server->dir);
	CHECK_OK(dir_make(home, 0700));
	snprintf(home, sizeof(home), "%s/home", server->dir);
	setenv("HOME", home, 1);
	unsetenv("SSH_AUTH_SOCK");
	server_host_key(server, server->host_key_type == NULL ? "ed25519" : server->host_key_type);
	snprintf(server->client_key, sizeof(server->client_key), "%s/home/.ssh/id_ed25519", server->dir);
	server_keygen(server, "home/.ssh/id_ed25519", "ed25519", "");
	server_allow(server, "home/.ssh/id_ed25519");
	server_config(server);
	server_run(server);
	server->target = (struct ssh_target){
		.name = "web1", .address = "127.0.0.1", .port = server->port, .user = "root",
		.host_key = server->host_key, .transport = "libssh2", .timeout = 10,
	};
}

/* End sshd and all that it started. */
static inline void
server_end(struct server *server)
{
	kill(-server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

static inline void
server_stop(struct server *server)
{
	server_end(server);
	CHECK_OK(dir_remove(server->dir));
}

/* What a test's main() begins and ends with. */
static inline void
server_begin(struct server *server)
{
	CHECK_OK(ssh_setup());
	server_why = server_missing();
	if (server_why == NULL)
		server_start(server);
}

static inline int
server_done(struct server *server)
{
	if (server_why == NULL)
		server_stop(server);
	ssh_fini();
	return test_done();
}

/* Connect, run one command, disconnect. */
static inline struct err *
server_command(const struct ssh_target *target, const char *command, const char *input, struct buf *output,
    struct buf *errors, int *status)
{
	struct ssh	*ssh = NULL;
	struct err	*e = ssh_open(&ssh, target);

	*status = -1;
	if (e == NULL)
		e = ssh_run(ssh, command, input, input == NULL ? 0 : strlen(input), output, errors, status);
	ssh_close(ssh);
	return e;
}

/* The same, whose output, errors and status are known. */
static inline void
server_check(const struct ssh_target *target, const char *command, const char *input, const char *want_output,
    const char *want_errors, int want_status)
{
	struct buf	 output = { 0 }, errors = { 0 };
	int		 status;

	CHECK_OK(server_command(target, command, input, &output, &errors, &status));
	CHECK_STR(buf_text(&output), want_output);
	CHECK_STR(buf_text(&errors), want_errors);
	CHECK_INT(status, want_status);
	buf_fini(&output);
	buf_fini(&errors);
}

/* Whether a command runs at all. */
static inline struct err *
server_try(const struct ssh_target *target)
{
	struct buf	 output = { 0 }, errors = { 0 };
	int		 status;
	struct err	*e = server_command(target, "echo in", NULL, &output, &errors, &status);

	if (e == NULL) {
		CHECK_STR(buf_text(&output), "in\n");
		CHECK_INT(status, 0);
	}
	buf_fini(&output);
	buf_fini(&errors);
	return e;
}

#endif
