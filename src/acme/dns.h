/* acme: one question to a name server. */
/* May know base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ACME_DNS_H
#define ACME_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Append a query (RFC 1035, 4.1) for the TXT records of a name.  False: it is no name. */
bool	 dns_query(struct buf *out, const char *name, uint16_t id);

/* Whether a message is the answer to the query and has a TXT record with this text, in one string. */
bool	 dns_has_text(const void *message, size_t len, const struct buf *query, const char *text);

#endif
