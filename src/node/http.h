/* node: just enough HTTP to see whether a server answers. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_HTTP_H
#define NODE_HTTP_H

#include "base/mem.h"

struct buf;

/*
 * GET an http:// URL (RFC 9112; HTTP/1.0, so that nothing comes in chunks), with `host` as the Host header unless
 * NULL.  *status is the answer's, *body at most 1 MiB of what follows the header.  A host
 * name in the URL is looked up in /etc/hosts only.
 */
NODISCARD
struct err	*http_get(const char *url, const char *host, unsigned seconds, int *status, struct buf *body);

/* The pieces of an http:// URL, the caller's, free(); false when it is none. */
int		 http_split(const char *url, char **host, unsigned *port, char **path);

#endif
