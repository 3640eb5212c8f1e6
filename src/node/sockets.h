/* node: which ports are open here. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_SOCKETS_H
#define NODE_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOCKET_TCP_LISTENING	0x0a
#define SOCKET_UDP_UNCONNECTED	0x07

/*
 * Whether a socket takes what is sent to `port`: a listening TCP or an unconnected UDP one.  Its own address must be
 * `address` (4 or 16 bytes in network order, NULL for any) or the wildcard.
 */
bool	 sockets_open(bool tcp, unsigned port, const uint8_t *address, size_t len);

/* The same of a text in the form of /proc/net/tcp or udp (proc(5)), for sockets in this state. */
bool	 sockets_listen(const char *table, unsigned state, unsigned port, const uint8_t *address, size_t len);

#endif
