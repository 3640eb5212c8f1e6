/* test/unit: a server that falls silent after any number of bytes is given up in time, by both transports. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh_server.h"

#include "base/clock.h"

#include <poll.h>
#include <pthread.h>

#define TIMEOUT		1
#define POINTS		10	/* at which a connection falls silent */
#define ENOUGH		12	/* seconds in which each must have been given up; this machine may be busy */

static struct server	server;

static const char *const transports[] = { "libssh2", "ssh" };

/* One connection through a relay, which after `limit` bytes of the server's moves nothing more, but stays. */
struct line {
	const char	*transport;
	size_t		 limit, moved;
	int		 listener;
	unsigned	 port;
	pthread_t	 relay, client;
	double		 seconds;
	struct err	*error;
};

static bool
pass_on(int from, int to, size_t max, size_t *moved)
{
	char	 data[4096];
	ssize_t	 got = read(from, data, max < sizeof(data) ? max : sizeof(data));

	if (got <= 0 || write(to, data, (size_t)got) != got)
		return false;
	*moved += (size_t)got;
	return true;
}

static void *
relay(void *argument)
{
	struct line	*line = argument;
	int		 client = accept(line->listener, NULL, NULL), fd = server_connect(&server);
	struct pollfd	 fds[2] = { { .fd = client, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	char		 rest[4096];
	size_t		 sent = 0;
	bool		 open = true;

	while (open && line->moved < line->limit && poll(fds, 2, -1) > 0) {
		if (fds[0].revents != 0)
			open = pass_on(client, fd, SIZE_MAX, &sent);
		if (open && fds[1].revents != 0)
			open = pass_on(fd, client, line->limit - line->moved, &line->moved);
	}
	/* Until the client has enough, or is ended. */
	while (open && read(client, rest, sizeof(rest)) > 0)
		continue;
	close(client);
	close(fd);
	return NULL;
}

static void *
client(void *argument)
{
	struct line		*line = argument;
	struct ssh_target	 target = server.target;
	struct ssh		*ssh = NULL;
	struct buf		 output = { 0 }, errors = { 0 };
	double			 begin = clock_now();
	int			 status;

	target.port = line->port;
	target.transport = line->transport;
	target.timeout = TIMEOUT;
	line->error = ssh_open(&ssh, &target);
	if (line->error == NULL)
		line->error = ssh_run(ssh, "for i in 1 2 3 4 5 6 7 8; do echo $i; done", NULL, 0, &output, &errors, &status);
	ssh_close(ssh);
	line->seconds = clock_now() - begin;
	buf_fini(&output);
	buf_fini(&errors);
	ssh_thread_end();
	return NULL;
}

static void
line_start(struct line *line, const char *transport, size_t limit)
{
	*line = (struct line){ .transport = transport, .limit = limit };
	line->listener = server_listen(&line->port);
	pthread_create(&line->relay, NULL, relay, line);
	pthread_create(&line->client, NULL, client, line);
}

static void
line_end(struct line *line)
{
	pthread_join(line->client, NULL);
	shutdown(line->listener, SHUT_RDWR);	/* who never connected leaves no relay behind */
	pthread_join(line->relay, NULL);
	close(line->listener);
}

/* How many bytes a server says in all when nothing is held back. */
static size_t
whole(const char *transport)
{
	struct line	 line;

	line_start(&line, transport, SIZE_MAX);
	line_end(&line);
	CHECK_OK(line.error);
	return line.moved;
}

TEST(whoever_falls_silent_at_any_byte_is_given_up_in_time)
{
	struct line	 lines[ARRAY_LEN(transports)][POINTS];

	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		/* The last answers are of no importance to a command that has ended. */
		size_t	 total = whole(transports[i]) - 200;

		for (size_t k = 0; k < POINTS; k++)
			line_start(&lines[i][k], transports[i], k * total / POINTS);
	}
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		for (size_t k = 0; k < POINTS; k++) {
			struct line	*line = &lines[i][k];

			line_end(line);
			CHECK(line->seconds < ENOUGH);
			CHECK_INT(line->error == NULL ? 0 : err_code(line->error), ERR_FAILED);
			CHECK_ERR_HAS(line->error, "web1: ");
		}
	}
}

int
main(void)
{
	server_begin(&server);
	RUN_ON_SERVER(whoever_falls_silent_at_any_byte_is_given_up_in_time);
	return server_done(&server);
}
