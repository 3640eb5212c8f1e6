/* local: waiting until nodes are up: sshd answers with its banner (RFC 4253, 4.2). */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BOOT_MAX	60000	/* ms until a node counts as failed */
#define PROBE_MAX	1000	/* ms until a connection that hangs is made anew */
#define PROBE_PAUSE	30	/* ms between rounds */
#define LOG_LINES	15

static bool
waiting(const struct launch *launch)
{
	return launch->failure == NULL && !launch->up && !launch->ended;
}

static void
probe_close(struct launch *launch)
{
	if (launch->probe >= 0)
		close(launch->probe);
	launch->probe = -1;
}

static void
probe_open(struct launch *launch)
{
	struct sockaddr_in	 to = { .sin_family = AF_INET, .sin_port = htons(22) };

	inet_pton(AF_INET, launch->node->address, &to.sin_addr);
	launch->probe = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	launch->since = clock_ms();
	if (launch->probe >= 0 && connect(launch->probe, (struct sockaddr *)&to, sizeof(to)) != 0 &&
	    errno != EINPROGRESS)
		probe_close(launch);
}

/* Something happened on the connection: a banner, or a refusal because sshd is not there yet. */
static void
probe_read(struct launch *launch)
{
	char	 banner[5];
	ssize_t	 got = recv(launch->probe, banner, sizeof(banner) - 1, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	launch->up = got == 4 && memcmp(banner, "SSH-", 4) == 0;
	probe_close(launch);
}

/* The end of the console's log as the error's notes. */
static struct err *
quote_console(struct err *take_e, const struct site *site, const char *name)
{
	char		*path = site_path(site, name, "console.log");
	struct buf	 text = { 0 };
	struct strs	 lines = { 0 };
	struct err	*unread = file_read(path, 4u << 20, &text);
	size_t		 i, from;

	err_free(unread);
	while (text.len > 0 && strchr("\r\n", text.data[text.len - 1]) != NULL)
		text.data[--text.len] = '\0';
	strs_split(&lines, buf_text(&text), '\n');
	from = lines.count > LOG_LINES ? lines.count - LOG_LINES : 0;
	for (i = from; i < lines.count; i++) {
		lines.items[i][strcspn(lines.items[i], "\r")] = '\0';
		take_e = err_note(take_e, NULL, "console: %s", lines.items[i]);
	}
	take_e = err_hint(take_e, "its whole console is in %s", path);
	strs_fini(&lines);
	buf_fini(&text);
	free(path);
	return take_e;
}

/* Give up on a node that has ended or had its time.  One that was not started here was about to end: no failure. */
static void
check_life(const struct site *site, struct launch *launch)
{
	const char	*name = launch->node->name;

	if (!waiting(launch))
		return;
	launch->ended = !cgroup_populated(site->cgroup, launch->group);
	if (launch->ended && !launch->was_running)
		launch->failure = err_new(ERR_NODES, "it ended while it booted");
	else if (!launch->ended && clock_ms() - launch->began > BOOT_MAX)
		launch->failure = err_new(ERR_NODES, "its sshd does not answer at %s after %d seconds",
		    launch->node->address, BOOT_MAX / 1000);
	if (launch->failure != NULL)
		launch->failure = quote_console(launch->failure, site, name);
	if (!waiting(launch))
		probe_close(launch);
}

static void
say_up(const struct launch *launch, const struct ear *ear)
{
	const char	*name = launch->node->name, *address = launch->node->address;

	if (launch->was_running)
		ear_say(ear, "%s: runs already, at %s", name, address);
	else
		ear_say(ear, "%s: up at %s after %.1f s", name, address, (double)(clock_ms() - launch->began) / 1000);
}

static void
probe_all(struct launch *launches, size_t count, struct pollfd *fds)
{
	size_t	 i;

	for (i = 0; i < count; i++) {
		if (waiting(&launches[i]) && launches[i].probe >= 0 && clock_ms() - launches[i].since > PROBE_MAX)
			probe_close(&launches[i]);
		if (waiting(&launches[i]) && launches[i].probe < 0)
			probe_open(&launches[i]);
		fds[i] = (struct pollfd){ .fd = waiting(&launches[i]) ? launches[i].probe : -1, .events = POLLIN };
	}
}

void
nodes_wait(const struct site *site, struct launch *launches, size_t count, const struct ear *ear)
{
	struct pollfd	*fds = xcalloc(count, sizeof(*fds));
	size_t		 i, left;

	for (;;) {
		probe_all(launches, count, fds);
		poll(fds, count, PROBE_PAUSE);
		for (i = 0, left = 0; i < count; i++) {
			if (fds[i].revents != 0)
				probe_read(&launches[i]);
			if (fds[i].revents != 0 && launches[i].up)
				say_up(&launches[i], ear);
			check_life(site, &launches[i]);
			left += waiting(&launches[i]);
		}
		if (left == 0)
			break;
		/* A refused connection is answered at once; do not spin on it. */
		usleep(PROBE_PAUSE * 1000 / 2);
	}
	free(fds);
}
