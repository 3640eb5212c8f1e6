/* base: the values that no output may show. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mask.h"

#include "base/buf.h"
#include "base/mask_forms.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NONE		UINT32_MAX
#define HEADS_LOG_MIN	10		/* a power of two; there are four heads or more for each value, */
#define FILTER_LOG	3		/* and eight bits for each head */

/*
 * A value is found by as many of its first bytes as one of these says, the largest that it has: keys of one kind all
 * begin with the same 50 bytes or so, which are 67 in base64 and 100 in hexadecimal digits; tokens with the same word.
 */
static const size_t prefixes[] = { 128, 80, 64, 48, 40, 32, 24, 16, MASK_MIN };

struct value {
	struct buf	text;
	uint32_t	next;		/* of those with the same head, a shorter one or NONE */
};

/* At most places of a text the filter says that no value begins with these MASK_MIN bytes. */
static struct {
	struct value	*values;
	uint32_t	 count, cap;
	uint32_t	*heads;
	unsigned char	*filter;
	unsigned	 heads_log;
} masks;

/* Fibonacci hashing: what is wanted are the topmost bits. */
#define GOLDEN	UINT64_C(0x9e3779b97f4a7c15)

static uint64_t
hash_start(const char *text)
{
	uint32_t	 low;
	uint16_t	 high;

	memcpy(&low, text, sizeof(low));
	memcpy(&high, text + sizeof(low), sizeof(high));
	return (low | (uint64_t)high << 32) * GOLDEN;
}

/* The same of so many bytes. */
static uint64_t
hash(const char *text, size_t len)
{
	uint64_t	 sum = 0, bytes;

	if (len == MASK_MIN)
		return hash_start(text);
	for (size_t i = 0; i < len; i += sizeof(bytes)) {
		memcpy(&bytes, text + i, sizeof(bytes));
		sum = (sum ^ bytes ^ sum >> 32) * GOLDEN;
	}
	return sum;
}

static size_t
prefix_of(size_t len)
{
	size_t	 i = 0;

	while (prefixes[i] > len)
		i++;
	return prefixes[i];
}

/* The bit of the filter for a text's first bytes. */
static size_t
filter_bit(const char *text)
{
	return hash_start(text) >> (64 - masks.heads_log - FILTER_LOG);
}

/* Where the chain of values that begin with these bytes starts. */
static uint32_t *
head(const char *text, size_t prefix)
{
	return &masks.heads[hash(text, prefix) >> (64 - masks.heads_log)];
}

/* Put the value where it belongs: longer ones come first, so that they are found first. */
static void
link_value(uint32_t index)
{
	struct value	*value = &masks.values[index];
	uint32_t	*at = head(value->text.data, prefix_of(value->text.len));
	size_t		 bit = filter_bit(value->text.data);

	while (*at != NONE && masks.values[*at].text.len > value->text.len)
		at = &masks.values[*at].next;
	value->next = *at;
	*at = index;
	masks.filter[bit / 8] |= (unsigned char)(1u << bit % 8);
}

/* Make room for one more. */
static void
grow(void)
{
	if (masks.count == masks.cap) {
		masks.cap = masks.cap == 0 ? 64 : masks.cap * 2;
		masks.values = xrealloc(masks.values, masks.cap, sizeof(*masks.values));
	}
	if (masks.heads != NULL && masks.count < (UINT32_C(1) << masks.heads_log) / 4)
		return;
	masks.heads_log = masks.heads == NULL ? HEADS_LOG_MIN : masks.heads_log + 1;
	free(masks.heads);
	free(masks.filter);
	masks.heads = xmalloc(sizeof(*masks.heads) << masks.heads_log);
	memset(masks.heads, 0xff, sizeof(*masks.heads) << masks.heads_log);
	masks.filter = xcalloc((size_t)1 << masks.heads_log, (1u << FILTER_LOG) / 8);
	for (uint32_t i = 0; i < masks.count; i++)
		link_value(i);
}

/* How long the longest value of this chain is that `text` begins with; 0 when there is none. */
static size_t
match_chain(uint32_t index, const char *text, size_t len)
{
	for (; index != NONE; index = masks.values[index].next) {
		const struct buf	*value = &masks.values[index].text;

		if (value->len <= len && memcmp(text, value->data, value->len) == 0)
			return value->len;
	}
	return 0;
}

/* The same of all values. */
static size_t
match(const char *text, size_t len)
{
	size_t	 longest = 0, found, bit;

	if (len < MASK_MIN)
		return 0;
	bit = filter_bit(text);
	if ((masks.filter[bit / 8] & 1u << bit % 8) == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		found = prefixes[i] <= len ? match_chain(*head(text, prefixes[i]), text, len) : 0;
		longest = found > longest ? found : longest;
	}
	return longest;
}

static void
insert(const char *value, size_t len)
{
	struct buf	 copy = { .secret = true };

	if (len < MASK_MIN || (masks.count > 0 && match(value, len) == len))
		return;
	grow();
	buf_add(&copy, value, len);
	masks.values[masks.count] = (struct value){ .text = copy };
	link_value(masks.count++);
}

bool
mask_has(const char *text, size_t len)
{
	for (size_t i = 0; masks.count > 0 && i + MASK_MIN <= len; i++) {
		if (match(text + i, len - i) != 0)
			return true;
	}
	return false;
}

/* It has eight bits for each place of the text, one of which is set by the MASK_MIN bytes that stand there. */
struct mask_watch {
	const char	*text;
	size_t		 len;
	uint32_t	 clean;		/* so many of the values are not in the text */
	unsigned	 bits_log;
	unsigned char	*bits;
};

struct mask_watch *
mask_watch_new(const char *text, size_t len)
{
	struct mask_watch *watch = xcalloc(1, sizeof(*watch));

	*watch = (struct mask_watch){ .text = text, .len = len, .bits_log = FILTER_LOG };
	while ((size_t)1 << (watch->bits_log - FILTER_LOG) < len)
		watch->bits_log++;
	watch->bits = xcalloc((size_t)1 << (watch->bits_log - FILTER_LOG), 1);
	for (size_t i = 0; i + MASK_MIN <= len; i++) {
		size_t bit = hash_start(text + i) >> (64 - watch->bits_log);

		watch->bits[bit / 8] |= (unsigned char)(1u << bit % 8);
	}
	return watch;
}

/* False when some MASK_MIN bytes of the value stand nowhere in the text. */
static bool
may_have(const struct mask_watch *watch, const struct buf *value)
{
	for (size_t i = 0; i + MASK_MIN <= value->len; i++) {
		size_t bit = hash_start(value->data + i) >> (64 - watch->bits_log);

		if ((watch->bits[bit / 8] & 1u << bit % 8) == 0)
			return false;
	}
	return true;
}

bool
mask_watch_has(struct mask_watch *watch)
{
	for (; watch->clean < masks.count; watch->clean++) {
		const struct buf *value = &masks.values[watch->clean].text;

		if (may_have(watch, value) && memmem(watch->text, watch->len, value->data, value->len) != NULL)
			return true;
	}
	return false;
}

void
mask_watch_free(struct mask_watch *watch)
{
	if (watch != NULL)
		free(watch->bits);
	free(watch);
}

/* The value, and what it may be written as. */
static void
insert_forms(const char *value, size_t len)
{
	if (masks.count > 0 && len >= MASK_MIN && match(value, len) == len)
		return;
	mask_forms(value, len, insert);
	insert(value, len);
}

static bool
is_marker(const char *line, size_t len)
{
	return (len >= 10 && memcmp(line, "-----BEGIN", 10) == 0) || (len >= 8 && memcmp(line, "-----END", 8) == 0);
}

/*
 * A text of several lines (a PEM key) is also hidden line by line, for quotes
 * may show one.  Its lines that say only what it is ("-----BEGIN") are not secret.
 */
static void
insert_lines(const char *line, const char *end)
{
	const char *stop;

	for (; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (stop == NULL)
			stop = end;
		if (!is_marker(line, (size_t)(stop - line)))
			insert_forms(line, (size_t)(stop - line));
	}
}

void
mask_register(const void *value, size_t len)
{
	const char *text = value;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (len < MASK_MIN)
		return;
	if (memchr(text, '\n', len) != NULL)
		insert_lines(text, text + len);
	insert_forms(text, len);
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
	for (uint32_t i = 0; i < masks.count; i++)
		buf_fini(&masks.values[i].text);
	free(masks.values);
	free(masks.heads);
	free(masks.filter);
	memset(&masks, 0, sizeof(masks));
}
