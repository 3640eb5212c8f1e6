/* node: the frame channel to leap, standard input and output. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_CHANNEL_H
#define NODE_CHANNEL_H

#include "base/buf.h"
#include "wire/frame.h"

#include <jansson.h>
#include <stdbool.h>

struct channel {
	int		 in, out;	/* -1 when closed */
	struct buf	 input;		/* received, from `offset` on not yet read */
	size_t		 offset;
	struct buf	 output;	/* queued */
	bool		 stopped;	/* leap wants us to stop, or is gone */
};

/*
 * Take over the descriptors `in` and `out`: they move out of the way of
 * children, whose standard input and output become /dev/null.  From
 * now on SIGPIPE is ignored and SIGHUP, SIGINT and SIGTERM stop the channel.
 */
void		 channel_open(struct channel *channel, int in, int out);
void		 channel_close(struct channel *channel);

/*
 * Wait for the next frame, at most `seconds` without a byte.  The frame's data is valid until
 * the next call.  Fails when the other side is gone, silent, or sends what is no frame of at most `max` bytes.
 */
NODISCARD
struct err	*channel_read(struct channel *channel, struct frame *frame, size_t max, unsigned seconds);

/* Overwrite what was read: frames' data is not valid any more. */
void		 channel_forget(struct channel *channel);

/* Queue a frame of JSON; takes the reference. */
void		 channel_add(struct channel *channel, enum frame_type type, json_t *take_payload);

/* Send what is queued.  False when nobody takes it; then the channel is stopped, too. */
bool		 channel_flush(struct channel *channel);

/* Whether leap sent CANCEL, closed the channel or was never heard of again.  Does not wait. */
bool		 channel_stopped(struct channel *channel);

/* Text as a JSON string, whatever bytes it has. */
json_t		*json_text(const char *text);

#endif
