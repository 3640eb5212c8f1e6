/* acme: one question to a name server: whether it has the TXT record that a CA will look for. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "acme/dns.h"

#include "acme/acme.h"
#include "base/buf.h"
#include "base/err.h"

#include <netdb.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_LEN	12u
#define TYPE_TXT	16u
#define CLASS_IN	1u
#define LABEL_MAX	63u
#define NAME_LEN_MAX	255u
#define MESSAGE_MAX	4096u
#define TRIES		3u		/* a datagram may be lost; */
#define TRY_SECONDS	2		/* so long each */

static void
add16(struct buf *out, unsigned value)
{
	buf_addc(out, (char)(value >> 8));
	buf_addc(out, (char)(value & 0xff));
}

bool
dns_query(struct buf *out, const char *name, uint16_t id)
{
	size_t len;

	add16(out, id);
	add16(out, 0);			/* a query, without recursion: the server itself is asked */
	add16(out, 1);			/* one question */
	buf_add(out, "\0\0\0\0\0", 6);
	if (strlen(name) + 2 > NAME_LEN_MAX)
		return false;
	for (; *name != '\0'; name += len + (name[len] == '.')) {
		len = strcspn(name, ".");
		if (len == 0 || len > LABEL_MAX)
			return false;
		buf_addc(out, (char)len);
		buf_add(out, name, len);
	}
	buf_addc(out, '\0');
	add16(out, TYPE_TXT);
	add16(out, CLASS_IN);
	return true;
}

/* Reads a message from front to back; `at` is beyond the end once anything did not fit. */
struct reading {
	const unsigned char	*data;
	size_t			 len, at;
};

static unsigned
read_number(struct reading *reading, unsigned bytes)
{
	unsigned value = 0;

	for (; bytes > 0; bytes--, reading->at++)
		value = value << 8 | (reading->at < reading->len ? reading->data[reading->at] : 0);
	return value;
}

/* Past a name: labels, and perhaps a pointer at the end (RFC 1035, 4.1.4), which is not followed. */
static void
skip_name(struct reading *reading)
{
	while (reading->at < reading->len) {
		unsigned size = reading->data[reading->at++];

		if (size == 0)
			return;
		if (size >= 0xc0) {
			reading->at++;
			return;
		}
		reading->at += size;
	}
	reading->at = reading->len + 1;
}

bool
dns_has_text(const void *message, size_t len, const struct buf *query, const char *text)
{
	struct reading	 reading = { message, len, 0 };
	size_t		 want = strlen(text);
	unsigned	 flags, answers;

	if (len < query->len || memcmp(message, query->data, 2) != 0 ||
	    memcmp((const char *)message + HEADER_LEN, query->data + HEADER_LEN, query->len - HEADER_LEN) != 0)
		return false;
	reading.at = 2;
	flags = read_number(&reading, 2);
	if ((flags & 0x8000) == 0 || (flags & 0x000f) != 0 || read_number(&reading, 2) != 1)
		return false;
	answers = read_number(&reading, 2);
	for (reading.at = query->len; answers > 0 && reading.at < len; answers--) {
		unsigned	 type, size;

		skip_name(&reading);
		type = read_number(&reading, 2);
		read_number(&reading, 2 + 4);	/* class and time to live */
		size = read_number(&reading, 2);
		if (reading.at > len || size > len - reading.at)
			return false;
		if (type == TYPE_TXT && size == want + 1 && reading.data[reading.at] == want &&
		    memcmp(reading.data + reading.at + 1, text, want) == 0)
			return true;
		reading.at += size;
	}
	return false;
}

/* Send, and wait for the answer.  False: nothing came. */
static bool
ask_once(int fd, const struct buf *query, const char *text, bool *found)
{
	char	message[MESSAGE_MAX];
	ssize_t	len;

	if (send(fd, query->data, query->len, 0) < 0)
		return false;
	len = recv(fd, message, sizeof(message), 0);
	*found = len > 0 && dns_has_text(message, (size_t)len, query, text);
	return len > 0;
}

struct err *
acme_ask_txt(const char *address, const char *name, const char *text, bool *found)
{
	struct addrinfo		 hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo		*to = NULL;
	struct timeval		 limit = { .tv_sec = TRY_SECONDS };
	struct buf		 query = { 0 };
	uint16_t		 id = 0;
	int			 fd = -1;
	struct err		*e = NULL;

	*found = false;
	if (getrandom(&id, sizeof(id), 0) != sizeof(id) || !dns_query(&query, name, id))
		e = err_new(ERR_FAILED, "cannot ask for %s", name);
	else if (getaddrinfo(address, "53", &hints, &to) != 0 ||
	    (fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
	    connect(fd, to->ai_addr, to->ai_addrlen) != 0)
		e = err_errno(ERR_FAILED, "cannot ask the name server at %s", address);
	for (unsigned i = 0; e == NULL && i < TRIES && !ask_once(fd, &query, text, found); i++)
		continue;
	if (fd >= 0)
		close(fd);
	if (to != NULL)
		freeaddrinfo(to);
	buf_fini(&query);
	return e;
}
