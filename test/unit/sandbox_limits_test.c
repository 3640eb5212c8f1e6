/* test/unit: the sandbox: nothing runs for ever, takes all the memory, or goes too deep. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sandbox.h"

#include <lauxlib.h>

#define NO_END	"!" NO_END_SAID
#define NO_ROOM	"!" NO_MEMORY
#define LARGE	"the result is larger than 16 MiB"

/* Runs the text of its first argument, with or without a budget of its own. */
static int
call_inner(lua_State *L)
{
	struct sandbox	*sandbox = sandbox_of(L);
	const char	*text = luaL_checkstring(L, 1);
	bool		 apart = lua_toboolean(L, 2);
	struct err	*e;

	if ((e = sandbox_compile(sandbox, text, strlen(text), "=inner")) == NULL) {
		lua_pushglobaltable(L);
		e = apart ? sandbox_call_apart(sandbox, 1, 1) : sandbox_call(sandbox, 1, 1);
	}
	if (e != NULL)
		sandbox_raise(L, e);
	return 1;
}

TEST(runs_inside_runs_share_or_have_a_budget)
{
	static const char	 loop[] = "for i = 1, 150000 do end return 1";
	struct sandbox		*sandbox = sandbox_new(MEMORY, STEPS);
	struct buf		 text = { 0 };
	char			*result;

	lua_register(sandbox_state(sandbox), "inner", call_inner);
	for (int apart = 0; apart <= 1; apart++) {
		buf_clear(&text);
		buf_addf(&text, "local n = 0 for i = 1, 20 do n = n + inner('%s', %s) end return n", loop,
		    apart ? "true" : "false");
		if (apart) {
			CHECK_OK(run(sandbox, buf_text(&text), &result));
			CHECK_STR(result, "20");
			free(result);
		} else
			CHECK_ERR(run(sandbox, buf_text(&text), &result), "inner:1: " NO_END_HERE "\n");
	}
	CHECK_ERR(run(sandbox, "return pcall(inner, 'while true do end', false)", &result),
	    "inner:1: " NO_END_HERE "\n");
	CHECK_OK(run(sandbox, "return {pcall(inner, 'while true do end', true)}", &result));
	CHECK_STR(result, "[false,\"inner:1: does not come to an end: stopped after 1000000 steps\"]");
	free(result);
	CHECK_ERR(run(sandbox, "function deep() return inner('return deep()', true) end return deep()", &result),
	    "t:1: more than 100 runs inside each other\n");
	buf_fini(&text);
	sandbox_free(sandbox);
}

TEST(recursion_through_c_has_a_line)
{
	struct sandbox	*sandbox = sandbox_new(MEMORY, STEPS);
	char		*result;

	CHECK_ERR(run(sandbox, "local function f() return (('x'):gsub('x',\nf)) end\nreturn f()", &result),
	    "t:1: C stack overflow\n");
	CHECK_INT(lua_gettop(sandbox_state(sandbox)), 0);
	sandbox_free(sandbox);
}

TEST(depth_is_limited)
{
	static const struct row rows[] = {
		{ "local function f(x) return 1 + f(x) end return f(1)", "!t:1: stack overflow" },
		{ "local function f(x) return (pcall(f, x)) end return f(1)", "true" },
		{ "local t = {} t.t = t return t", "!contains itself, or is nested more than 64 deep" },
		{ "return table.unpack({}, 1, 1e6)", "!too many results to unpack" },
	};
	struct sandbox	*sandbox = sandbox_new(MEMORY * 4, STEPS * 10);
	struct buf	 deep = { 0 };
	char		*result;

	check_rows(rows + 1, ARRAY_LEN(rows) - 1);
	CHECK_ERR_HAS(run(sandbox, rows[0].text, &result), "stack overflow");
	for (int i = 0; i < 1000; i++)
		buf_addc(&deep, '(');
	buf_adds(&deep, "1");
	CHECK_ERR_HAS(run(sandbox, buf_text(&deep), &result), "overflow");
	buf_fini(&deep);
	sandbox_free(sandbox);
}

TEST(memory_is_limited)
{
	static const struct row rows[] = {
		{ "local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end", NO_ROOM },
		{ "local s = 'x' while true do s = s .. s end", NO_ROOM },
		{ "local t = {} while true do pcall(function() while true do t[#t + 1] = ('x'):rep(100000) .. #t end end) end",
		    NO_ROOM },
		{ "return string.rep('x', 1 << 40)", "!string.rep() would make a text of more than 4 MiB" },
		{ "return string.pack('c100000000', '')", NO_ROOM },
		{ "return 'and it goes on'", "\"and it goes on\"" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

TEST(results_have_a_size)
{
	static const struct row rows[] = {
		{ "local t = {} for i = 1, 40 do t = {t, t} end return t", LARGE },
		{ "local t = {} for i = 1, 40 do t = {a = t, b = t} end return t", LARGE },
		{ "local s, t = ('x'):rep(1e6), {} for i = 1, 100 do t[i] = s end return t", LARGE },
		{ "local t = {} for i = 1, 15 do t[i] = ('x'):rep(1e5) end return #t", "=15" },
		{ "local t = {} for i = 1, 64 do t = {t} end return #t", "=1" },
		{ "local t = {} for i = 1, 65 do t = {t} end return t",
		    "the result contains itself, or is nested more than 64 deep" },
		{ "error(('x'):rep(1e6), 0)", NULL },
	};
	struct sandbox	*sandbox = sandbox_new(MEMORY, STEPS);
	struct buf	 want = { 0 };
	char		*result;

	check_ends(rows, ARRAY_LEN(rows) - 1);
	for (int i = 0; i < 500; i++)
		buf_adds(&want, "é");
	buf_adds(&want, "…\n");
	CHECK_ERR(run(sandbox, "error(('é'):rep(1e5), 0)", &result), buf_text(&want));
	buf_fini(&want);
	sandbox_free(sandbox);
}

TEST(nothing_runs_for_ever)
{
	static const struct row rows[] = {
		{ "while true do end", NO_END },
		{ "local n = 0\nwhile true do\n  n = n + 1 end", "!t:3: " NO_END_HERE },
		{ "\nwhile true do pcall(string.rep) end", "!t:2: " NO_END_HERE },
		{ "while true do pcall(function() while true do end end) end", NO_END },
		{ "local function f() return pcall(f) end while true do f() end", NO_END },
		{ "local function f() while true do pcall(f) end end f()", NO_END },
		{ "while true do local s = ('x'):rep(1000) end", NO_END },
		{ "while true do pcall(string.rep, 'x', 1 << 22) end", NO_END },
		{ "local s = '' while true do pcall(function() while true do s = s .. 'xxxxxxxx' end end) end", "!" },
		{ "table.move({}, 1, math.maxinteger - 1, 2)", "!table.move() of more than 1000000 elements" },
		{ "return #string.rep('', math.maxinteger)", "0" },
		{ "for _ in ('x'):rep(1000):gmatch('') do while true do end end", NO_END },
		{ "table.sort({3, 1, 2}, function() while true do end end)", NO_END },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

/* A method is one instruction, and may make a long text of each element. */
TEST(lists_cost_what_they_do)
{
	static const char	 program[] = "local s = ('x.'):rep(5e5) return l:fields(s, s, s, s, s, s, s, s)";
	struct sandbox		*sandbox = sandbox_new(MEMORY, STEPS);
	lua_State		*L = sandbox_state(sandbox);
	json_t			*list = json_array();
	char			*result;

	for (int i = 0; i < 20000; i++)
		json_array_append_new(list, json_pack("{si}", "x", i));
	lua_push_json(L, list);
	lua_setglobal(L, "l");
	CHECK_ERR(run(sandbox, program, &result), NO_END_HERE "\n");
	json_decref(list);
	sandbox_free(sandbox);
}

TEST(bombs_do_not_go_off)
{
	static const struct row rows[] = {
		{ "return ('x'):rep(1e9)", "t:1: string.rep() would make a text of more than 4 MiB" },
		{ "return (''):rep(1e9, 'y')", "t:1: string.rep() would make a text of more than 4 MiB" },
		{ "return ('ab'):rep(math.maxinteger // 2 + 1)", "t:1: string.rep() would make a text of more than 4 MiB" },
		{ "return string.format('%99999d', 1)", "t:1: invalid conversion specification: '%99999d'" },
		{ "return string.format('%.99999f', 1)", "t:1: invalid conversion specification: '%.99999f'" },
		{ "local t = {} for i = 1, 1e5 do t[i] = 1e308 end return #(('%.99f'):rep(1e5):format(table.unpack(t)))", NO_END_SAID },
		{ "return string.pack('i17', 1)", "t:1: integral size (17) out of limits [1,16]" },
		{ "return string.unpack('s8', ('\\255'):rep(7) .. '\\127')",
		    "t:1: bad argument #2 to 'string.unpack' (data string too short)" },
		{ "while true do string.packsize(('<'):rep(4e6)) end", NO_END_SAID },
		{ "return utf8.char(-1)", "t:1: bad argument #1 to 'char' (value out of range)" },
		{ "return utf8.codepoint(('x'):rep(1e6), 1, -1)", "t:1: stack overflow (string slice too long)" },
		{ "return #{('x'):rep(1e6):byte(1, -1)}", "t:1: stack overflow (string slice too long)" },
		{ "return table.concat({1, 2, 3, 4, 5}, ('x'):rep(4e6))", NO_MEMORY },
		{ "return table.concat({}, 'x', 1, 1e9)", "t:1: invalid value (nil) at index 1 in table for 'concat'" },
		{ "return table.unpack({}, 1, 1e9)", "t:1: too many results to unpack" },
		{ "return table.unpack({}, math.mininteger, math.maxinteger)", "t:1: too many results to unpack" },
		{ "return select('#', table.unpack({}, 1, 1e6))", "t:1: too many results to unpack" },
		{ "return select('#', table.unpack({}, 1, 200000))", "=200000" },
		{ "return select(math.mininteger, 1)", "t:1: bad argument #1 to 'select' (index out of range)" },
		{ "return table.move({}, math.mininteger, math.maxinteger, 2)",
		    "t:1: table.move() of more than 1000000 elements" },
		{ "return table.move({}, 1, 2, math.maxinteger)",
		    "t:1: bad argument #4 to 'table.move' (destination wrap around)" },
		{ "return table.insert({[1 << 30] = 1}, 1 << 30, 1)",
		    "t:1: bad argument #2 to 'table.insert' (position out of bounds)" },
		{ "for i = 1, math.huge do end", NO_END_SAID },
		{ "for i = math.mininteger, math.maxinteger do end", NO_END_SAID },
		{ "for i = 1, 0, 0 do end", "t:1: 'for' step is zero" },
		{ "local n = math.maxinteger - 1 while true do n = n + 1 if n < 0 then n = 0 end end", NO_END_SAID },
		{ "::a:: goto a", NO_END_SAID },
		{ "while true do pcall(function() while true do end end) end", NO_END_SAID },
		{ "repeat pcall(error) until false", NO_END_SAID },
		/* a function of C in the last place: no instruction comes after it */
		{ "return pcall(function() while true do end end)", NO_END_SAID },
		/* for whose message there is no need of memory, which would be refused */
		{ "local a, b, c = 't:1: ', 'out of steps', 't:1: out of steps' return pcall(function() while true do end end)",
		    NO_END_SAID },
		{ "return pcall(function() local s = 'x' while true do s = s .. s end end)", NO_MEMORY },
		{ "return pcall(pcall, function() for i = 1, 1e9 do end end)", NO_END_SAID },
		{ "repeat local ok = pcall(pcall, pcall, error, {}) until not ok", NO_END_SAID },
		{ "while true do local x <close> = nil end", NO_END_SAID },
		{ "local function f() return f() end return f()", NO_END_SAID },
		{ "local function f() return 1 + f() end return f()", NO_MEMORY },
		{ "local function f() return 1 + f() end return pcall(pcall, f)", NO_MEMORY },
		{ "local function f() return ('x'):gsub('x', f) end return f()", "t:1: C stack overflow" },
		{ "local function f() table.sort({1, 2}, f) end return f()", "t:1: C stack overflow" },
		{ "local function f() return l:map(f) end return f()", "t:1: C stack overflow" },
		{ "local function f() return (pcall(f)) end return f()", "=true" },
		/* functions of C that call each other, with no instruction between */
		{ "local s, t = ('0'):rep(2e6) .. '1', {} for i = 1, 1e4 do t[i] = s end table.sort(t, string.sub)", NO_END_SAID },
		{ "local s = ('1'):rep(4e6) for i = 1, 3 do tonumber(s) end return 1", NO_END_SAID },
		{ "return utf8.len(('x'):rep(4e6))", NO_END_SAID },
		{ "local s = ('<'):rep(4e6) for i = 1, 3 do string.packsize(s) end return 1", NO_END_SAID },
		{ "local t = {} for i = 1, 5e4 do t[i] = '' end for i = 1, 6 do table.concat(t) end return 1", NO_END_SAID },
	};

	check_ends(rows, ARRAY_LEN(rows));
}

TEST(a_text_has_a_limit_of_its_own)
{
	struct sandbox	*sandbox = sandbox_new((size_t)256 << 20, 10 * STEPS);
	char		*result;

	CHECK_ERR(run(sandbox, "local s = ('x'):rep(9 << 20) return pcall(function() return #(s .. s) end)", &result),
	    "makes a text of more than 16 MiB\n");
	CHECK_ERR_HAS(run(sandbox, "return ('x'):rep(17 << 20)", &result), "a text of more than 16 MiB");
	CHECK_OK(run(sandbox, "return #(('x'):rep(16 << 20))", &result));
	CHECK_STR(result, "16777216");
	free(result);
	sandbox_free(sandbox);
}

/* A function of C is one instruction, but costs what it does: with the budget of macros, all end soon. */
TEST(functions_of_c_cost_what_they_do)
{
	static const char big[] = "local s = ('x'):rep(15 << 20) ";
	static const char *const loops[] = {
		"local t = {} for i = 1, 1000000 do t[i] = 0 end for i = 1, 100000 do table.sort(t) end",
		"local t = {} for i = 1, 300000 do t[i] = i end while true do table.insert(t, 1, 0) end",
		"local t = {} for i = 1, 300000 do t[i] = i end while true do table.remove(t, 1) t[#t + 1] = 0 end",
		"local t = {} for i = 1, 300000 do t[i] = '' end while true do table.concat(t) end",
		"local t = {} for i = 1, 100000 do t[i] = 0 end while true do pairs(t) end",
		"local t = {} while true do select('#', table.unpack(t, 1, 200000)) end",
		"%while true do utf8.len(s) end",
		"%while true do utf8.offset(s, -1, #s) end",
		"%while true do s:upper() end",
		"%while true do s:reverse() end",
		"%while true do s:sub(2) end",
		"%local n = s:sub(2) .. 'x' while true do local equal = s == n end",
		"%local n = s:sub(2) .. 'y' while true do local less = s < n end",
		"%while true do local n = s .. 'y' end",
		"%while true do string.format('%s', s) end",
		"%while true do s:find('y', 1, true) end",
	};
	struct buf text = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(loops); i++) {
		struct sandbox	*sandbox = sandbox_new((size_t)256 << 20, 10 * STEPS);
		clock_t		 start = clock();
		char		*result;

		buf_clear(&text);
		buf_addf(&text, "%s%s", *loops[i] == '%' ? big : "", loops[i] + (*loops[i] == '%'));
		CHECK_ERR(run(sandbox, buf_text(&text), &result),
		    "t:1: does not come to an end: stopped after 10000000 steps\n");
		if (!CHECK((double)(clock() - start) / CLOCKS_PER_SEC < WITHIN * SLOWER))
			printf("  by %s\n", loops[i]);
		free(result);
		sandbox_free(sandbox);
	}
	buf_fini(&text);
}

/* Steps that take long, of which there are few: the time of the processor ends them. */
TEST(the_clock_ends_what_steps_do_not)
{
	static const struct row rows[] = {
		{ "local s, t = ('0'):rep(4e6) .. '1', {} for i = 1, 1e5 do t[i] = s end table.sort(t, math.max)", NO_END_SAID },
		{ "local s = ('1'):rep(3e6) while true do local x = s + 0 end", NO_END_SAID },
		{ "local function f(...) return f(1, ...) end return f()", NO_END_SAID },
	};

	/* With sanitizers that takes long. */
	check_ends(rows, SLOWER > 1 ? 1 : ARRAY_LEN(rows));
}

int
main(void)
{
	json_setup();
	RUN(runs_inside_runs_share_or_have_a_budget);
	RUN(recursion_through_c_has_a_line);
	RUN(depth_is_limited);
	RUN(memory_is_limited);
	RUN(results_have_a_size);
	RUN(nothing_runs_for_ever);
	RUN(lists_cost_what_they_do);
	/* What takes long is last. */
	RUN(bombs_do_not_go_off);
	RUN(a_text_has_a_limit_of_its_own);
	RUN(functions_of_c_cost_what_they_do);
	RUN(the_clock_ends_what_steps_do_not);
	return test_done();
}
