/* test/unit: both transports against a real sshd. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh_server.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/sshwire.h"
#include "base/strs.h"
#include "ssh/public_key.h"

#include <libssh2.h>
#include <poll.h>
#include <pthread.h>

static struct server	server;

static const char *const transports[] = { "libssh2", "ssh" };

/* Connect, run one command, disconnect. */
static struct err *
run(const struct ssh_target *target, const char *command, const char *input, struct buf *output, struct buf *errors,
    int *status)
{
	struct ssh	*ssh = NULL;
	struct err	*e = ssh_open(&ssh, target);

	*status = -1;
	if (e == NULL)
		e = ssh_run(ssh, command, input, input == NULL ? 0 : strlen(input), output, errors, status);
	ssh_close(ssh);
	return e;
}

/* The same, where only success or failure counts. */
static struct err *
try(const struct ssh_target *target)
{
	struct buf	 output = { 0 }, errors = { 0 };
	int		 status;
	struct err	*e = run(target, "echo in", NULL, &output, &errors, &status);

	if (e == NULL) {
		CHECK_STR(buf_text(&output), "in\n");
		CHECK_INT(status, 0);
	}
	buf_fini(&output);
	buf_fini(&errors);
	return e;
}

static void
check_run(const struct ssh_target *target, const char *command, const char *input, const char *want_output,
    const char *want_errors, int want_status)
{
	struct buf	 output = { 0 }, errors = { 0 };
	int		 status;

	CHECK_OK(run(target, command, input, &output, &errors, &status));
	CHECK_STR(buf_text(&output), want_output);
	CHECK_STR(buf_text(&errors), want_errors);
	CHECK_INT(status, want_status);
	buf_fini(&output);
	buf_fini(&errors);
}

TEST(a_command_has_its_input_output_errors_and_status)
{
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct ssh_target	 target = server.target;

		target.transport = transports[i];
		check_run(&target, "tr a-z A-Z; echo wrong >&2; exit 3", "input", "INPUT", "wrong\n", 3);
		check_run(&target, "cat", NULL, "", "", 0);
		check_run(&target, "exit 255", NULL, "", "", 255);
		check_run(&target, "echo \"it's\" '$HOME' \\\\ \"a\nb\"", NULL, "it's $HOME \\ a\nb\n", "", 0);
		check_run(&target, "sleep 1 & exec >&- 2>&-", "input that nobody reads", "", "", 0);
	}
	check_run(&server.target, "kill -9 $$", NULL, "", "", 137);
}

TEST(one_connection_runs_several_commands)
{
	struct ssh	*ssh = NULL;
	struct buf	 output = { 0 }, errors = { 0 };
	struct ssh_stats stats;
	int		 status;

	if (!CHECK_OK(ssh_open(&ssh, &server.target)))
		return;
	for (int i = 0; i < 3; i++)
		CHECK_OK(ssh_run(ssh, "echo $PPID", NULL, 0, &output, &errors, &status));
	ssh_stats(ssh, &stats);
	CHECK_INT(stats.received, output.len);
	CHECK(stats.key_exchange > 0 && stats.auth > 0 && stats.key_exchange < 10);
	ssh_close(ssh);
	buf_fini(&output);
	buf_fini(&errors);
}

TEST(much_data_goes_both_ways_at_once)
{
	enum { SIZE = 8 << 20 };
	char		*data = xmalloc(SIZE);

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct ssh_target	 target = server.target;
		struct ssh		*ssh = NULL;
		struct buf		 output = { 0 }, errors = { 0 };
		int			 status;

		target.transport = transports[i];
		if (CHECK_OK(ssh_open(&ssh, &target)) &&
		    CHECK_OK(ssh_run(ssh, "tee /dev/stderr", data, SIZE, &output, &errors, &status))) {
			CHECK_INT(output.len, SIZE);
			CHECK(output.len == SIZE && memcmp(output.data, data, SIZE) == 0);
			CHECK_INT(errors.len, 65536);
		}
		ssh_close(ssh);
		buf_fini(&output);
		buf_fini(&errors);
	}
	free(data);
}

TEST(endless_output_ends_in_an_error)
{
	struct buf	 output = { 0 }, errors = { 0 };
	int		 status;

	CHECK_ERR(run(&server.target, "yes", NULL, &output, &errors, &status),
	    "web1: the command printed more than 16 MiB\n");
	buf_fini(&output);
	buf_fini(&errors);
}

TEST(endless_errors_end_in_an_error)
{
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct ssh_target	 target = server.target;
		struct buf		 output = { 0 }, errors = { 0 };
		int			 status;

		target.transport = transports[i];
		CHECK_ERR(run(&target, "yes >&2", NULL, &output, &errors, &status),
		    "web1: the command printed more than 16 MiB\n");
		CHECK(errors.len <= 65536);
		buf_fini(&output);
		buf_fini(&errors);
	}
}

/* Two fingerprints and what to do. */
static void
check_changed(const char *pinned)
{
	struct buf	 want = { 0 }, old = { 0 }, new = { 0 };
	struct ssh_target target = server.target;

	target.host_key = pinned;
	CHECK_OK(public_key_fingerprint(&old, pinned));
	CHECK_OK(public_key_fingerprint(&new, server.host_key));
	buf_addf(&want, "web1: the host key at 127.0.0.1 port %u is not the pinned one\n", server.port);
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct err	*e;
		struct buf	 text = { 0 };

		target.transport = transports[i];
		e = try(&target);
		if (!CHECK(e != NULL))
			continue;
		CHECK_INT(err_code(e), ERR_TRUST);
		err_format(e, &text);
		CHECK(str_starts(buf_text(&text), want.data));
		CHECK(strstr(buf_text(&text), buf_text(&old)) != NULL);
		CHECK(strstr(buf_text(&text), buf_text(&new)) != NULL);
		CHECK(strstr(buf_text(&text), "hint: ") != NULL);
		CHECK(strstr(buf_text(&text), "leap node init web1\n") != NULL);
		buf_fini(&text);
		err_free(e);
	}
	buf_fini(&want);
	buf_fini(&old);
	buf_fini(&new);
}

TEST(another_host_key_than_the_pinned_one_is_refused)
{
	char	 pinned[1024];

	memcpy(pinned, server.host_key, sizeof(pinned));
	server_end(&server);
	server_host_key(&server, "ed25519");
	server_run(&server);
	check_changed(pinned);
}

TEST(another_type_of_host_key_is_refused)
{
	char	 pinned[1024];

	memcpy(pinned, server.host_key, sizeof(pinned));
	server_end(&server);
	server_host_key(&server, "ecdsa");
	server_run(&server);
	check_changed(pinned);
	CHECK_OK(try(&server.target));
}

TEST(an_rsa_host_key_works_through_auto)
{
	struct ssh_target	 target = server.target;

	server_end(&server);
	server_host_key(&server, "rsa");
	server_run(&server);
	target.transport = "auto";
	CHECK_OK(try(&target));
	if (libssh2_version(0x010b00) == NULL)
		CHECK_ERR_HAS(try(&server.target), "cannot check host keys of the pinned type");
	server_end(&server);
	server_host_key(&server, "ed25519");
	server_run(&server);
}

/* While keys are replaced there are two, and the server has either, or first the one and then the other. */
TEST(any_of_several_pinned_keys_will_do)
{
	static const char *const	 types[] = { "ed25519", "ecdsa" };
	struct ssh_target		 target = server.target;
	char				*both;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		char	 old[sizeof(server.host_key)];

		memcpy(old, server.host_key, sizeof(old));
		server_end(&server);
		server_host_key(&server, types[i]);
		server_run(&server);
		for (int order = 0; order < 2; order++) {
			both = xasprintf("%s\n%s", order == 0 ? old : server.host_key, order == 0 ? server.host_key : old);
			target.host_key = both;
			for (size_t k = 0; k < ARRAY_LEN(transports); k++) {
				target.transport = transports[k];
				CHECK_OK(try(&target));
			}
			free(both);
		}
	}
	server_end(&server);
	server_host_key(&server, "ed25519");
	server_run(&server);
}

TEST(a_host_key_is_fetched_without_logging_in)
{
	struct buf		 key = { 0 };
	struct ssh_target	 target = server.target;

	target.host_key = NULL;
	target.user = "nobody-at-all";
	CHECK_OK(hostkey_fetch(&key, &target));
	CHECK_STR(buf_text(&key), server.host_key);
	buf_fini(&key);
}

TEST(a_refused_connection_says_so)
{
	struct ssh_target	 target = server.target;
	unsigned		 port;
	char			 want[128];

	close(server_listen(&port));
	target.port = port;
	snprintf(want, sizeof(want), "web1: cannot connect to 127.0.0.1 port %u: Connection refused\n", port);
	CHECK_ERR(try(&target), want);
	target.transport = "ssh";
	CHECK_ERR_HAS(try(&target), "Connection refused");
	target.address = "web1.example.org";
	target.transport = "libssh2";
	CHECK_ERR_HAS(try(&target), "is not an IP address and a port");
}

TEST(a_silent_peer_is_given_up_after_the_timeout)
{
	struct ssh_target	 target = server.target;
	unsigned		 port;
	char			 want[128];
	int			 fd = server_listen(&port);
	double			 begin = clock_now();

	target.port = port;
	target.timeout = 1;
	snprintf(want, sizeof(want),
	    "web1: 127.0.0.1 port %u accepted the connection and then stayed silent for 1 s\n", port);
	CHECK_ERR(try(&target), want);
	CHECK(clock_now() - begin >= 1 && clock_now() - begin < 2);
	target.transport = "ssh";
	CHECK_ERR_HAS(try(&target), "web1: cannot reach 127.0.0.1 port ");
	CHECK(clock_now() - begin < 5);
	close(fd);
}

/* A peer that says `text` to whoever connects, and after that nothing. */
struct talker {
	int		 fd;
	const char	*text;
	bool		 hang_up, endless, flood;
};

static void *
talk(void *argument)
{
	const struct talker	*talker = argument;
	unsigned char		 packets[1024 * 16];
	int			 fd = accept(talker->fd, NULL, NULL);

	if (fd < 0 || write(fd, talker->text, strlen(talker->text)) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(packets); i += 16)	/* RFC 4253, 6: SSH_MSG_IGNORE of no data */
		memcpy(packets + i, "\0\0\0\014\006\002\0\0\0\0pading", 16);
	while (talker->endless && write(fd, talker->text, strlen(talker->text)) > 0)
		continue;
	while (talker->flood && write(fd, packets, sizeof(packets)) > 0)
		continue;
	/* Until the other side has enough, 3 s at most. */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 3 }, sizeof(struct timeval));
	while (!talker->hang_up && !talker->endless && read(fd, packets, sizeof(packets)) > 0)
		continue;
	shutdown(fd, SHUT_RDWR);
	close(fd);
	return NULL;
}

static void
check_talker(const char *text, bool hang_up, bool endless, const char *want)
{
	struct talker		 talker = { .text = text, .hang_up = hang_up, .endless = endless };
	struct ssh_target	 target = server.target;
	unsigned		 port;
	pthread_t		 thread;

	talker.fd = server_listen(&port);
	pthread_create(&thread, NULL, talk, &talker);
	target.port = port;
	target.timeout = 1;
	CHECK_ERR_HAS(try(&target), want);
	pthread_join(thread, NULL);
	close(talker.fd);
}

TEST(a_peer_that_is_no_ssh_server_is_an_error)
{
	check_talker("HTTP/1.0 400 Bad Request\r\n\r\n", true, false, "closed the connection before it said that it is an SSH");
	check_talker("", true, false, "closed the connection before it said that it is an SSH server");
	check_talker("Hello.  This is a machine.\r\nSSH-2.0-Slow\r\n", false, false, "did not finish the key exchange in 1 s");
	check_talker("SSH", false, false, "stayed silent for 1 s");
	check_talker("SSH", true, false, "closed the connection before it said that it is an SSH server");
	check_talker("Hello.  This is a machine.\r\n", false, true, "sends something else than an SSH server does");
	check_talker("more and more and more", false, true, "sends something else than an SSH server does");
	check_talker("SSH-2.0-Slow\r\n", false, false, "did not finish the key exchange in 1 s");
	check_talker("SSH-2.0-Gone\r\n", true, false, "closed the connection during the key exchange");
	check_talker("SSH-2.0-Mad\r\n\377\377\377\377garbage garbage garbage garbage", false, false, "key exchange");
}

/* Packets that mean nothing, faster than they are read. */
TEST(a_flood_does_not_hold_a_thread_for_ever)
{
	struct talker		 talker = { .text = "SSH-2.0-Flood\r\n", .flood = true };
	struct ssh_target	 target = server.target;
	pthread_t		 thread;
	double			 begin = clock_now();

	talker.fd = server_listen(&target.port);
	pthread_create(&thread, NULL, talk, &talker);
	target.timeout = 1;
	CHECK_ERR_HAS(try(&target), "127.0.0.1 port ");
	CHECK(clock_now() - begin < 3);
	pthread_join(thread, NULL);
	close(talker.fd);
}

TEST(a_key_that_is_not_let_in_is_listed)
{
	struct ssh_target	 target = server.target;
	char			 key[128], want[512];

	server_keygen(&server, "stranger", "ed25519", "");
	snprintf(key, sizeof(key), "%s/stranger", server.dir);
	target.key = key;
	snprintf(want, sizeof(want), "web1: no key was accepted for root@127.0.0.1 port %u\n"
	    "  tried %s\n"
	    "hint: the node's authorized_keys must have the public part of one of these keys\n", server.port, key);
	CHECK_ERR(try(&target), want);
	target.transport = "ssh";
	CHECK_ERR_HAS(try(&target), "no key was accepted for root@127.0.0.1");
	target.key = "/nonexistent/key";
	target.transport = "libssh2";
	CHECK_ERR_HAS(try(&target), "hint: the Leapfile's ssh.key names the private key to log in with\n");
	target.key = "/etc/passwd";
	CHECK_ERR_HAS(try(&target), "web1: /etc/passwd is no SSH key\n");
}

TEST(without_any_key_it_says_how_to_get_one)
{
	char	*home = xstrdup(getenv("HOME"));

	setenv("HOME", "/nonexistent", 1);
	CHECK_ERR(try(&server.target), "web1: there is no key to log in with as root@127.0.0.1\n"
	    "hint: make one with ssh-keygen, load one with ssh-add, or name one as ssh.key in the Leapfile\n");
	setenv("HOME", home, 1);
	free(home);
}

TEST(keys_of_each_type_let_in)
{
	static const struct {
		const char	*name, *type, *transport;
	} keys[] = {
		{ "k_ed25519", "ed25519", "libssh2" },
		{ "k_ecdsa", "ecdsa", "libssh2" },
		{ "k_ed25519", "ed25519", "ssh" },
		{ "k_ecdsa", "ecdsa", "ssh" },
		{ "k_rsa", "rsa", "ssh" },
		{ "k_rsa", "rsa", "auto" },
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct ssh_target	 target = server.target;
		char			 key[128];

		snprintf(key, sizeof(key), "%s/%s", server.dir, keys[i].name);
		if (access(key, F_OK) != 0)
			server_keygen(&server, keys[i].name, keys[i].type, "");
		server_allow(&server, keys[i].name);
		target.key = key;
		target.transport = keys[i].transport;
		CHECK_OK(try(&target));
	}
	server_allow(&server, "home/.ssh/id_ed25519");
}

/* With "auto", an RSA key among the defaults is tried by the system's ssh when libssh2's keys do not help. */
TEST(auto_goes_on_to_keys_that_only_ssh_can_use)
{
	struct ssh_target	 target = server.target;
	char			 from[128], to[128];

	snprintf(from, sizeof(from), "%s/k_rsa", server.dir);
	snprintf(to, sizeof(to), "%s/home/.ssh/id_rsa", server.dir);
	CHECK(rename(from, to) == 0);
	server_allow(&server, "k_rsa");
	target.transport = "auto";
	CHECK_OK(try(&target));
	unlink(to);
	server_allow(&server, "home/.ssh/id_ed25519");
}

/* A file such as ssh-keygen -t ed25519-sk makes (OpenSSH's PROTOCOL.key), for a device that is nowhere. */
static void
write_held_key(const char *name)
{
	static const char	 type[] = "sk-ssh-ed25519@openssh.com";
	struct buf		 blob = { 0 }, raw = { 0 }, text = { 0 };

	sshwire_add_text(&blob, type);
	sshwire_add_string(&blob, "0123456789abcdef0123456789abcdef", 32);
	sshwire_add_text(&blob, "ssh:");
	buf_add(&raw, "openssh-key-v1", sizeof("openssh-key-v1"));
	sshwire_add_text(&raw, "none");
	sshwire_add_text(&raw, "none");
	sshwire_add_text(&raw, "");
	sshwire_add_u32(&raw, 1);
	sshwire_add_string(&raw, blob.data, blob.len);
	sshwire_add_string(&raw, "12345678", 8);	/* the private half, which only ssh looks at */
	base64_encode(raw.data, raw.len, true, &text);
	server_write(&server, name, "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n",
	    text.data);
	buf_fini(&text);
	buf_fini(&raw);
	buf_fini(&blob);
}

/* Without the device nobody is let in; what counts is who tries. */
TEST(a_key_held_by_a_security_key_is_for_the_systems_ssh)
{
	struct ssh_target	 target = server.target;
	char			 key[128], want[256];
	struct err		*e;

	write_held_key("held");
	snprintf(key, sizeof(key), "%s/held", server.dir);
	target.key = key;
	snprintf(want, sizeof(want), "web1: libssh2 %s can use none of the keys for root@127.0.0.1\n"
	    "hint: set ssh.transport to \"auto\" or \"ssh\" in the Leapfile\n", libssh2_version(0));
	CHECK_ERR(try(&target), want);
	target.transport = "auto";
	e = try(&target);
	CHECK_INT(e == NULL ? 0 : err_code(e), ERR_TRUST);
	snprintf(want, sizeof(want), "web1: no key was accepted for root@127.0.0.1 port %u by the system's ssh: ", server.port);
	CHECK_ERR_HAS(e, want);
	/* Beside a key of another kind, that one is tried first. */
	write_held_key("home/.ssh/id_ed25519_sk");
	target.key = NULL;
	CHECK_OK(try(&target));
	snprintf(key, sizeof(key), "%s/home/.ssh/id_ed25519_sk", server.dir);
	unlink(key);
}

TEST(the_agent_signs_for_keys_with_a_passphrase)
{
	struct ssh_target	 target = server.target;
	struct buf		 said = { 0 };
	char			 key[128], socket[128], want[512];
	int			 status;

	server_keygen(&server, "locked", "ed25519", "secret phrase");
	server_allow(&server, "locked");
	snprintf(key, sizeof(key), "%s/locked", server.dir);
	target.key = key;
	snprintf(want, sizeof(want), "web1: no key was accepted for root@127.0.0.1 port %u\n"
	    "  not tried: %s is locked or not in the agent\n"
	    "hint: a key with a passphrase must be in the agent: ssh-add FILE\n", server.port, key);
	CHECK_ERR(try(&target), want);

	snprintf(socket, sizeof(socket), "%s/agent", server.dir);
	CHECK_OK(proc_run(&(struct proc){ .argv = (const char *[]){ "ssh-agent", "-a", socket, NULL }, .output = &said },
	    &status));
	setenv("SSH_AUTH_SOCK", socket, 1);
	server_write(&server, "askpass", "#!/bin/sh\necho secret phrase\n");
	snprintf(want, sizeof(want), "%s/askpass", server.dir);
	chmod(want, 0700);
	setenv("SSH_ASKPASS", want, 1);
	setenv("SSH_ASKPASS_REQUIRE", "force", 1);
	CHECK_OK(proc_do("ssh-add", "-q", key, NULL));
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		target.transport = transports[i];
		target.key = key;
		CHECK_OK(try(&target));
		target.key = NULL;
		CHECK_OK(try(&target));
	}
	kill(atoi(strstr(buf_text(&said), "SSH_AGENT_PID=") + strlen("SSH_AGENT_PID=")), SIGTERM);
	unsetenv("SSH_AUTH_SOCK");
	buf_fini(&said);
	server_allow(&server, "home/.ssh/id_ed25519");
}

TEST(a_command_may_be_silent_for_longer_than_the_timeout)
{
	struct ssh_target	 target = server.target;

	target.timeout = 1;
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		target.transport = transports[i];
		check_run(&target, "sleep 2.5; echo done", NULL, "done\n", "", 0);
	}
}

/* The command stops its own sshd, which keeps the connection open and says nothing more. */
TEST(a_peer_that_stops_answering_is_noticed)
{
	struct ssh_target	 target = server.target;

	target.timeout = 1;
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct buf	 output = { 0 }, errors = { 0 };
		double		 begin = clock_now();
		int		 status;

		target.transport = transports[i];
		CHECK_ERR_HAS(run(&target, "echo $PPID; sleep 0.2; kill -STOP $PPID", NULL, &output, &errors, &status),
		    "was lost: ");
		CHECK(clock_now() - begin < 9);
		kill(atoi(buf_text(&output)), SIGKILL);
		buf_fini(&output);
		buf_fini(&errors);
	}
}

TEST(a_connection_cut_in_the_middle_is_an_error)
{
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct ssh_target	 target = server.target;
		struct buf		 output = { 0 }, errors = { 0 };
		int			 status;

		target.transport = transports[i];
		CHECK_ERR_HAS(run(&target, "echo begun; sleep 0.3; kill -9 $PPID; sleep 9", NULL, &output, &errors, &status),
		    "was lost: ");
		CHECK_STR(buf_text(&output), "begun\n");
		buf_fini(&output);
		buf_fini(&errors);
	}
}

static void *
many_logins(void *argument)
{
	size_t	*good = argument;

	for (size_t i = 0; i < 5; i++) {
		struct buf	 output = { 0 }, errors = { 0 };
		int		 status;
		struct err	*e = run(&server.target, "echo in", NULL, &output, &errors, &status);

		*good += e == NULL && strcmp(buf_text(&output), "in\n") == 0;
		err_free(e);
		buf_fini(&output);
		buf_fini(&errors);
	}
	return NULL;
}

TEST(threads_use_connections_of_their_own_at_once)
{
	pthread_t	 threads[8];
	size_t		 good[8] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_create(&threads[i], NULL, many_logins, &good[i]);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		pthread_join(threads[i], NULL);
		CHECK_INT(good[i], 5);
	}
}

static void *
stop_soon(void *argument)
{
	(void)argument;
	usleep(500000);
	ssh_stop();
	return NULL;
}

/* A server that hangs up after the key exchange, in front of what the client logs in with. */
static void *
cut_login(void *argument)
{
	static const char	 new_keys[] = { 0, 0, 0, 12, 10, 21 };	/* RFC 4253, 7.3: the last packet in clear */
	const int		*listener = argument;
	int			 client = accept(*listener, NULL, NULL), fd = server_connect(&server);
	struct pollfd		 fds[2] = { { .fd = client, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	size_t			 behind = 0;
	bool			 found = false;

	while (poll(fds, 2, 5000) > 0) {
		char	 data[65536];
		bool	 down = fds[1].revents != 0;
		ssize_t	 got = read(down ? fd : client, data, sizeof(data));

		if (got <= 0)
			break;
		if (!down && found)
			behind += (size_t)got;
		if (!down)
			found = found || memmem(data, (size_t)got, new_keys, sizeof(new_keys)) != NULL;
		if (behind > 100)	/* more than the request of the service: the login */
			break;
		if (write(down ? client : fd, data, (size_t)got) != got)
			break;
	}
	close(client);
	close(fd);
	return NULL;
}

TEST(a_connection_lost_during_the_login_is_no_matter_of_trust)
{
	struct ssh_target	 target = server.target;
	unsigned		 port;
	int			 fd = server_listen(&port);
	pthread_t		 thread;
	char			 want[128];
	struct err		*e;

	target.port = port;
	pthread_create(&thread, NULL, cut_login, &fd);
	e = try(&target);
	CHECK_INT(e == NULL ? 0 : err_code(e), ERR_FAILED);
	snprintf(want, sizeof(want), "web1: 127.0.0.1 port %u closed the connection during the login\n", port);
	CHECK_ERR(e, want);
	pthread_join(thread, NULL);
	close(fd);
}

TEST(a_server_that_has_enough_of_our_keys_says_so)
{
	char		 other[128];
	struct err	*e;

	server_end(&server);
	server.options = "MaxAuthTries 1";
	server_config(&server);
	server_run(&server);
	server_keygen(&server, "home/.ssh/id_ecdsa", "ecdsa", "");
	server_allow(&server, "home/.ssh/id_ecdsa");
	e = try(&server.target);
	CHECK_INT(e == NULL ? 0 : err_code(e), ERR_TRUST);
	CHECK_ERR_HAS(e, "refused to go on after 1 keys for root\nhint: sshd may allow fewer tries (MaxAuthTries)");
	snprintf(other, sizeof(other), "%s/home/.ssh/id_ecdsa", server.dir);
	unlink(other);
	server_allow(&server, "home/.ssh/id_ed25519");
	server_end(&server);
	server.options = NULL;
	server_config(&server);
	server_run(&server);
}

/* Nobody waits for a peer that always has more to say, so that only a look at the flag can end it. */
TEST(a_stop_reaches_whoever_reads_without_end)
{
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct ssh_target	 target = server.target;
		struct ssh		*ssh = NULL;
		struct buf		 out = { 0 }, in = { 0 }, errors = { 0 };
		struct err		*e = NULL;
		double			 begin;
		bool			 eof = false;

		target.transport = transports[i];
		if (!CHECK_OK(ssh_open(&ssh, &target)) || !CHECK_OK(ssh_exec(ssh, "yes")) ||
		    !CHECK_OK(ssh_exchange(ssh, &out, true, &in, &errors, &eof)))
			return;
		begin = clock_now();
		while (e == NULL && clock_now() - begin < 5) {
			buf_clear(&in);
			e = ssh_exchange(ssh, &out, true, &in, &errors, &eof);
			if (e == NULL && !ssh_stopped())
				ssh_stop();
			usleep(20000);	/* so that there is more each time */
		}
		CHECK_ERR(e, "web1: interrupted\n");
		CHECK(clock_now() - begin < 2);
		ssh_close(ssh);
		CHECK(clock_now() - begin < 4);
		buf_fini(&in);
		buf_fini(&errors);
		ssh_fini();
		CHECK_OK(ssh_setup());
	}
}

/* Last: nothing works after it until ssh_setup(). */
TEST(stopping_ends_every_call_at_once)
{
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct ssh_target	 target = server.target;
		struct ssh		*ssh = NULL;
		struct buf		 out = { 0 }, in = { 0 }, errors = { 0 };
		pthread_t		 thread;
		double			 begin = clock_now();
		bool			 eof = false;

		target.transport = transports[i];
		CHECK(!ssh_stopped());
		if (!CHECK_OK(ssh_open(&ssh, &target)) || !CHECK_OK(ssh_exec(ssh, "read line; echo $line; sleep 9")))
			return;
		pthread_create(&thread, NULL, stop_soon, NULL);
		CHECK_ERR(ssh_exchange(ssh, &out, true, &in, &errors, &eof), "web1: interrupted\n");
		CHECK(ssh_stopped());
		CHECK(clock_now() - begin < 3);
		pthread_join(thread, NULL);
		CHECK_ERR(try(&target), "web1: interrupted\n");

		/* A connection may linger to say goodbye, for so long, or until it is stopped again. */
		ssh_linger(ssh, 3);
		buf_adds(&out, "goodbye\n");
		CHECK_OK(ssh_exchange(ssh, &out, true, &in, &errors, &eof));
		CHECK_STR(buf_text(&in), "goodbye\n");
		CHECK_ERR(ssh_exchange(ssh, &out, true, &in, &errors, &eof),
		    "web1: nothing more was heard in time\n");
		ssh_linger(ssh, 100);
		pthread_create(&thread, NULL, stop_soon, NULL);
		CHECK_ERR(ssh_exchange(ssh, &out, true, &in, &errors, &eof), "web1: interrupted\n");
		pthread_join(thread, NULL);
		CHECK(clock_now() - begin < 12);
		ssh_close(ssh);
		buf_fini(&out);
		buf_fini(&in);
		buf_fini(&errors);
		ssh_fini();
		CHECK_OK(ssh_setup());
	}
}

int
main(void)
{
	CHECK_OK(ssh_setup());
	server_why = server_missing();
	if (server_why == NULL)
		server_start(&server);
	RUN_ON_SERVER(a_command_has_its_input_output_errors_and_status);
	RUN_ON_SERVER(one_connection_runs_several_commands);
	RUN_ON_SERVER(much_data_goes_both_ways_at_once);
	RUN_ON_SERVER(endless_output_ends_in_an_error);
	RUN_ON_SERVER(endless_errors_end_in_an_error);
	RUN_ON_SERVER(another_host_key_than_the_pinned_one_is_refused);
	RUN_ON_SERVER(another_type_of_host_key_is_refused);
	RUN_ON_SERVER(an_rsa_host_key_works_through_auto);
	RUN_ON_SERVER(any_of_several_pinned_keys_will_do);
	RUN_ON_SERVER(a_host_key_is_fetched_without_logging_in);
	RUN_ON_SERVER(a_refused_connection_says_so);
	RUN_ON_SERVER(a_silent_peer_is_given_up_after_the_timeout);
	RUN_ON_SERVER(a_peer_that_is_no_ssh_server_is_an_error);
	RUN_ON_SERVER(a_flood_does_not_hold_a_thread_for_ever);
	RUN_ON_SERVER(a_key_that_is_not_let_in_is_listed);
	RUN_ON_SERVER(without_any_key_it_says_how_to_get_one);
	RUN_ON_SERVER(keys_of_each_type_let_in);
	RUN_ON_SERVER(auto_goes_on_to_keys_that_only_ssh_can_use);
	RUN_ON_SERVER(a_key_held_by_a_security_key_is_for_the_systems_ssh);
	RUN_ON_SERVER(the_agent_signs_for_keys_with_a_passphrase);
	RUN_ON_SERVER(a_command_may_be_silent_for_longer_than_the_timeout);
	RUN_ON_SERVER(a_peer_that_stops_answering_is_noticed);
	RUN_ON_SERVER(a_connection_cut_in_the_middle_is_an_error);
	RUN_ON_SERVER(threads_use_connections_of_their_own_at_once);
	RUN_ON_SERVER(a_connection_lost_during_the_login_is_no_matter_of_trust);
	RUN_ON_SERVER(a_server_that_has_enough_of_our_keys_says_so);
	RUN_ON_SERVER(a_stop_reaches_whoever_reads_without_end);
	RUN_ON_SERVER(stopping_ends_every_call_at_once);
	if (server_why == NULL)
		server_stop(&server);
	ssh_fini();
	return test_done();
}
