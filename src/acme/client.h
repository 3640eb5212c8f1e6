/* acme: signed requests to one server by one account. */
/* May know pki, base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ACME_CLIENT_H
#define ACME_CLIENT_H

#include "acme/acme.h"
#include "acme/http.h"
#include "acme/message.h"

#include <jansson.h>

struct acme {
	const struct acme_settings	*settings;
	struct http			*http;
	struct directory		 directory;
	char				*account;	/* URL, or NULL: requests name the key itself */
	char				*nonce;		/* to be used next, or NULL */
	unsigned			 rejected;	/* nonces, so far: all requests together have a budget */
	double				 deadline;	/* monotonic, seconds; 0: none */
};

struct answer {
	struct reply	 reply;
	json_t		*json;		/* NULL: the body is no JSON object, or none */
};
void		 answer_fini(struct answer *answer);

/*
 * POST `payload` (NULL: POST-as-GET), signed.  Rejected nonces are retried, and so is what the server asks to be
 * retried soon, within bounds.  A status of 400 and more is an error that says what the server said.
 */
NODISCARD
struct err	*acme_post(struct acme *acme, struct answer *answer, const char *url, const json_t *payload);

/* GET without a signature: the directory, renewalInfo. */
NODISCARD
struct err	*acme_get(struct acme *acme, struct answer *answer, const char *url);

/* Wait.  Fails when the deadline comes first or the program is told to stop. */
NODISCARD
struct err	*acme_sleep(struct acme *acme, double seconds);

/* From now on everything must be done in so many seconds; 0: no limit. */
void		 acme_limit(struct acme *acme, double seconds);

/* How long to wait before number `tries` (from 0) of asking again. */
double		 acme_pause(const struct reply *reply, unsigned tries);

#endif
