/* schema: which values are the same. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX	16	/* elements of which each is compared with each */
#define HASH_START	UINT64_C(0xcbf29ce484222325)	/* FNV-1a */

static bool
same_objects(const json_t *a, const json_t *b)
{
	const char	*key;
	json_t		*child, *other;

	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach((json_t *)(uintptr_t)a, key, child) {
		if ((other = json_object_get(b, key)) == NULL || !json_same(child, other))
			return false;
	}
	return true;
}

static bool
same_arrays(const json_t *a, const json_t *b)
{
	if (json_array_size(a) != json_array_size(b))
		return false;
	for (size_t i = 0; i < json_array_size(a); i++) {
		if (!json_same(json_array_get(a, i), json_array_get(b, i)))
			return false;
	}
	return true;
}

bool
json_same(const json_t *a, const json_t *b)
{
	if (a == b)
		return true;
	if (json_is_number(a) && json_is_number(b))
		return number_compare(a, b) == 0;
	if (json_is_object(a) && json_is_object(b))
		return same_objects(a, b);
	if (json_is_array(a) && json_is_array(b))
		return same_arrays(a, b);
	return json_equal(a, b);
}

static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	while (len-- > 0)
		hash = (hash ^ *at++) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t	 hash_of(const json_t *value);

/* The order of members does not count. */
static uint64_t
hash_object(const json_t *object)
{
	uint64_t	 sum = 2;
	const char	*key;
	json_t		*child;

	json_object_foreach((json_t *)(uintptr_t)object, key, child) {
		sum += hash_bytes(hash_of(child), key, strlen(key));
	}
	return sum;
}

static uint64_t
hash_array(const json_t *array)
{
	uint64_t hash = HASH_START, element;

	for (size_t i = 0; i < json_array_size(array); i++) {
		element = hash_of(json_array_get(array, i));
		hash = hash_bytes(hash, &element, sizeof(element));
	}
	return hash;
}

/* Equal values have equal hashes. */
static uint64_t
hash_of(const json_t *value)
{
	double real = json_number_value(value);

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return hash_object(value);
	case JSON_ARRAY:
		return hash_array(value);
	case JSON_STRING:
		return hash_bytes(HASH_START + 1, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
	case JSON_REAL:
		return real == 0 ? 1 : hash_bytes(HASH_START, &real, sizeof(real));	/* there are two zeros */
	default:
		return (uint64_t)json_typeof(value);
	}
}

struct hashed {
	uint64_t	hash;
	size_t		index;
};

static int
compare_hashed(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static bool
unique_by_pairs(const json_t *array, size_t *first, size_t *second)
{
	for (*second = 1; *second < json_array_size(array); ++*second) {
		for (*first = 0; *first < *second; ++*first) {
			if (json_same(json_array_get(array, *first), json_array_get(array, *second)))
				return false;
		}
	}
	return true;
}

bool
json_unique(const json_t *array, size_t *first, size_t *second)
{
	size_t		 count = json_array_size(array), i, j;
	struct hashed	*all;
	bool		 unique = true;

	if (count <= PAIRS_MAX)
		return unique_by_pairs(array, first, second);
	all = xcalloc(count, sizeof(*all));
	for (i = 0; i < count; i++)
		all[i] = (struct hashed){ hash_of(json_array_get(array, i)), i };
	qsort(all, count, sizeof(*all), compare_hashed);
	for (i = 0; unique && i < count; i++) {
		for (j = i + 1; unique && j < count && all[j].hash == all[i].hash; j++) {
			*first = all[i].index;
			*second = all[j].index;
			unique = !json_same(json_array_get(array, *first), json_array_get(array, *second));
		}
	}
	free(all);
	return unique;
}
