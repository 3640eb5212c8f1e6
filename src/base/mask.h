/* base: the values that no output may show. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define MASK_TEXT	"[secret]"
#define MASK_MIN	6

/*
 * From now on mask_apply() hides this value, its lines, and both as JSON, shells, XML and URLs quote them, in
 * hexadecimal digits and in base64.  What is shorter than MASK_MIN bytes is not taken: masking it would tear up
 * innocent text.  Not for threads: register before they start.
 */
void		 mask_register(const void *value, size_t len);

/* Replace every registered value in `text` by MASK_TEXT. */
void		 mask_apply(struct buf *text);

/* Whether mask_apply() would change the text. */
bool		 mask_has(const char *text, size_t len);

/*
 * The same of a text that is asked for again and again while values are registered: only the new ones are looked for,
 * in time that does not depend on the text's length.  The text is borrowed.
 */
struct mask_watch *mask_watch_new(const char *text, size_t len);
bool		 mask_watch_has(struct mask_watch *watch);
void		 mask_watch_free(struct mask_watch *watch);

/* Forget and cleanse all registered values. */
void		 mask_fini(void);

#endif
