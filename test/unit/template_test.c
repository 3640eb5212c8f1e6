/* test/unit: templates become Lua, line by line. */
/* May know recipe/template.h, lua/sandbox.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/template.h"

#include "lua/sandbox.h"
#include "test.h"

#include <lauxlib.h>
#include <string.h>

static struct buf output;

static int
put(lua_State *L)
{
	size_t		 len;
	const char	*text = luaL_checklstring(L, 1, &len);

	buf_add(&output, text, len);
	return 0;
}

/* Run a template, with nothing but a variable `n` = 3 and ipairs. */
static struct err *
render(const char *template, size_t len)
{
	struct sandbox	*sandbox = sandbox_new(1 << 20, 100000);
	lua_State	*L = sandbox_state(sandbox);
	struct buf	 lua = { 0 };
	struct err	*e;

	buf_clear(&output);
	e = template_translate(&lua, "t", template, len);
	if (e == NULL)
		e = sandbox_compile(sandbox, buf_text(&lua), lua.len, "@t");
	if (e == NULL) {
		lua_newtable(L);
		lua_pushcfunction(L, put);
		lua_setfield(L, -2, TEMPLATE_PUT);
		lua_pushinteger(L, 3);
		lua_setfield(L, -2, "n");
		e = sandbox_call(sandbox, 1, 0);
	}
	buf_fini(&lua);
	sandbox_free(sandbox);
	return e;
}

static void
check_render(const char *template, const char *want)
{
	if (CHECK_OK(render(template, strlen(template))))
		CHECK_STR(buf_text(&output), want);
}

TEST(text_stays_as_it_is)
{
	check_render("", "");
	check_render("plain\n", "plain\n");
	check_render("\n\n", "\n\n");
	check_render("no newline at the end", "no newline at the end");
	check_render("\"quotes\" and \\n back\\slashes\\\n", "\"quotes\" and \\n back\\slashes\\\n");
	check_render("100 % <b> %> ]] -- <", "100 % <b> %> ]] -- <");
	check_render("crlf\r\nline\r\n", "crlf\r\nline\r\n");
	check_render("digits follow \r123", "digits follow \r123");
	check_render("\xc3\xa4\xff", "\xc3\xa4\xff");
}

TEST(a_nul_byte_passes)
{
	CHECK_OK(render("a\0001", 3));
	CHECK_INT(output.len, 3);
	CHECK(memcmp(output.data, "a\0001", 3) == 0);
}

TEST(expressions_and_statements)
{
	check_render("a <%= n %> b\n", "a 3 b\n");
	check_render("<%=n%><%=n+1%>", "34");
	check_render("<%= n == 3 and \"yes\" or \"no\" %>", "yes");
	check_render("<% for i = 1, n do %><%= i %>,<% end %>\n", "1,2,3,\n");
	check_render("<% local x = n * 2 %><%= x %>\n", "6\n");
	check_render("<%\nlocal x = n\n%><%= x %>\n", "3\n");
	check_render("<%%= n %>\n", "<%= n %>\n");
}

TEST(a_dash_swallows_one_newline)
{
	check_render("<% for i = 1, n do -%>\nline <%= i %>\n<% end -%>\nend\n", "line 1\nline 2\nline 3\nend\n");
	check_render("<%= n -%>\n\nx", "3\nx");
	check_render("<% -%>", "");
	check_render("<%= n - 1 -%> x", "2 x");
}

TEST(what_is_not_closed_is_refused)
{
	CHECK_ERR(render("one\n  two <%= n\nthree", 20),
	    "t:2:7: \"<%\" without \"%>\"\n"
	    "      two <%= n\n"
	    "          ^\n"
	    "hint: write \"<%%\" for a \"<%\" that is meant literally\n");
	CHECK_ERR_HAS(render("<%", 2), "t:1:1: \"<%\" without \"%>\"");
	CHECK_ERR_HAS(render("<% x %", 6), "t:1:1:");
	CHECK_ERR_HAS(render("a%>\n<%= 1 %> <%", 15), "t:2:10:");
}

/* Whatever was before it, an error has the line of the template. */
TEST(errors_have_the_templates_line)
{
	static const struct {
		const char	*template, *part;
	} cases[] = {
		{ "1\n2\n<%= error('here') %>\n", "t:3:" },
		{ "1\r\n2\r\n<%= error('here') %>\n", "t:3:" },
		{ "<%\n\n%>\n<%= nothing.at.all %>\n", "t:4:" },
		{ "<% local x = 1 -%>\n<% -%>\n\n<%= nothing.at.all %>", "t:4:" },
		{ "\\\n\"\n\n<% end %>\n", "t:4:" },
		{ "a\n<%= n .. %>\n", "t:2:" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_ERR_HAS(render(cases[i].template, strlen(cases[i].template)), cases[i].part);
}

int
main(void)
{
	RUN(text_stays_as_it_is);
	RUN(a_nul_byte_passes);
	RUN(expressions_and_statements);
	RUN(a_dash_swallows_one_newline);
	RUN(what_is_not_closed_is_refused);
	RUN(errors_have_the_templates_line);
	buf_fini(&output);
	return test_done();
}
