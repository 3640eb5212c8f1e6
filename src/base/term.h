/* base: the terminal: tables, colours, questions. */
/* Knows nothing of leap.  Only cmd/ and main() call what writes. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_TERM_H
#define BASE_TERM_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct buf;

enum term_color { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_RED, TERM_GREEN, TERM_YELLOW, TERM_CYAN };

/* Colours only on a terminal, and not with NO_COLOR set (no-color.org) or TERM=dumb. */
void	 term_setup(void);
void	 term_no_color(void);
bool	 term_is_tty(FILE *stream);
unsigned term_width(void);			/* columns; 80 where unknown, at least 20 */

/* Append `text` in a colour for `stream`, or plain where colours are off. */
void	 term_color(struct buf *line, FILE *stream, enum term_color color, const char *text);

/* Print; registered secrets are masked, control characters other than newline and tab made visible. */
PRINTF(1, 2)
void	 out(const char *format, ...);		/* results: standard output */
PRINTF(1, 2)
void	 note(const char *format, ...);		/* all else: standard error; silent with -q */
PRINTF(1, 2)
void	 verbose(const char *format, ...);	/* standard error; only with -v */
/* Append `text` with every control character made visible: for what others wrote. */
void	 term_visible(struct buf *out, const char *text);

/* Write to `stream` as out() and note() do; `text` is masked in place. */
void	 term_write(FILE *stream, struct buf *text);
void	 term_set_verbosity(int level);		/* -1 quiet, 0, 1 verbose */

/* A table: columns padded to their widest cell; the last one is cut at the terminal's width on a terminal. */
struct table;
struct table	*table_new(size_t columns);
void		 table_free(struct table *table);
PRINTF(2, 3)
void		 table_add(struct table *table, const char *format, ...);	/* the next cell */
void		 table_color(struct table *table, enum term_color color);	/* of the cell added last */
void		 table_print(const struct table *table, FILE *stream);

/* Ask on the terminal.  Fails with ERR_USAGE and the hint `hint` when there is no terminal to ask on. */
NODISCARD
struct err	*ask_yes(bool *yes, const char *hint, const char *question);
/* For passphrases: without an echo, from /dev/tty or else the program SSH_ASKPASS; `answer` must be a secret buffer. */
NODISCARD
struct err	*ask_secret(struct buf *answer, const char *hint, const char *question);
NODISCARD
struct err	*ask_text(struct buf *answer, const char *fallback, const char *hint, const char *question);

#endif
