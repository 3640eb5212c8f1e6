/* node: the frame channel to leap, standard input and output. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/channel.h"

#include "base/err.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITE_SECONDS	60	/* leap reads all the time; who does not for so long is gone */
#define BLOCK		(64u << 10)

static volatile sig_atomic_t	 signalled;

static void
on_signal(int number)
{
	(void)number;
	signalled = 1;
}

static void
catch_signals(void)
{
	struct sigaction	 action = { .sa_handler = on_signal };	/* no SA_RESTART: poll(2) shall notice */

	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

/* A copy that no child inherits and no standard stream can be mistaken for. */
static int
move_away(int fd)
{
	int	 copy = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) | O_NONBLOCK);
	return copy;
}

void
channel_open(struct channel *channel, int in, int out)
{
	int	 null = open("/dev/null", O_RDWR | O_CLOEXEC);

	*channel = (struct channel){ .in = move_away(in), .out = move_away(out), .input = { .secret = true } };
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	if (null > STDERR_FILENO)
		close(null);
	signalled = 0;
	catch_signals();
}

void
channel_close(struct channel *channel)
{
	close(channel->in);
	close(channel->out);
	buf_fini(&channel->input);
	buf_fini(&channel->output);
	channel->in = channel->out = -1;
}

/* Wait for `events`.  False when nothing came in `seconds`, or a signal did. */
static bool
wait_for(int fd, short events, unsigned seconds)
{
	struct pollfd	 pollfd = { .fd = fd, .events = events };
	int		 ready;

	do {
		ready = poll(&pollfd, 1, (int)seconds * 1000);
	} while (ready < 0 && errno == EINTR && !signalled);
	return ready > 0;
}

void
channel_forget(struct channel *channel)
{
	buf_drop(&channel->input, channel->offset);
	channel->offset = 0;
}

/* Take in what is there.  False at the end of the stream. */
static bool
receive(struct channel *channel)
{
	ssize_t	 got;

	channel_forget(channel);
	buf_reserve(&channel->input, BLOCK);
	do {
		got = read(channel->in, channel->input.data + channel->input.len,
		    channel->input.cap - channel->input.len - 1);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN;
	channel->input.len += (size_t)got;
	channel->input.data[channel->input.len] = '\0';
	return got > 0;
}

struct err *
channel_read(struct channel *channel, struct frame *frame, size_t max, unsigned seconds)
{
	struct err	*e;
	int		 complete;

	for (;;) {
		e = frame_next(frame, &channel->input, &channel->offset, max, &complete);
		if (e != NULL || complete)
			return e;
		if (!wait_for(channel->in, POLLIN, seconds)) {
			channel->stopped = true;
			return signalled ? err_new(ERR_FAILED, "ended by a signal") :
			    err_new(ERR_FAILED, "nothing came from leap for %u seconds", seconds);
		}
		if (!receive(channel)) {
			channel->stopped = true;
			return err_new(ERR_FAILED, "leap closed the connection");
		}
	}
}

json_t *
json_text(const char *text)
{
	json_t	*value = json_string(text);
	char	*copy;

	if (value != NULL)
		return value;
	copy = xstrdup(text);
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

void
channel_add(struct channel *channel, enum frame_type type, json_t *take_payload)
{
	struct buf	 text = { 0 };

	json_canonical(take_payload, &text);
	json_decref(take_payload);
	frame_add(&channel->output, type, text.data, text.len);
	buf_fini(&text);
}

bool
channel_flush(struct channel *channel)
{
	size_t	 sent = 0;
	ssize_t	 put;
	bool	 taken;

	while (sent < channel->output.len && channel->out >= 0) {
		put = write(channel->out, channel->output.data + sent, channel->output.len - sent);
		if (put > 0) {
			sent += (size_t)put;
			continue;
		}
		if (errno == EINTR || (errno == EAGAIN && wait_for(channel->out, POLLOUT, WRITE_SECONDS)))
			continue;
		channel->stopped = true;
		break;
	}
	taken = sent == channel->output.len;
	buf_clear(&channel->output);
	return taken;
}

bool
channel_stopped(struct channel *channel)
{
	struct pollfd	 pollfd = { .fd = channel->in, .events = POLLIN };
	struct frame	 frame;
	struct err	*e;
	int		 complete;

	if (signalled)
		channel->stopped = true;
	if (!channel->stopped && poll(&pollfd, 1, 0) > 0 && !receive(channel))
		channel->stopped = true;
	if (channel->stopped)
		return true;
	e = frame_next(&frame, &channel->input, &channel->offset, 0, &complete);
	/* CANCEL is all that may come now; whoever sends something else is not to be obeyed any further either. */
	channel->stopped = e != NULL || complete;
	err_free(e);
	return channel->stopped;
}
