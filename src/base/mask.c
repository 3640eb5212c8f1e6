/* base: the values that no output may show. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mask.h"

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MASK_MIN	6
#define FILTER_BITS	(1u << 16)

static struct {
	struct buf	*values;	/* by their first MASK_MIN bytes; among equal ones the longest first */
	size_t		 count;
	unsigned char	 filter[FILTER_BITS / 8];	/* what those bytes hash to: at most places of a text no value begins */
} masks;

/* FNV-1a of the first MASK_MIN bytes, folded. */
static unsigned
hash(const char *text)
{
	uint32_t	 sum = 2166136261u;

	for (size_t i = 0; i < MASK_MIN; i++)
		sum = (sum ^ (unsigned char)text[i]) * 16777619u;
	return (sum ^ sum >> 16) % FILTER_BITS;
}

static int
order(const char *value, size_t len, const struct buf *other)
{
	int	 prefix = memcmp(value, other->data, MASK_MIN);

	if (prefix != 0)
		return prefix;
	if (len != other->len)
		return len > other->len ? -1 : 1;
	return memcmp(value, other->data, len);
}

/* The index of the first value that does not come before this one. */
static size_t
position(const char *value, size_t len)
{
	size_t	 low = 0, high = masks.count;

	while (low < high) {
		size_t	 middle = low + (high - low) / 2;

		if (order(value, len, &masks.values[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
insert(const char *value, size_t len)
{
	struct buf	 copy = { .secret = true };
	size_t		 at = position(value, len);

	if (at < masks.count && order(value, len, &masks.values[at]) == 0)
		return;
	buf_add(&copy, value, len);
	masks.values = xrealloc(masks.values, masks.count + 1, sizeof(*masks.values));
	memmove(masks.values + at + 1, masks.values + at, (masks.count - at) * sizeof(*masks.values));
	masks.values[at] = copy;
	masks.count++;
	masks.filter[hash(value) / 8] |= (unsigned char)(1u << hash(value) % 8);
}

/* How long the longest value is that `text` begins with; 0 when there is none. */
static size_t
match(const char *text, size_t len)
{
	if (len < MASK_MIN || (masks.filter[hash(text) / 8] & 1u << hash(text) % 8) == 0)
		return 0;
	for (size_t i = position(text, SIZE_MAX); i < masks.count; i++) {
		const struct buf	*value = &masks.values[i];

		if (memcmp(text, value->data, MASK_MIN) != 0)
			break;
		if (value->len <= len && memcmp(text, value->data, value->len) == 0)
			return value->len;
	}
	return 0;
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

/* One pass, however many values there are: an instance has some for each node.  Of values that overlap nothing stays. */
void
mask_apply(struct buf *text)
{
	struct buf	 result = { .secret = text->secret };
	size_t		 covered = 0, len;
	bool		 found = false;

	for (size_t i = 0; masks.count > 0 && i < text->len; i++) {
		len = match(text->data + i, text->len - i);
		if (len == 0)
			continue;
		if (i >= covered) {
			buf_add(&result, text->data + covered, i - covered);
			buf_adds(&result, MASK_TEXT);
			found = true;
		}
		if (i + len > covered)
			covered = i + len;
	}
	if (found) {
		buf_add(&result, text->data + covered, text->len - covered);
		buf_clear(text);
		buf_add(text, result.data, result.len);
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
	memset(masks.filter, 0, sizeof(masks.filter));
}
