/* base: the values that no output may show. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define MASK_TEXT	"[secret]"

/*
 * From now on mask_apply() hides this value.  Values under 6 bytes are not
 * taken: masking them would tear up innocent text.  Not for threads: register
 * before they start.
 */
void		 mask_register(const void *value, size_t len);

/* Replace every registered value in `text` by MASK_TEXT. */
void		 mask_apply(struct buf *text);

/* Whether mask_apply() would change the text. */
bool		 mask_has(const char *text, size_t len);

/* Forget and cleanse all registered values. */
void		 mask_fini(void);

#endif
