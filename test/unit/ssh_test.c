/* test/unit: commands by both transports, and the host keys that they trust, against a real sshd. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh_server.h"

#include "base/strs.h"
#include "ssh/public_key.h"

#include <libssh2.h>
#include <pthread.h>

static struct server	server;

static const char *const transports[] = { "libssh2", "ssh" };

TEST(a_command_has_its_input_output_errors_and_status)
{
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		struct ssh_target	 target = server.target;

		target.transport = transports[i];
		server_check(&target, "tr a-z A-Z; echo wrong >&2; exit 3", "input", "INPUT", "wrong\n", 3);
		server_check(&target, "cat", NULL, "", "", 0);
		server_check(&target, "exit 255", NULL, "", "", 255);
		server_check(&target, "echo \"it's\" '$HOME' \\\\ \"a\nb\"", NULL, "it's $HOME \\ a\nb\n", "", 0);
		server_check(&target, "sleep 1 & exec >&- 2>&-", "input that nobody reads", "", "", 0);
	}
	server_check(&server.target, "kill -9 $$", NULL, "", "", 137);
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

	CHECK_ERR(server_command(&server.target, "yes", NULL, &output, &errors, &status),
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
		CHECK_ERR(server_command(&target, "yes >&2", NULL, &output, &errors, &status),
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
		e = server_try(&target);
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
	CHECK_OK(server_try(&server.target));
}

TEST(an_rsa_host_key_works_through_auto)
{
	struct ssh_target	 target = server.target;

	server_end(&server);
	server_host_key(&server, "rsa");
	server_run(&server);
	target.transport = "auto";
	CHECK_OK(server_try(&target));
	if (libssh2_version(0x010b00) == NULL)
		CHECK_ERR_HAS(server_try(&server.target), "cannot check host keys of the pinned type");
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
				CHECK_OK(server_try(&target));
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

static void *
many_logins(void *argument)
{
	size_t	*good = argument;

	for (size_t i = 0; i < 5; i++) {
		struct buf	 output = { 0 }, errors = { 0 };
		int		 status;
		struct err	*e = server_command(&server.target, "echo in", NULL, &output, &errors, &status);

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

int
main(void)
{
	server_begin(&server);
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
	RUN_ON_SERVER(threads_use_connections_of_their_own_at_once);
	return server_done(&server);
}
