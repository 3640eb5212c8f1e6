/* node: just enough D-Bus to ask systemd, without the 10 ms that a systemctl costs. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/dbus.h"

#include "base/file.h"
#include "base/strs.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX	(16u << 20)
#define FIXED		16u		/* header up to and with the length of its fields */
#define BLOCK		(64u << 10)

enum { CALL = 1, RETURN = 2 };
enum { FIELD_PATH = 1, FIELD_INTERFACE = 2, FIELD_MEMBER = 3, FIELD_REPLY_SERIAL = 5, FIELD_SIGNATURE = 8 };

static void
put_padding(struct buf *out, size_t to)
{
	while (out->len % to != 0)
		buf_addc(out, '\0');
}

void
dbus_put_u32(struct buf *out, uint32_t value)
{
	put_padding(out, 4);
	for (int i = 0; i < 4; i++)
		buf_addc(out, (char)(value >> (8 * i)));
}

void
dbus_put_string(struct buf *out, const char *text)
{
	dbus_put_u32(out, (uint32_t)strlen(text));
	buf_add(out, text, strlen(text) + 1);
}

/* A header field: its code, a variant's signature, a string. */
static void
put_field(struct buf *out, char code, char type, const char *text)
{
	put_padding(out, 8);
	buf_addc(out, code);
	buf_addc(out, 1);
	buf_addc(out, type);
	buf_addc(out, '\0');
	if (type != 'g') {
		dbus_put_string(out, text);
		return;
	}
	buf_addc(out, (char)strlen(text));
	buf_add(out, text, strlen(text) + 1);
}

void
dbus_put_call(struct buf *out, uint32_t serial, const char *member, const char *signature, const struct buf *body)
{
	struct buf	 message = { 0 }, fields = { 0 };

	put_field(&fields, FIELD_PATH, 'o', "/org/freedesktop/systemd1");
	put_field(&fields, FIELD_INTERFACE, 's', "org.freedesktop.systemd1.Manager");
	put_field(&fields, FIELD_MEMBER, 's', member);
	put_field(&fields, FIELD_SIGNATURE, 'g', signature);
	buf_addc(&message, 'l');
	buf_addc(&message, CALL);
	buf_addc(&message, 0);		/* no flags */
	buf_addc(&message, 1);		/* protocol version */
	dbus_put_u32(&message, (uint32_t)body->len);
	dbus_put_u32(&message, serial);
	dbus_put_u32(&message, (uint32_t)fields.len);
	buf_add(&message, fields.data, fields.len);
	put_padding(&message, 8);
	buf_add(out, message.data, message.len);
	buf_add(out, body->data, body->len);
	buf_fini(&message);
	buf_fini(&fields);
}

void
dbus_skip_to(struct dbus_reader *reader, size_t align)
{
	reader->at = (reader->at + align - 1) / align * align;
	if (reader->at > reader->len)
		reader->bad = true;
}

uint32_t
dbus_get_u32(struct dbus_reader *reader)
{
	uint32_t	 value = 0;

	dbus_skip_to(reader, 4);
	if (reader->bad || reader->len - reader->at < 4) {
		reader->bad = true;
		return 0;
	}
	for (int i = 0; i < 4; i++)
		value |= (uint32_t)(unsigned char)reader->data[reader->at + (size_t)i] << (8 * i);
	reader->at += 4;
	return value;
}

const char *
dbus_get_string(struct dbus_reader *reader)
{
	uint32_t	 len = dbus_get_u32(reader);
	const char	*text;

	if (reader->bad || reader->len - reader->at <= len || reader->data[reader->at + len] != '\0') {
		reader->bad = true;
		return "";
	}
	text = reader->data + reader->at;
	reader->at += (size_t)len + 1;
	return text;
}

/* The one field that matters; others are of the kinds that a peer without a bus sends: string, path, signature, number. */
static uint32_t
reply_serial(struct dbus_reader *fields)
{
	uint32_t	 serial = 0, value = 0;
	char		 code, type;

	while (!fields->bad && fields->at < fields->len) {
		dbus_skip_to(fields, 8);
		if (fields->bad || fields->len - fields->at < 4)
			break;
		code = fields->data[fields->at];
		type = fields->data[fields->at + 2];
		fields->at += 4;
		if (type == 'u')
			value = dbus_get_u32(fields);
		else if (type == 's' || type == 'o')
			dbus_get_string(fields);
		else if (type == 'g' && fields->at < fields->len)
			fields->at += (unsigned char)fields->data[fields->at] + 2u;
		else
			fields->bad = true;
		if (code == FIELD_REPLY_SERIAL && type == 'u')
			serial = value;
	}
	return fields->bad ? 0 : serial;
}

bool
dbus_next(struct dbus_message *message, const struct buf *in, size_t *offset, bool *complete)
{
	struct dbus_reader	 header = { .data = in->data + *offset, .len = in->len - *offset, .at = 4 }, fields;
	uint32_t		 body_len, fields_len;
	size_t			 body_at;

	*complete = false;
	if (header.len < FIXED)
		return true;
	body_len = dbus_get_u32(&header);
	dbus_get_u32(&header);		/* its own serial */
	fields_len = dbus_get_u32(&header);
	if (header.data[0] != 'l' || body_len > MESSAGE_MAX || fields_len > MESSAGE_MAX)
		return false;
	body_at = (FIXED + (size_t)fields_len + 7) / 8 * 8;
	if (header.len < body_at + body_len)
		return true;
	/* Alignment counts from the start of the message, and of the body. */
	fields = (struct dbus_reader){ .data = header.data, .len = FIXED + fields_len, .at = FIXED };
	message->is_return = header.data[1] == RETURN;
	message->reply_to = reply_serial(&fields);
	message->body = (struct dbus_reader){ .data = header.data + body_at, .len = body_len };
	*offset += body_at + body_len;
	*complete = true;
	return true;
}

static int
dial(const char *path, unsigned seconds)
{
	const struct timeval	 limit = { .tv_sec = (time_t)seconds };
	struct sockaddr_un	 address = { .sun_family = AF_UNIX };
	int			 fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	memccpy(address.sun_path, path, '\0', sizeof(address.sun_path) - 1);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
receive(int fd, struct buf *in)
{
	ssize_t	 got;

	buf_reserve(in, BLOCK);
	do {
		got = read(fd, in->data + in->len, BLOCK);
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return false;
	in->len += (size_t)got;
	in->data[in->len] = '\0';
	return true;
}

/* The server's "OK GUID" line ends its part of the authentication. */
static bool
skip_greeting(int fd, struct buf *in)
{
	const char	*end;

	while ((end = memmem(buf_text(in), in->len, "\r\n", 2)) == NULL)
		if (in->len > BLOCK || !receive(fd, in))
			return false;
	if (!str_starts(buf_text(in), "OK "))
		return false;
	buf_drop(in, (size_t)(end + 2 - in->data));
	return true;
}

bool
dbus_talk(const char *path, const struct buf *calls, uint32_t count, unsigned seconds,
    bool (*take)(void *context, struct dbus_message *message), void *context)
{
	/* A zero byte, then who we are: the user with the number 0, each digit in hexadecimal. */
	static const char	 hello[] = "\0AUTH EXTERNAL 30\r\nBEGIN\r\n";
	struct buf		 in = { 0 };
	struct dbus_message	 message;
	size_t			 offset = 0;
	int			 fd = dial(path, seconds);
	bool			 complete = false, good;

	good = fd >= 0 && write_all(fd, hello, sizeof(hello) - 1) == 0 &&
	    write_all(fd, calls->data, calls->len) == 0 && skip_greeting(fd, &in);
	while (good && count > 0) {
		good = dbus_next(&message, &in, &offset, &complete);
		if (good && !complete)
			good = receive(fd, &in);
		if (good && complete && message.reply_to != 0) {
			good = take(context, &message);
			count--;
		}
	}
	if (fd >= 0)
		close(fd);
	buf_fini(&in);
	return good;
}
