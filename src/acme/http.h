/* acme: one exchange over HTTPS. */
/* May know base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ACME_HTTP_H
#define ACME_HTTP_H

#include "base/buf.h"

#include <stdbool.h>

struct http;

#define HTTP_BODY_MAX	(256u << 10)

struct reply {
	long		 status;
	struct buf	 body;
	char		*type, *nonce, *location, *retry_after;	/* headers, or NULL; as they came */
};
void		 reply_fini(struct reply *reply);

/* Trusts the CAs in `ca_pem` only, or (NULL) the system's.  `stopped` ends every exchange when it becomes true. */
NODISCARD
struct err	*http_open(struct http **out, const struct buf *ca_pem, bool (*stopped)(void));
void		 http_close(struct http *http);

/*
 * GET, HEAD or POST (then with `body`, application/jose+json).  No redirect is followed, no answer is longer than
 * HTTP_BODY_MAX, none takes longer than half a minute.  `reply` is emptied first.
 */
NODISCARD
struct err	*http_exchange(struct http *http, struct reply *reply, const char *method, const char *url,
		    const struct buf *body);

/*
 * Append what a node's own web server has at http://NAME/PATH, asked at its address, in ten seconds at most, without a
 * proxy.  Whatever is not status 200 fails.
 */
NODISCARD
struct err	*http_probe(struct http *http, struct buf *out, const char *name, const char *address, const char *path);

#endif
