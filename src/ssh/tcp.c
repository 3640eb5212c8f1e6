/* ssh: TCP connections. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "ssh/transport.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* Wait until a connection that was begun is there or has failed. */
static struct err *
finish(int fd, const struct ssh *ssh)
{
	struct pollfd	 fds[2] = { { .fd = fd, .events = POLLOUT } };
	double		 left = ssh->target.timeout, waited;
	socklen_t	 len = sizeof(errno);
	struct err	*e;

	while (fds[0].revents == 0) {
		if (left <= 0) {
			errno = ETIMEDOUT;
			return err_errno(ERR_FAILED, "cannot connect to %s port %u in %u s", ssh->target.address,
			    ssh->target.port, ssh->target.timeout);
		}
		e = ssh_poll(ssh, fds, 1, left, &waited);
		if (e != NULL)
			return e;
		left -= waited;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errno, &len) != 0 || errno != 0)
		return err_errno(ERR_FAILED, "cannot connect to %s port %u", ssh->target.address, ssh->target.port);
	return NULL;
}

/* Start to connect; Nagle's algorithm would cost a delayed acknowledgement (40 ms) in each login. */
static struct err *
begin(int *fd, const struct addrinfo *where, const struct ssh *ssh)
{
	*fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) != 0)
		return err_errno(ERR_FAILED, "cannot make a socket");
	if (connect(*fd, where->ai_addr, where->ai_addrlen) != 0 && errno != EINPROGRESS)
		return err_errno(ERR_FAILED, "cannot connect to %s port %u", ssh->target.address, ssh->target.port);
	return NULL;
}

struct err *
tcp_connect(int *fd, const struct ssh *ssh)
{
	struct addrinfo	 hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	struct addrinfo	*where = NULL;
	struct err	*e;
	char		 port[16];

	*fd = -1;
	snprintf(port, sizeof(port), "%u", ssh->target.port);
	if (ssh->target.port > 65535 || getaddrinfo(ssh->target.address, port, &hints, &where) != 0)
		return err_new(ERR_CONFIG, "\"%s\" port %u is not an IP address and a port", ssh->target.address,
		    ssh->target.port);
	e = begin(fd, where, ssh);
	freeaddrinfo(where);
	if (e == NULL)
		e = finish(*fd, ssh);
	if (e != NULL && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return e;
}
