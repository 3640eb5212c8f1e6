/* schema: sets of members or elements that a schema has looked at. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include <stdlib.h>

#define WORD_BITS	64

void
seen_init(struct seen *seen, const json_t *value)
{
	size_t size = json_is_object(value) ? json_object_size(value) : json_array_size(value);

	*seen = (struct seen){ .count = (size + WORD_BITS - 1) / WORD_BITS };
	if (seen->count > 1)
		seen->words = xcalloc(seen->count, sizeof(*seen->words));
}

void
seen_fini(struct seen *seen)
{
	free(seen->words);
}

static uint64_t *
word_of(struct seen *seen, size_t index)
{
	return seen->words == NULL ? &seen->word : &seen->words[index / WORD_BITS];
}

void
seen_add(struct seen *seen, size_t index)
{
	if (seen != NULL)
		*word_of(seen, index) |= UINT64_C(1) << index % WORD_BITS;
}

void
seen_add_before(struct seen *seen, size_t end)
{
	for (size_t i = 0; seen != NULL && i < end; i++)
		seen_add(seen, i);
}

bool
seen_has(const struct seen *seen, size_t index)
{
	uint64_t word = seen->words == NULL ? seen->word : seen->words[index / WORD_BITS];

	return word >> index % WORD_BITS & 1;
}

void
seen_merge(struct seen *seen, const struct seen *other)
{
	seen->word |= other->word;
	for (size_t i = 0; seen->words != NULL && i < seen->count; i++)
		seen->words[i] |= other->words[i];
}
