/* base: JSON values, beyond what jansson gives. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"

#include "base/buf.h"
#include "base/strs.h"

#include <stdint.h>
#include <stdlib.h>

void
json_setup(void)
{
	json_set_alloc_funcs(xmalloc, free);
	/* Hashes of keys need no secret seed here: order never depends on them, and input size is bounded. */
	json_object_seed(1);
}

static int
dump_chunk(const char *data, size_t len, void *context)
{
	buf_add(context, data, len);
	return 0;
}

static void
dump(const json_t *value, size_t flags, struct buf *out)
{
	if (json_dump_callback(value, dump_chunk, out, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY) != 0)
		abort();	/* only a value that is no JSON at all (a cycle) */
}

void
json_canonical(const json_t *value, struct buf *out)
{
	dump(value, JSON_COMPACT, out);
}

void
json_pretty(const json_t *value, struct buf *out)
{
	dump(value, JSON_INDENT(4), out);
	buf_addc(out, '\n');
}

json_t *
json_strs(const struct strs *list)
{
	json_t	*array = json_array();
	size_t	 i;

	for (i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->items[i]));
	return array;
}

void
json_keys(const json_t *object, struct strs *out)
{
	const char	*key;
	json_t		*value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		strs_add(out, key);
	}
	strs_sort(out);
}

const char *
json_str(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

bool
json_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

json_int_t
json_int(const json_t *object, const char *key, json_int_t fallback)
{
	const json_t	*value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}
