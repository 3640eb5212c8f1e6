/* acme: what an ACME server says, checked: nothing of it is trusted. */
/* May know base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ACME_MESSAGE_H
#define ACME_MESSAGE_H

#include "acme/acme.h"
#include "base/mem.h"
#include "base/strs.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;

/* Every URL is https, printable and of a sensible length; every text in an error is cut and has no control characters. */

/* RFC 8555, 7.1.1.  All zeros is empty; _fini() also after an error. */
struct directory {
	char	*new_nonce, *new_account, *new_order, *revoke;
	char	*renewal;		/* RFC 9773, 4.1; or NULL */
	char	*terms;			/* a URL, or NULL */
	bool	 binding;		/* an external account is required */
	struct strs profiles;
};
NODISCARD
struct err	*directory_read(struct directory *out, const json_t *reply);
void		 directory_fini(struct directory *directory);

/* RFC 8555, 7.1.6. */
enum message_status {
	STATUS_PENDING, STATUS_READY, STATUS_PROCESSING, STATUS_VALID,
	STATUS_INVALID,			/* also expired, revoked, deactivated */
};

/* RFC 8555, 7.1.3. */
struct order {
	enum message_status	 status;
	struct strs		 authorizations;	/* URLs, at least one, MESSAGE_NAMES_MAX at most */
	char			*finalize;
	char			*certificate;		/* there when STATUS_VALID */
	struct err		*error;			/* why it is invalid, or NULL */
};
#define MESSAGE_NAMES_MAX	100u
NODISCARD
struct err	*order_read(struct order *out, const json_t *reply);
void		 order_fini(struct order *order);

/* RFC 8555, 7.1.4 and 8. */
struct authorization {
	enum message_status	 status;
	char			*name;		/* with "*." in front of a wildcard's */
	struct challenge {
		char		*url, *token;	/* NULL: it is not offered */
		struct err	*error;		/* why it failed, or NULL */
	} challenges[2];			/* by enum acme_method */
};
NODISCARD
struct err	*authorization_read(struct authorization *out, const json_t *reply);
void		 authorization_fini(struct authorization *authorization);

/* RFC 9773, 4.2. */
NODISCARD
struct err	*renewal_read(int64_t *start, int64_t *end, const json_t *reply);

/*
 * A problem document (RFC 7807; RFC 8555, 6.7) as an error: what was said, and each of the subproblems as a note.
 * `status` is HTTP's; 0: unknown.  `reply` may be NULL or anything.
 */
NODISCARD
struct err	*problem_error(const json_t *reply, long status);

/* Whether it is urn:ietf:params:acme:error:NAME. */
bool		 problem_is(const json_t *reply, const char *name);

/* Retry-After (RFC 9110, 10.2.3) in seconds from `now`, 0 for what is past or makes no sense. */
unsigned	 retry_after_read(const char *text, int64_t now);

/* Whether a text is base64url of MIN to MAX characters: nonces, tokens. */
bool		 token_valid(const char *text, size_t min, size_t max);
bool		 url_valid(const char *text);

/* Append, each byte that is not printable ASCII as "?", `max` at most. */
void		 message_clean(struct buf *out, const char *text, size_t max);

#endif
