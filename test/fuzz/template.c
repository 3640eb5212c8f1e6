/* test/fuzz: templates of recipes: what they are translated to, and what that does. */
/* May know recipe, lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "lua/sandbox.h"
#include "recipe/template.h"

#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY		((size_t)8 << 20)
#define STEPS		100000
#define OUTPUT_MAX	((size_t)1 << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct buf output;

static int
put(lua_State *L)
{
	size_t		 len;
	const char	*text = luaL_checklstring(L, 1, &len);

	if (output.len < OUTPUT_MAX)
		buf_add(&output, text, len < OUTPUT_MAX ? len : OUTPUT_MAX);
	return 0;
}

static size_t
count_lines(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '\n';
	return count;
}

/* A template without "<%" is its own output. */
static void
check_output(const char *text, size_t len)
{
	if (memmem(text, len, "<%", 2) == NULL && len < OUTPUT_MAX &&
	    (output.len != len || (len > 0 && memcmp(output.data, text, len) != 0)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*text = (const char *)data;
	struct sandbox	*sandbox;
	struct buf	 lua = { 0 };
	struct err	*e;

	buf_clear(&output);
	if ((e = template_translate(&lua, "t", text, len)) != NULL) {
		if (err_place(e) == NULL || err_code(e) != ERR_CONFIG)
			abort();
		err_free(e);
		buf_fini(&lua);
		return 0;
	}
	/* Lines of the program are those of the template. */
	if (count_lines(lua.data, lua.len) != count_lines(text, len))
		abort();
	sandbox = sandbox_new(MEMORY, STEPS);
	e = sandbox_compile(sandbox, buf_text(&lua), lua.len, "@t");
	if (e == NULL) {
		lua_State *L = sandbox_state(sandbox);

		lua_pushglobaltable(L);
		lua_pushcfunction(L, put);
		lua_setfield(L, -2, TEMPLATE_PUT);
		e = sandbox_call(sandbox, 1, 0);
	}
	if (e == NULL)
		check_output(text, len);
	err_free(e);
	sandbox_free(sandbox);
	buf_fini(&lua);
	buf_fini(&output);
	return 0;
}
