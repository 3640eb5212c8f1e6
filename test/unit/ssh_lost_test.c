/* test/unit: connections of both transports that fail, fall silent, break or are stopped, against a real sshd. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh_server.h"

#include "base/clock.h"

#include <poll.h>
#include <pthread.h>

static struct server	server;

static const char *const transports[] = { "libssh2", "ssh" };

TEST(a_refused_connection_says_so)
{
	struct ssh_target	 target = server.target;
	unsigned		 port;
	char			 want[128];

	close(server_listen(&port));
	target.port = port;
	snprintf(want, sizeof(want), "web1: cannot connect to 127.0.0.1 port %u: Connection refused\n", port);
	CHECK_ERR(server_try(&target), want);
	target.transport = "ssh";
	CHECK_ERR_HAS(server_try(&target), "Connection refused");
	target.address = "web1.example.org";
	target.transport = "libssh2";
	CHECK_ERR_HAS(server_try(&target), "is not an IP address and a port");
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
	CHECK_ERR(server_try(&target), want);
	CHECK(clock_now() - begin >= 1 && clock_now() - begin < 2);
	target.transport = "ssh";
	CHECK_ERR_HAS(server_try(&target), "web1: cannot reach 127.0.0.1 port ");
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
	CHECK_ERR_HAS(server_try(&target), want);
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
	CHECK_ERR_HAS(server_try(&target), "127.0.0.1 port ");
	CHECK(clock_now() - begin < 3);
	pthread_join(thread, NULL);
	close(talker.fd);
}

TEST(a_command_may_be_silent_for_longer_than_the_timeout)
{
	struct ssh_target	 target = server.target;

	target.timeout = 1;
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		target.transport = transports[i];
		server_check(&target, "sleep 2.5; echo done", NULL, "done\n", "", 0);
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
		CHECK_ERR_HAS(server_command(&target, "echo $PPID; sleep 0.2; kill -STOP $PPID", NULL, &output, &errors, &status),
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
		CHECK_ERR_HAS(server_command(&target, "echo begun; sleep 0.3; kill -9 $PPID; sleep 9", NULL, &output, &errors, &status),
		    "was lost: ");
		CHECK_STR(buf_text(&output), "begun\n");
		buf_fini(&output);
		buf_fini(&errors);
	}
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
	e = server_try(&target);
	CHECK_INT(e == NULL ? 0 : err_code(e), ERR_FAILED);
	snprintf(want, sizeof(want), "web1: 127.0.0.1 port %u closed the connection during the login\n", port);
	CHECK_ERR(e, want);
	pthread_join(thread, NULL);
	close(fd);
}

static void *
stop_soon(void *argument)
{
	(void)argument;
	usleep(500000);
	ssh_stop();
	return NULL;
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
		CHECK_ERR(server_try(&target), "web1: interrupted\n");

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
	server_begin(&server);
	RUN_ON_SERVER(a_refused_connection_says_so);
	RUN_ON_SERVER(a_silent_peer_is_given_up_after_the_timeout);
	RUN_ON_SERVER(a_peer_that_is_no_ssh_server_is_an_error);
	RUN_ON_SERVER(a_flood_does_not_hold_a_thread_for_ever);
	RUN_ON_SERVER(a_command_may_be_silent_for_longer_than_the_timeout);
	RUN_ON_SERVER(a_peer_that_stops_answering_is_noticed);
	RUN_ON_SERVER(a_connection_cut_in_the_middle_is_an_error);
	RUN_ON_SERVER(a_connection_lost_during_the_login_is_no_matter_of_trust);
	RUN_ON_SERVER(a_stop_reaches_whoever_reads_without_end);
	RUN_ON_SERVER(stopping_ends_every_call_at_once);
	return server_done(&server);
}
