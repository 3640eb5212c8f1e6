/* node: which ports are open here. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/sockets.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TABLE_MAX	(64u << 20)
#define ANSWER_SIZE	(32u << 10)

/* The 32-bit words of an address are in the kernel's own byte order, each as eight digits. */
static bool
parse_address(const char *text, uint8_t *out, size_t *len)
{
	size_t	 digits = strspn(text, "0123456789ABCDEFabcdef");

	*len = digits / 2;
	if ((digits != 8 && digits != 32) || text[digits] != ':')
		return false;
	for (size_t i = 0; i < digits; i += 8) {
		char		 part[9] = "";
		uint32_t	 word;

		memcpy(part, text + i, 8);
		word = (uint32_t)strtoul(part, NULL, 16);
		memcpy(out + i / 2, &word, sizeof(word));
	}
	return true;
}

static bool
takes(const uint8_t *have, size_t have_len, const uint8_t *want, size_t want_len)
{
	static const uint8_t	 any[16];

	if (want == NULL)
		return true;
	/* An IPv6 wildcard takes IPv4 too, ipv6(7). */
	if (memcmp(have, any, have_len) == 0)
		return have_len >= want_len;
	return have_len == want_len && memcmp(have, want, want_len) == 0;
}

bool
sockets_listen(const char *table, unsigned state, unsigned port, const uint8_t *address, size_t len)
{
	uint8_t		 have[16];
	char		 local[64], colon;
	unsigned	 have_port, have_state;
	size_t		 have_len;

	for (const char *line = strchr(table, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
		if (sscanf(line, " %*u: %63s %*s %x%c", local, &have_state, &colon) != 3 || have_state != state)
			continue;
		if (parse_address(local, have, &have_len) && sscanf(strchr(local, ':'), ":%x", &have_port) == 1 &&
		    have_port == port && takes(have, have_len, address, len))
			return true;
	}
	return false;
}

static bool
listens_in(const char *path, unsigned state, unsigned port, const uint8_t *address, size_t len)
{
	struct buf	 table = { 0 };
	struct err	*e = file_read(path, TABLE_MAX, &table);
	bool		 found = e == NULL && sockets_listen(buf_text(&table), state, port, address, len);

	err_free(e);	/* no IPv6 here, for one */
	buf_fini(&table);
	return found;
}

/* What is looked for. */
struct wanted {
	unsigned	 port;
	const uint8_t	*address;
	size_t		 len;
};

static bool
is_wanted(const struct inet_diag_msg *socket, const struct wanted *wanted)
{
	return ntohs(socket->id.idiag_sport) == wanted->port &&
	    takes((const uint8_t *)socket->id.idiag_src, socket->idiag_family == AF_INET ? 4 : 16, wanted->address,
	    wanted->len);
}

/* Go through one datagram of the kernel's answer: 1 found, 0 to be continued, -1 it ends here, -2 it cannot say. */
static int
look_through(const char *answer, size_t len, const struct wanted *wanted)
{
	const struct nlmsghdr	*message = (const struct nlmsghdr *)(const void *)answer;

	for (; NLMSG_OK(message, len); message = NLMSG_NEXT(message, len)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return -1;
		if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		    message->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			return -2;
		if (is_wanted(NLMSG_DATA(message), wanted))
			return 1;
	}
	return 0;
}

/*
 * sock_diag(7) looks only at sockets in the wanted state, while /proc/net/tcp walks a table of
 * all connections that takes milliseconds even when empty.  The result is as look_through()'s.
 */
static int
ask_kernel(uint8_t family, bool tcp, const struct wanted *wanted)
{
	struct {
		struct nlmsghdr		 header;
		struct inet_diag_req_v2	 body;
	} question = {
		.header = { .nlmsg_len = sizeof(question), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = family, .sdiag_protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP,
		    .idiag_states = 1u << (tcp ? SOCKET_TCP_LISTENING : SOCKET_UDP_UNCONNECTED) },
	};
	int	 fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), found = -2;
	char	*answer = xmalloc(ANSWER_SIZE);
	ssize_t	 got;

	if (fd >= 0 && send(fd, &question, sizeof(question), 0) == (ssize_t)sizeof(question)) {
		do {
			got = recv(fd, answer, ANSWER_SIZE, 0);
			found = got > 0 ? look_through(answer, (size_t)got, wanted) : -2;
		} while (found == 0 || (got < 0 && errno == EINTR));
	}
	if (fd >= 0)
		close(fd);
	free(answer);
	return found;
}

bool
sockets_open(bool tcp, unsigned port, const uint8_t *address, size_t len)
{
	const struct wanted	 wanted = { .port = port, .address = address, .len = len };
	unsigned		 state = tcp ? SOCKET_TCP_LISTENING : SOCKET_UDP_UNCONNECTED;
	int			 four = ask_kernel(AF_INET, tcp, &wanted);
	int			 six = four == 1 ? -1 : ask_kernel(AF_INET6, tcp, &wanted);

	if (four == 1 || six == 1)
		return true;
	if (four == -1 && six == -1)
		return false;
	/* A kernel without that module. */
	return listens_in(tcp ? "/proc/net/tcp" : "/proc/net/udp", state, port, address, len) ||
	    listens_in(tcp ? "/proc/net/tcp6" : "/proc/net/udp6", state, port, address, len);
}
