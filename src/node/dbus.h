/* node: just enough D-Bus to ask systemd, without the 10 ms that a systemctl costs. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_DBUS_H
#define NODE_DBUS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* D-Bus Specification, "Message Protocol".  Everything is written little-endian, which is what Debian's machines are. */

/* Writing: each value aligned as its type wants. */
void	 dbus_put_u32(struct buf *out, uint32_t value);
void	 dbus_put_string(struct buf *out, const char *text);

/* Append a method call to systemd's manager; `body` has values of `signature`. */
void	 dbus_put_call(struct buf *out, uint32_t serial, const char *member, const char *signature,
	    const struct buf *body);

/* Reading; once something does not fit, `bad` is set and all else is 0 or "". */
struct dbus_reader {
	const char	*data;
	size_t		 len, at;
	bool		 bad;
};

void		 dbus_skip_to(struct dbus_reader *reader, size_t align);
uint32_t	 dbus_get_u32(struct dbus_reader *reader);
const char	*dbus_get_string(struct dbus_reader *reader);	/* borrowed */

/* One message. */
struct dbus_message {
	bool			 is_return;	/* a method's answer; else an error or something else */
	uint32_t		 reply_to;	/* serial of the call it answers, 0 for none */
	struct dbus_reader	 body;
};

/*
 * The first message in `in` from *offset on; as frame_next() does.  False when what is there can be no message
 * of reasonable size.
 */
bool	 dbus_next(struct dbus_message *message, const struct buf *in, size_t *offset, bool *complete);

/*
 * Send the calls, `count` of them with serials from 1 on, to the program that listens at the socket `path`, and
 * hand every answer to take().  False when not all were answered in `seconds`, or take() said false.
 */
bool	 dbus_talk(const char *path, const struct buf *calls, uint32_t count, unsigned seconds,
	    bool (*take)(void *context, struct dbus_message *message), void *context);

#endif
