/* push: what a node says, checked: nothing of it is trusted. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PUSH_ANSWERS_H
#define PUSH_ANSWERS_H

#include "base/mem.h"
#include "base/strs.h"
#include "push/push.h"
#include "wire/manifest.h"

#include <jansson.h>
#include <stdbool.h>

struct buf;

#define ANSWERS_EVENTS_MAX	100000u
#define ANSWERS_REPEATED_MAX	1000u	/* of one resource in a row */
#define ANSWERS_BYTES_MAX	(64u << 20)

enum answers_result {
	ANSWERS_OK, ANSWERS_FAILED, ANSWERS_LOCKED, ANSWERS_CANCELLED, ANSWERS_MOVED, ANSWERS_PLANNED,
};

/* All zeros but the first five is the start of a conversation. */
struct answers {
	const struct manifest	*manifest;	/* the node may ask for its blobs and no others */
	const struct strs	*programs;	/* the SHA-256 of programs that we know */
	void			(*event)(void *context, json_t *take_event);
	void			*context;
	const json_t		*index;		/* patch_index() when events are to get differences, else NULL */

	bool			 hello, need, done;	/* which frames came */
	struct strs		 wanted;	/* the blobs that NEED names; for the caller to send */
	char			*last;		/* the resource of the last event, or NULL */
	unsigned		 events, repeated;	/* how often, and of the same resource in a row */
	size_t			 bytes;

	enum answers_result	 result;	/* these when done */
	unsigned		 changed, restarted, generation, checks, checks_failed;
	size_t			 missing_bytes;
	unsigned		 milliseconds[PUSH_PARTS];
	char			 state[SHA256_HEX_SIZE];	/* or "" */
	char			*error, *resource, *lock;	/* cleaned; may be NULL */
	bool			 marked;	/* the lock is that of `leap lock`, and stays until `leap unlock` */
	bool			 stale;		/* whoever has it shows no sign of life */
	bool			 reverted;	/* it failed, and the node is as it was before */
	unsigned		 confirm;	/* the node goes back in so many seconds unless it is told `nonce`; 0: it stays */
	char			*nonce;
	json_t			*data;		/* what the op gives beyond that, cleaned; may be NULL */
};

/*
 * Take all complete frames out of `in`.  Fails, for good, when the node breaks the protocol: an
 * unknown, enormous or misplaced frame, JSON of a wrong form, a foreign blob, too much of anything.
 * Without `hello` then, the program on the node is not (or no longer) what it should be.
 */
NODISCARD
struct err	*answers_read(struct answers *answers, struct buf *in);
void		 answers_fini(struct answers *answers);

/*
 * Append a node's text as printable UTF-8, at most `max` bytes of it: control characters, those of direction,
 * and bytes that are no UTF-8 become "?"; `lines` lets newline and tab through.
 */
void		 text_clean(struct buf *out, const char *text, size_t len, size_t max, bool lines);

#endif
