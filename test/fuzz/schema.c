/* test/fuzz: JSON Schema: any schema, any value. */
/* May know schema, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/json.h"
#include "schema/schema.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define URI	"https://example.org/schema.json"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* All that is reported can be shown, and is kept as text. */
static void
report(void *arg, const struct schema_problem *problem)
{
	struct buf *text = arg;

	if (problem->uri == NULL || problem->path == NULL || problem->keyword == NULL || problem->message == NULL ||
	    *problem->message == '\0')
		abort();
	buf_addf(text, "%s %s %s: %s (%s)\n", problem->uri, problem->path, problem->keyword, problem->message,
	    problem->hint == NULL ? "" : problem->hint);
}

/* What the schema says of the value; without a value, of itself. */
static void
look(json_t *document, const json_t *value, unsigned flags, struct buf *out)
{
	struct schema_set	*set = schema_set_new(flags);
	const struct schema	*schema;
	struct schema_view	 view = { .report = report, .arg = out, .nulls_missing = (flags & SCHEMA_STRICT) != 0 };
	struct schema_view	 silent = { .nulls_missing = view.nulls_missing };
	size_t			 before;
	bool			 valid;

	schema_set_add(set, URI, document);
	before = out->len;
	schema = schema_compile(set, URI, report, out);
	if ((schema == NULL) != (out->len > before))
		abort();
	if (schema != NULL && value != NULL) {
		before = out->len;
		valid = schema_valid(schema, value, &view);
		if (valid == (out->len > before) || schema_valid(schema, value, &silent) != valid)
			abort();
	}
	schema_set_free(set);
}

/* The schema, a NUL, and the value; a first byte that is no JSON says the flags. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*text = (const char *)data, *end;
	struct buf	 one = { 0 }, two = { 0 };
	unsigned	 flags = 0;
	json_t		*document, *value = NULL;

	if (len > 0 && *text >= '1' && *text <= '3') {
		flags = (unsigned)(*text - '0');
		text++;
		len--;
	}
	end = len > 0 ? memchr(text, '\0', len) : NULL;
	document = json_loadb(text, end == NULL ? len : (size_t)(end - text), JSON_DECODE_ANY, NULL);
	if (document != NULL && end != NULL)
		value = json_loadb(end + 1, len - (size_t)(end + 1 - text), JSON_DECODE_ANY, NULL);
	if (document != NULL) {
		look(document, value, flags, &one);
		look(document, value, flags, &two);
		if (strcmp(buf_text(&one), buf_text(&two)) != 0)
			abort();
	}
	json_decref(document);
	json_decref(value);
	buf_fini(&one);
	buf_fini(&two);
	return 0;
}
