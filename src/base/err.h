/* base: errors as values. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/mem.h"

#include <stdbool.h>

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
PRINTF(3, 0) NODISCARD
struct err	*err_atv(enum err_code code, const struct place *place, const char *format, va_list args);

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

/*
 * Name the rule that is broken, "duplicate-address": a literal, for programs that read what leap check says.  Of all
 * that are joined only those get it that have none yet, so that a caller may name what is left.  NULL names nothing.
 */
NODISCARD
struct err	*err_rule(struct err *take_e, const char *rule);

/* All that are joined may be meant as they are. */
NODISCARD
struct err	*err_warning(struct err *take_e);

/* Give it another message and place (NULL: none); code, rule, notes and hint stay.  The message may quote the old one. */
PRINTF(3, 4) NODISCARD
struct err	*err_moved(struct err *take_e, const struct place *place, const char *format, ...);

/*
 * Say of which state of the files all that are joined are: "HEAD~1:" comes before every path, and "HEAD~1: " before
 * the message of those that have no place.
 */
NODISCARD
struct err	*err_of(struct err *take_e, const char *state);

/* Both, one after the other; either may be NULL.  The first one's code counts. */
NODISCARD
struct err	*err_join(struct err *take_first, struct err *take_second);

/* The first of those that are joined, once more, without its notes. */
NODISCARD
struct err	*err_copy(const struct err *e);

void		 err_free(struct err *e);

enum err_code	 err_code(const struct err *e);
size_t		 err_count(const struct err *e);	/* how many were joined; 0 for NULL */
const char	*err_message(const struct err *e);	/* of the first; without place and hint */
const struct place *err_place(const struct err *e);	/* of the first; NULL when it has none */
const char	*err_hint_text(const struct err *e);	/* of the first; NULL when it has none */
const char	*err_rule_name(const struct err *e);	/* of the first; NULL when it has none */
bool		 err_is_warning(const struct err *e);	/* the first */
const struct err *err_next(const struct err *e);	/* the one joined behind, or NULL */

/* The note with this number, from 0, of the first; NULL when there are not so many.  *place is NULL when it has none. */
const char	*err_note_text(const struct err *e, size_t number, const struct place **place);

/*
 * Append the error as text for a person, each joined error in turn:
 * place, message, the quoted line with a caret, notes, hint.
 */
void		 err_format(const struct err *e, struct buf *out);

/* The first one only, as compilers and editors know it: "PLACE: warning: MESSAGE [RULE]", and the lines below. */
void		 err_format_finding(const struct err *e, struct buf *out);

#endif
