/* test/unit: servers that are reached through others, by both transports, against a real sshd. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh_server.h"

#include "base/strs.h"

#include <pthread.h>
#include <time.h>

static struct server	server;

static const char *const transports[] = { "libssh2", "ssh" };

/* The same sshd thrice: the last is reached through the others. */
static struct ssh_target	first, second, node;

static double
now(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
targets_make(const char *transport)
{
	first = second = node = server.target;
	first.name = "gw1";
	second.name = "gw2";
	first.transport = second.transport = node.transport = transport;
	second.jump = &first;
	node.jump = &second;
}

static struct err *
run(const char *command, const char *input, struct buf *output, int *status)
{
	struct buf	 errors = { 0 };
	struct err	*e = server_command(&node, command, input, output, &errors, status);

	if (e == NULL)
		CHECK_STR(buf_text(&errors), "");
	buf_fini(&errors);
	return e;
}

static struct err *
try(void)
{
	struct buf	 output = { 0 };
	int		 status;
	struct err	*e = run("cat; exit 3", "in", &output, &status);

	if (e == NULL) {
		CHECK_STR(buf_text(&output), "in");
		CHECK_INT(status, 3);
	}
	buf_fini(&output);
	return e;
}

TEST(a_command_runs_through_one_jump_host_and_through_two)
{
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		targets_make(transports[i]);
		CHECK_OK(try());
		node.jump = &first;
		CHECK_OK(try());
	}
}

TEST(several_commands_run_on_one_connection_through_a_jump_host)
{
	struct ssh	*ssh = NULL;
	struct buf	 output = { 0 }, errors = { 0 };
	int		 status;

	targets_make("libssh2");
	if (!CHECK_OK(ssh_open(&ssh, &node)))
		return;
	for (int i = 0; i < 3; i++)
		CHECK_OK(ssh_run(ssh, "echo in", NULL, 0, &output, &errors, &status));
	CHECK_STR(buf_text(&output), "in\nin\nin\n");
	ssh_close(ssh);
	buf_fini(&output);
	buf_fini(&errors);
}

TEST(much_data_goes_both_ways_through_jump_hosts)
{
	enum { SIZE = 8 << 20 };
	char	*data = xmalloc(SIZE);

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct ssh	*ssh = NULL;
		struct buf	 output = { 0 }, errors = { 0 };
		int		 status;

		targets_make(transports[i]);
		if (CHECK_OK(ssh_open(&ssh, &node)) &&
		    CHECK_OK(ssh_run(ssh, "cat", data, SIZE, &output, &errors, &status)))
			CHECK(output.len == SIZE && memcmp(output.data, data, SIZE) == 0);
		ssh_close(ssh);
		buf_fini(&output);
		buf_fini(&errors);
	}
	free(data);
}

static void *
reach_silence(void *argument)
{
	struct err	*e = try();

	*(bool *)argument = e != NULL && strstr(err_message(e), "and then stayed silent for 1 s") != NULL;
	err_free(e);
	ssh_thread_end();
	return NULL;
}

/* sshd drops some of so many that log in at once; all of them must come as far as what is behind. */
TEST(many_nodes_are_reached_through_one_jump_host_at_once)
{
	pthread_t	 threads[24];
	bool		 reached[24] = { false };
	int		 fd;

	server_end(&server);
	server.options = "MaxStartups 10:100:10";
	server_config(&server);
	server_run(&server);
	targets_make("libssh2");
	fd = server_listen(&node.port);
	CHECK(listen(fd, 24) == 0);
	node.jump = &first;
	node.timeout = 1;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_create(&threads[i], NULL, reach_silence, &reached[i]);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		pthread_join(threads[i], NULL);
		CHECK(reached[i]);
	}
	close(fd);
}

/* A pair of keys' public half that is nobody's. */
static char *
other_key(void)
{
	struct buf	 text = { 0 }, key = { 0 };
	char		*path = xasprintf("%s/other.pub", server.dir);

	if (!file_exists(path))
		server_keygen(&server, "other", "ed25519", "");
	CHECK_OK(file_read(path, 4096, &text));
	CHECK_OK(hostkey_parse(&key, buf_text(&text)));
	buf_fini(&text);
	free(path);
	return buf_take(&key);
}

static void
check_trust(const char *want)
{
	struct err	*e = try();

	CHECK_INT(e == NULL ? 0 : err_code(e), ERR_TRUST);
	CHECK_ERR_HAS(e, want);
}

TEST(the_host_keys_of_jump_hosts_are_the_pinned_ones_or_nothing_goes)
{
	char	*other = other_key();
	char	 want[160];

	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		targets_make(transports[i]);
		first.host_key = other;
		snprintf(want, sizeof(want), i == 0 ?
		    "web1: through gw2: through gw1: the host key at 127.0.0.1 port %u is not the pinned one" :
		    "web1: cannot reach 127.0.0.1 port %u through gw2", server.port);
		check_trust(want);
		targets_make(transports[i]);
		second.host_key = other;
		snprintf(want, sizeof(want), i == 0 ?
		    "web1: through gw2: the host key at 127.0.0.1 port %u is not the pinned one" :
		    "web1: cannot reach 127.0.0.1 port %u through gw2", server.port);
		check_trust(want);
		targets_make(transports[i]);
		node.host_key = other;
		snprintf(want, sizeof(want), "web1: the host key at 127.0.0.1 port %u is not the pinned one", server.port);
		check_trust(want);
	}
	targets_make("libssh2");
	first.host_key = other;
	first.pin_file = "files/jump/127.0.0.1_ssh.pub";
	check_trust("hint: somebody may be in between; if you know that the server has a new key, put that into "
	    "files/jump/127.0.0.1_ssh.pub\n");
	free(other);
}

TEST(a_host_key_is_fetched_through_a_jump_host)
{
	struct buf	 key = { 0 };

	targets_make("libssh2");
	node.host_key = NULL;
	node.user = "nobody-at-all";
	CHECK_OK(hostkey_fetch(&key, &node));
	CHECK_STR(buf_text(&key), server.host_key);
	buf_fini(&key);
}

TEST(a_login_that_the_jump_host_refuses_names_it)
{
	char	 key[128];

	server_keygen(&server, "stranger", "ed25519", "");
	snprintf(key, sizeof(key), "%s/stranger", server.dir);
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		targets_make(transports[i]);
		second.key = key;
		check_trust(i == 0 ? "web1: through gw2: no key was accepted for root@127.0.0.1 port " : "through gw2\n");
	}
}

TEST(a_server_that_is_down_behind_a_jump_host_is_an_error)
{
	unsigned	 port;
	char		 want[128];

	close(server_listen(&port));
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		targets_make(transports[i]);
		node.port = port;
		snprintf(want, sizeof(want), i == 0 ? "web1: through gw2: it cannot connect to 127.0.0.1 port %u: " :
		    "web1: cannot reach 127.0.0.1 port %u through gw2\n", port);
		CHECK_ERR_HAS(try(), want);
		targets_make(transports[i]);
		first.port = port;
		CHECK_ERR_HAS(try(), "Connection refused");
	}
}

TEST(a_jump_host_that_must_not_forward_says_what_to_do)
{
	server_end(&server);
	server.options = "AllowTcpForwarding no";
	server_config(&server);
	server_run(&server);
	targets_make("libssh2");
	CHECK_ERR_HAS(try(), "web1: through gw2: through gw1: it cannot connect to 127.0.0.1 port ");
	CHECK_ERR_HAS(try(), "hint: the jump host's sshd must have: AllowTcpForwarding yes\n");
	targets_make("ssh");
	CHECK_ERR_HAS(try(), "prohibited");
	server_end(&server);
	server.options = NULL;
	server_config(&server);
	server_run(&server);
}

TEST(who_is_silent_behind_a_jump_host_is_given_up_after_the_timeout)
{
	unsigned	 port;
	int		 fd = server_listen(&port);

	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		double	 begin = now();

		targets_make(transports[i]);
		node.jump = &first;
		node.port = port;
		node.timeout = 1;
		CHECK_ERR_HAS(try(), i == 0 ? "accepted the connection and then stayed silent for 1 s" : "web1: ");
		CHECK(now() - begin < 8);
		targets_make(transports[i]);
		first.port = port;
		first.timeout = node.timeout = 1;
		node.jump = &first;
		CHECK_ERR_HAS(try(), i == 0 ? "web1: through gw1: 127.0.0.1 port " : "web1: cannot reach ");
		CHECK(now() - begin < 16);
	}
	close(fd);
}

TEST(a_jump_host_that_stops_answering_is_noticed)
{
	targets_make("libssh2");
	node.jump = &first;
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		/* All sessions of this sshd but the command's own; one is two processes where root's privileges are separate. */
		char		*command = xasprintf("echo stopped; own=$PPID; "
		    "[ $(ps -o ppid= -p $own) = %1$d ] || own=$(ps -o ppid= -p $own); for p in $(pgrep -P %1$d); do "
		    "[ $p = $own ] || kill -STOP $p $(pgrep -P $p); done; sleep 99", (int)server.pid);
		struct buf	 output = { 0 };
		double		 begin = now();
		int		 status;

		node.transport = transports[i];
		node.timeout = first.timeout = 1;
		CHECK_ERR_HAS(run(command, "", &output, &status), "was lost: ");
		CHECK_STR(buf_text(&output), "stopped\n");
		CHECK(now() - begin < 30);
		buf_fini(&output);
		free(command);
		server_end(&server);
		server_run(&server);
	}
}

int
main(void)
{
	server_begin(&server);
	RUN_ON_SERVER(a_command_runs_through_one_jump_host_and_through_two);
	RUN_ON_SERVER(several_commands_run_on_one_connection_through_a_jump_host);
	RUN_ON_SERVER(much_data_goes_both_ways_through_jump_hosts);
	RUN_ON_SERVER(many_nodes_are_reached_through_one_jump_host_at_once);
	RUN_ON_SERVER(the_host_keys_of_jump_hosts_are_the_pinned_ones_or_nothing_goes);
	RUN_ON_SERVER(a_host_key_is_fetched_through_a_jump_host);
	RUN_ON_SERVER(a_login_that_the_jump_host_refuses_names_it);
	RUN_ON_SERVER(a_server_that_is_down_behind_a_jump_host_is_an_error);
	RUN_ON_SERVER(a_jump_host_that_must_not_forward_says_what_to_do);
	RUN_ON_SERVER(who_is_silent_behind_a_jump_host_is_given_up_after_the_timeout);
	RUN_ON_SERVER(a_jump_host_that_stops_answering_is_noticed);
	return server_done(&server);
}
