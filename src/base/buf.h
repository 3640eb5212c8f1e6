/* base: a growing buffer of bytes. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * All zeros is an empty buffer.  `data` is NULL or ends in a NUL that `len`
 * does not count.  A buffer with `secret` set cleanses what it lets go of.
 */
struct buf {
	char	*data;
	size_t	 len;
	size_t	 cap;
	bool	 secret;
};

void	 buf_fini(struct buf *buf);
void	 buf_clear(struct buf *buf);		/* len = 0, keeps the memory */
void	 buf_reserve(struct buf *buf, size_t more);
void	 buf_add(struct buf *buf, const void *data, size_t len);
void	 buf_addc(struct buf *buf, char byte);
void	 buf_adds(struct buf *buf, const char *text);
PRINTF(2, 3)
void	 buf_addf(struct buf *buf, const char *format, ...);
PRINTF(2, 0)
void	 buf_addv(struct buf *buf, const char *format, va_list args);
void	 buf_drop(struct buf *buf, size_t len);	/* removes the first `len` bytes */
const char *buf_text(const struct buf *buf);	/* never NULL; valid until the next change */
char	*buf_take(struct buf *buf);		/* the text, now the caller's, free(); buf is empty */

#endif
