/* test/unit: macros one by one, as the property "x" of node web1. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_UNIT_MACRO_H
#define TEST_UNIT_MACRO_H

#include "instance.h"

#include <unistd.h>

/* Give the instance a file of the platform that this project comes with. */
static inline void
put_platform(struct instance *instance, const char *path)
{
	struct buf text = { 0 };

	CHECK_OK(file_read(path, 1 << 20, &text));
	put(instance, path, buf_text(&text));
	buf_fini(&text);
}

/* Write nodes/web1.json with "x" on its third line, behind the members `more` ("" or "\"a\": 1,"), and load. */
static inline bool
put_macro(struct instance *instance, const char *more, const char *macro)
{
	json_t	*text = json_string(macro);
	char	*quoted = json_dumps(text, JSON_ENCODE_ANY);
	char	*file = xasprintf("{\n  %s\n  \"x\": %s }\n", more, quoted);
	bool	 good;

	put(instance, "nodes/web1.json", file);
	good = CHECK_OK(instance_load(instance));
	json_decref(text);
	free(quoted);
	free(file);
	return good;
}

static inline void
gone(struct instance *instance, const char *path)
{
	char *full = path_join(instance->repo.root, path);

	CHECK_INT(unlink(full), 0);
	free(full);
}

/* A new instance, and a platform with the properties that the macros about nodes are about. */
static inline void
fill_nodes(struct instance *instance)
{
	instance_init(instance);
	put_platform(instance, "platform/macros/hosts.lua");
	put_platform(instance, "platform/macros/services.lua");
	put_platform(instance, "platform/macros/try.lua");
	put(instance, "platform/common.json", "{ \"ip_address\": null, \"hosts\": {}, \"dns\": { \"aliases\": [] },\n"
	    "  \"domain\": { \"name\": \"= domain.internal\", \"full\": \"= name .. '.example.org'\",\n"
	    "    \"internal\": \"= name .. '.example.i'\" } }");
	put(instance, "services/db.json", "{ \"service_type\": \"internal_service\" }");
	put(instance, "services/mx.json", "{ \"service_type\": \"user_service\" }");
	put(instance, "services/vpn.json", "{ \"service_type\": \"user_service\" }");
	put(instance, "services/plain.json", "{}");
	put(instance, "services/none.json", "{}");		/* no node has it */
}

/* Nodes PREFIX1 … PREFIXn, each the same JSON. */
static inline void
put_nodes(struct instance *instance, const char *prefix, unsigned count, const char *text)
{
	for (unsigned i = 1; i <= count; i++) {
		char *path = xasprintf("nodes/%s%u.json", prefix, i);

		put(instance, path, text);
		free(path);
	}
}

struct macro_row {
	const char	*macro, *want;
};

/* What each macro gives. */
static inline void
check_macros(struct instance *instance, const char *more, const struct macro_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (put_macro(instance, more, rows[i].macro) &&
		    !CHECK_STR(value_of(instance, "web1", "x"), rows[i].want))
			printf("  by %s\n", rows[i].macro);
	}
}

/*
 * The error of each macro: "nodes/web1.json:3:8: ", the first line of `want`, the quoted line with its caret, and the
 * other lines of `want`.
 */
static inline void
check_macro_errors(struct instance *instance, const char *more, const struct macro_row *rows, size_t count)
{
	struct buf want = { 0 };

	for (size_t i = 0; i < count; i++) {
		json_t	*text = json_string(rows[i].macro), *value;
		char	*quoted = json_dumps(text, JSON_ENCODE_ANY);
		size_t	 n = strcspn(rows[i].want, "\n") + 1;

		buf_clear(&want);
		buf_addf(&want, "nodes/web1.json:3:8: %.*s      \"x\": %s }\n           ^\n%s", (int)n, rows[i].want, quoted,
		    rows[i].want + n);
		if (put_macro(instance, more, rows[i].macro) &&
		    !CHECK_ERR(node_get(node_of(instance, "web1"), "x", &value), buf_text(&want)))
			printf("  by %s\n", rows[i].macro);
		json_decref(text);
		free(quoted);
	}
	buf_fini(&want);
}

#endif
