/* base: the values that no output may show. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mask.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#define MASK_MIN	6

static struct {
	struct buf	*values;	/* longest first, so that a value inside another one does not uncover it */
	size_t		 count;
} masks;

static void
insert(const char *value, size_t len)
{
	struct buf	 copy = { .secret = true };
	size_t		 i;

	for (i = 0; i < masks.count; i++) {
		if (masks.values[i].len == len && memcmp(masks.values[i].data, value, len) == 0)
			return;
	}
	buf_add(&copy, value, len);
	masks.values = xrealloc(masks.values, masks.count + 1, sizeof(*masks.values));
	for (i = masks.count++; i > 0 && masks.values[i - 1].len < len; i--)
		masks.values[i] = masks.values[i - 1];
	masks.values[i] = copy;
}

/*
 * A text of several lines (a PEM key) is also hidden line by line, for quotes
 * may show one.  Its lines that say only what it is ("-----BEGIN") are not secret.
 */
void
mask_register(const void *value, size_t len)
{
	const char	*line = value, *end = line + len, *stop;

	while (len > 0 && line[len - 1] == '\n')
		len--;
	if (len < MASK_MIN)
		return;
	if (memchr(value, '\n', len) == NULL) {
		insert(value, len);
		return;
	}
	for (; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (stop == NULL)
			stop = end;
		if (stop - line >= MASK_MIN && strncmp(line, "-----", 5) != 0)
			insert(line, (size_t)(stop - line));
	}
}

void
mask_apply(struct buf *text)
{
	struct buf	 result = { 0 };
	const char	*hit, *from, *end;
	size_t		 i;

	for (i = 0; i < masks.count && text->len != 0; i++) {
		from = text->data;
		end = text->data + text->len;
		hit = memmem(from, (size_t)(end - from), masks.values[i].data, masks.values[i].len);
		if (hit == NULL)
			continue;
		for (; hit != NULL;
		    hit = memmem(from, (size_t)(end - from), masks.values[i].data, masks.values[i].len)) {
			buf_add(&result, from, (size_t)(hit - from));
			buf_adds(&result, MASK_TEXT);
			from = hit + masks.values[i].len;
		}
		buf_add(&result, from, (size_t)(end - from));
		buf_clear(text);
		buf_add(text, result.data, result.len);
		buf_clear(&result);
	}
	buf_fini(&result);
}

void
mask_fini(void)
{
	size_t	 i;

	for (i = 0; i < masks.count; i++)
		buf_fini(&masks.values[i]);
	free(masks.values);
	masks.values = NULL;
	masks.count = 0;
}
