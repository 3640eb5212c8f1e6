/* base: errors as values. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/mem.h"

struct buf;
struct err;

/* What went wrong decides the exit status of the program. */
enum err_code {
	ERR_FAILED = 1,		/* it was tried and did not work */
	ERR_USAGE = 2,		/* the command line is wrong */
	ERR_CONFIG = 3,		/* the configuration is wrong; nothing was touched */
	ERR_NODES = 4,		/* some nodes failed */
	ERR_TRUST = 5,		/* a host key, the vault, a certificate */
};

/* A place in the user's own input.  Lines and columns count from 1, 0 is unknown; columns are bytes. */
struct place {
	const char	*path;		/* relative to the instance where possible; NULL is no place */
	unsigned	 line;
	unsigned	 column;
	const char	*text;		/* the line itself, without newline, or NULL */
};

/*
 * Messages are lower case, without full stop.  NULL is success.  Every
 * function that takes an error as `take_e` owns it and returns it changed;
 * NULL stays NULL.  Texts are copied, so places may live on the stack.
 */
PRINTF(2, 3) NODISCARD
struct err	*err_new(enum err_code code, const char *format, ...);

PRINTF(3, 4) NODISCARD
struct err	*err_at(enum err_code code, const struct place *place, const char *format, ...);

/* As err_new(), with ": " and strerror(errno) behind the message. */
PRINTF(2, 3) NODISCARD
struct err	*err_errno(enum err_code code, const char *format, ...);

/* Say what the user can do about it. */
PRINTF(2, 3) NODISCARD
struct err	*err_hint(struct err *take_e, const char *format, ...);

/* Put "text: " before the message. */
PRINTF(2, 3) NODISCARD
struct err	*err_context(struct err *take_e, const char *format, ...);

/* Add a line of explanation, at a place or (NULL) without: one link of a chain. */
PRINTF(3, 4) NODISCARD
struct err	*err_note(struct err *take_e, const struct place *place, const char *format, ...);

/* Both, one after the other; either may be NULL.  The first one's code counts. */
NODISCARD
struct err	*err_join(struct err *take_first, struct err *take_second);

void		 err_free(struct err *e);

enum err_code	 err_code(const struct err *e);
size_t		 err_count(const struct err *e);	/* how many were joined; 0 for NULL */
const char	*err_message(const struct err *e);	/* of the first; without place and hint */
const struct place *err_place(const struct err *e);	/* of the first; NULL when it has none */
const char	*err_hint_text(const struct err *e);	/* of the first; NULL when it has none */
const struct err *err_next(const struct err *e);	/* the one joined behind, or NULL */

/*
 * Append the error as text for a person, each joined error in turn:
 * place, message, the quoted line with a caret, notes, hint.
 */
void		 err_format(const struct err *e, struct buf *out);

#endif
