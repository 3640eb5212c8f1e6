/* test/unit: programs run in a sandbox, and what becomes of them. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_UNIT_SANDBOX_H
#define TEST_UNIT_SANDBOX_H

#include "test.h"

#include "base/json.h"
#include "lua/sandbox.h"

#include <stdlib.h>
#include <time.h>

#define WITHIN	6	/* seconds of CPU time that no program takes */
#ifdef LEAP_SANITIZED
#define SLOWER	20
#else
#define SLOWER	1
#endif

#define MEMORY	((size_t)16 << 20)
#define STEPS	1000000ul

#define NO_END_HERE "does not come to an end: stopped after 1000000 steps"
#define NO_END_SAID "t:1: " NO_END_HERE
#define NO_MEMORY   "needs more than 16 MiB of memory"

/* Run the program; its result as compact JSON is the caller's, free(). */
NODISCARD
static inline struct err *
run(struct sandbox *sandbox, const char *text, char **out)
{
	lua_State	*L = sandbox_state(sandbox);
	json_t		*value = NULL;
	struct err	*e;

	*out = NULL;
	if ((e = sandbox_compile(sandbox, text, strlen(text), "=t")) != NULL)
		return e;
	lua_pushglobaltable(L);
	if ((e = sandbox_call(sandbox, 1, 1)) != NULL)
		return e;
	e = lua_to_json(L, -1, &value);
	lua_pop(L, 1);
	if (e == NULL)
		*out = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	json_decref(value);
	return e;
}

struct row {
	const char *text, *want;	/* the result, or what the error has when it begins with "!" */
};

static inline void
check_row(struct sandbox *sandbox, const struct row *row)
{
	struct err	*e;
	char		*result;
	bool		 good;

	e = run(sandbox, row->text, &result);
	if (*row->want == '!')
		good = CHECK_ERR_HAS(e, row->want + 1);
	else
		good = CHECK_OK(e) && CHECK_STR(result, row->want);
	free(result);
	if (!CHECK_INT(lua_gettop(sandbox_state(sandbox)), 0) || !good)
		printf("  by %s\n", row->text);
}

static inline void
check_rows(const struct row *rows, size_t count)
{
	struct sandbox *sandbox = sandbox_new(MEMORY, STEPS);

	for (size_t i = 0; i < count; i++)
		check_row(sandbox, &rows[i]);
	sandbox_free(sandbox);
}

/*
 * Each program ends in exactly this error, or (with "=" before it) has this result, and soon.  It has the list `l` of
 * { name = "a" } and { name = "b" }.
 */
static inline void
check_ends(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct sandbox	*sandbox = sandbox_new(MEMORY, STEPS);
		lua_State	*L = sandbox_state(sandbox);
		json_t		*list = json_pack("[{ss}{ss}]", "name", "a", "name", "b");
		clock_t		 start = clock();
		char		*result, *want = xasprintf("%s\n", rows[i].want);
		struct err	*e;
		bool		 good;

		lua_push_json(L, list);
		lua_setglobal(L, "l");
		e = run(sandbox, rows[i].text, &result);
		good = *want == '=' ? CHECK_OK(e) && CHECK_STR(result, rows[i].want + 1) : CHECK_ERR(e, want);
		good = CHECK((double)(clock() - start) / CLOCKS_PER_SEC < WITHIN * SLOWER) && good;
		if (!CHECK_INT(lua_gettop(L), 0) || !good)
			printf("  by %s\n", rows[i].text);
		free(result);
		free(want);
		json_decref(list);
		sandbox_free(sandbox);
	}
}

#endif
