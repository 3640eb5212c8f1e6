/* test/unit: the sandbox: what is in it, what is not, and what it says. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sandbox.h"

#include <lauxlib.h>

TEST(the_language_is_there)
{
	static const struct row rows[] = {
		{ "return 1 + 1", "2" },
		{ "return 10 / 2", "5" },
		{ "return 1 / 2", "0.5" },
		{ "return ('abc'):upper() .. string.rep('x', 3, '-')", "\"ABCx-x-x\"" },
		{ "return ('a,b'):gsub(',', ';')", "\"a;b\"" },
		{ "local t = {} for w in ('one two'):gmatch('%a+') do t[#t + 1] = w end return t", "[\"one\",\"two\"]" },
		{ "return ('k=v'):match('(%w+)=(%w+)')", "\"k\"" },
		{ "return ('a.b'):find('.', 1, true)", "2" },
		{ "return math.max(1, 3) + math.floor(2.5)", "5" },
		{ "return utf8.char(233)", "\"\xc3\xa9\"" },
		{ "return table.concat({1, 2}, '-')", "\"1-2\"" },
		{ "return #table.move({1, 2, 3}, 1, 3, 2)", "4" },
		{ "return {select('#', 1, 2), tonumber('12'), tostring(nil), type({})}", "[2,12,\"nil\",\"table\"]" },
		{ "return {pcall(error, 'x')}", "[false,\"x\"]" },
		{ "return {pcall(function() return 1, 2 end)}", "[true,1,2]" },
		{ "return string.format('%d %s %5.1f %q', 1, true, 2.5, 'a')", "\"1 true   2.5 \\\"a\\\"\"" },
		{ "local n = 0 for i, v in ipairs({5, 6}) do n = n + i * v end return n", "17" },
		{ "return assert(true)", "true" },
		{ "return {a = {b = {}}, c = 'x'}", "{\"a\":{\"b\":[]},\"c\":\"x\"}" },
		{ "return nil", "null" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

TEST(nothing_else_is_there)
{
	static const char *const names[] = {
		"os", "io", "debug", "package", "coroutine", "require", "load", "loadstring", "loadfile", "dofile",
		"rawget", "rawset", "rawequal", "rawlen", "setmetatable", "getmetatable", "collectgarbage", "print", "warn",
		"xpcall", "_G", "_VERSION", "string.dump", "math.random", "math.randomseed",
	};
	struct sandbox	*sandbox = sandbox_new(MEMORY, STEPS);
	char		 text[64], *result;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(text, sizeof(text), "return type(%s)", names[i]);
		CHECK_OK(run(sandbox, text, &result));
		CHECK_STR(result, "\"nil\"");
		free(result);
	}
	sandbox_free(sandbox);
}

TEST(there_is_no_way_out)
{
	static const struct row rows[] = {
		{ "string.upper = string.lower", "!the language itself cannot be changed" },
		{ "table.insert(string, 1)", "!the language itself cannot be changed" },
		{ "for k in pairs(string) do return k end return 'hidden'", "\"hidden\"" },
		{ "return next(string) == nil", "true" },
		{ "return (''):dump()", "!attempt to call a nil value" },
		{ "return string.format('%p', {})", "!string.format() has no \"%p\" here" },
		{ "return string.format('%s', {})", "\"table\"" },
		{ "return string.format('%s', print)", "\"nil\"" },
		{ "return tostring({}) .. tostring(pcall)", "\"tablefunction\"" },
		{ "return ('\\27Lua'):len()", "4" },
		{ "return select(-1, 1, 2)", "2" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

TEST(order_is_no_chance)
{
	static const struct row rows[] = {
		{ "local t = {} for k in pairs({z = 1, a = 1, m = 1, [2] = 1, [1] = 1, [true] = 1, [1.5] = 1}) do "
		    "t[#t + 1] = tostring(k) end return t", "[\"1\",\"1.5\",\"2\",\"a\",\"m\",\"z\",\"true\"]" },
		{ "local t, k = {b = 1, a = 2, c = 3}, nil local s = '' repeat k = next(t, k) s = s .. tostring(k) until not k "
		    "return s", "\"abcnil\"" },
		{ "local s = '' for k in pairs({abcd = 1, ab = 1, abcde = 1, a = 1, abc = 1}) do s = s .. k .. ' ' end return s",
		    "\"a ab abc abcd abcde \"" },
		{ "return next({})", "null" },
		{ "local t = {a = 1, b = 2, c = 3} for k in pairs(t) do t[k] = nil end return next(t) == nil", "true" },
		{ "for k in pairs({[{}] = 1}) do end", "!keys that are no numbers, strings or booleans" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

TEST(errors_are_plain)
{
	static const struct row rows[] = {
		{ "error('mine', 0)", "!mine\n" },
		{ "error('mine')", "!t:1: mine\n" },
		{ "\n\nerror('mine')", "!t:3: mine\n" },
		{ "error({})", "!error() was called with table, not with a text\n" },
		{ "error()", "!error() was called with nil, not with a text\n" },
		{ "return 1 +", "!t:1: unexpected symbol near <eof>\n" },
		{ "return function() end", "!the result is or has a function, which is no value\n" },
		{ "return {1, a = 2}", "!the result is neither a list (1, 2, 3…) nor all names: it mixes both or has gaps\n" },
		{ "return {[1] = 1, [3] = 2}",
		    "!the result is neither a list (1, 2, 3…) nor all names: it mixes both or has gaps\n" },
		{ "return {[{}] = 1}", "!the result has a table whose keys are no text" },
		{ "return 0/0", "!the result is not a number, which is no number in JSON\n" },
		{ "return {math.huge}", "!the result is infinite, which is no number in JSON\n" },
		{ "return '\\xff'", "!the result has a text that is not UTF-8\n" },
		{ "return {x = 'a\\0b'}", "!the result has a text with a NUL byte\n" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

static int
raise_ours(lua_State *L)
{
	sandbox_raise(L, err_hint(err_new(ERR_TRUST, "ours"), "do that"));
}

static int
raise_final(lua_State *L)
{
	sandbox_raise_final(L, err_new(ERR_TRUST, "ours"));
}

TEST(raised_errors_come_out_with_a_line)
{
	struct sandbox	*sandbox = sandbox_new(MEMORY, STEPS);
	lua_State	*L = sandbox_state(sandbox);
	struct err	*e;
	char		*result;

	lua_register(L, "ours", raise_ours);
	lua_register(L, "final", raise_final);
	e = run(sandbox, "ours()", &result);
	CHECK_INT(err_code(e), ERR_TRUST);
	CHECK_ERR(e, "t:1: ours\nhint: do that\n");
	CHECK_OK(run(sandbox, "return {pcall(ours)}", &result));
	CHECK_STR(result, "[false,\"ours\"]");
	free(result);
	CHECK_ERR(run(sandbox, "pcall(pcall, final) return 1", &result), "t:1: ours\n");
	sandbox_free(sandbox);
}

#define NOT_THERE(name)		"t:1: attempt to call a nil value (global '" name "')"
#define NOT_THERE_EITHER(name)	"t:1: attempt to index a nil value (global '" name "')"

TEST(nothing_gets_out)
{
	static const struct row rows[] = {
		/* other programs */
		{ "return load('return 1')", NOT_THERE("load") },
		{ "return (loadstring or load)('return 1')()", "t:1: attempt to call a nil value" },
		{ "return load('\\27Lua')", NOT_THERE("load") },
		{ "return dofile('/etc/passwd')", NOT_THERE("dofile") },
		{ "return require('os').execute('id')", NOT_THERE("require") },
		{ "return string.dump(function() end)", "t:1: attempt to call a nil value (field 'dump')" },
		{ "return ('').dump(function() end)", "t:1: attempt to call a nil value (field 'dump')" },
		/* metatables */
		{ "return getmetatable('').__index", NOT_THERE("getmetatable") },
		{ "setmetatable({}, {__gc = function() end})", NOT_THERE("setmetatable") },
		{ "('').__index.upper = nil", "t:1: attempt to index a nil value (field '__index')" },
		{ "('').__name = 'x'", "t:1: attempt to index a string value (constant '')" },
		{ "local s = '' s.upper = 1", "t:1: attempt to index a string value (local 's')" },
		{ "string.upper = nil", "t:1: the language itself cannot be changed" },
		{ "table.insert(string, 1)", "t:1: the language itself cannot be changed" },
		{ "table.move({1}, 1, 1, 1, string)", "t:1: the language itself cannot be changed" },
		{ "rawset(string, 'upper', nil)", NOT_THERE("rawset") },
		{ "return rawget(string, 'upper')", NOT_THERE("rawget") },
		{ "local t = {__index = string, __gc = 1, __close = 1, __tostring = 1} return tostring(t) .. #t", "=\"table0\"" },
		{ "local t <close> = {__close = function() end}", "t:1: variable 't' got a non-closable value" },
		/* libraries */
		{ "debug.sethook()", NOT_THERE_EITHER("debug") },
		{ "os.exit(1)", NOT_THERE_EITHER("os") },
		{ "io.open('/etc/passwd')", NOT_THERE_EITHER("io") },
		{ "return package.loaded", NOT_THERE_EITHER("package") },
		{ "collectgarbage('stop')", NOT_THERE("collectgarbage") },
		{ "coroutine.wrap(function() while true do end end)()", NOT_THERE_EITHER("coroutine") },
		/* environments */
		{ "_ENV = nil return x", "t:1: attempt to index a nil value (local '_ENV')" },
		{ "local _ENV = {} return string", "=null" },
		{ "local _ENV <const> = {} x = 1 return x", "=1" },
		{ "local _ENV <const> = 1 x = 2", "t:1: attempt to index a number value" },
		{ "return _ENV._G or _ENV._ENV or _ENV.load", "=null" },
		/* addresses */
		{ "return tostring({}) .. tostring(pcall) .. ('%s'):format(l)", "=\"tablefunctiontable\"" },
		{ "return ('%p'):format('')", "t:1: string.format() has no \"%p\" here" },
		{ "return select(2, pcall(error, {})) == {}", "=false" },
		{ "return ('%5.1p'):format(1)", "t:1: string.format() has no \"%p\" here" },
	};

	check_ends(rows, ARRAY_LEN(rows));
}

TEST(filters_and_sorts_leave_nothing_to_chance)
{
	static const struct row rows[] = {
		{ "local t = {} t[1] = t return l{name = t}", "t:1: a filter wants a value, or a list of values" },
		{ "local t = {} for i = 1, 60 do t = {t, t} end return l{name = t}",
		    "t:1: a filter wants a value, or a list of values" },
		{ "return l{name = 'c', [1] = 'a'}", "t:1: a filter names properties, { name = value }" },
		{ "return (l:exclude(l)){[1] = 'a'}", "t:1: a filter names properties, { name = value }" },
		{ "return l:map(function() return {} end):pick('x')", "t:1: pick() is for elements that have a name" },
		{ "for k in pairs({[{}] = 1}) do end",
		    "t:1: a table with keys that are no numbers, strings or booleans has no order" },
		{ "local t = {} for i = 1, 2000 do t[i] = {i // 10, i} end table.sort(t, function(a, b) return a[1] < b[1] end) "
		    "for i = 1, 2000 do assert(t[i][2] == i) end return #t", "=2000" },
		{ "local t = {} for i = 1, 999 do t[i] = i * 7919 % 1009 end table.sort(t) "
		    "for i = 2, 999 do assert(t[i - 1] < t[i]) end return #t", "=999" },
		{ "local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return t", "=[3,2,1]" },
		{ "local t = {2, 1} table.sort(t) table.sort({}) table.sort({1}) return t", "=[1,2]" },
		{ "local t = {3, 2, 1} pcall(table.sort, t, error) return t", "=[3,2,1]" },
		{ "table.sort({1, 2, 3}, function() return true end) return 1", "=1" },
		{ "table.sort({1, 'x'})", "t:1: attempt to compare string with number" },
		{ "table.sort({1, 2}, 1)", "t:1: bad argument #2 to 'sort' (function expected, got number)" },
		{ "table.sort(1)", "t:1: bad argument #1 to 'sort' (table expected, got number)" },
		{ "local s = '' for k in pairs({[math.maxinteger] = 1, [2^63] = 1, [math.maxinteger - 1] = 1}) do "
		    "s = s .. k .. ' ' end return s", "=\"9223372036854775806 9223372036854775807 9.2233720368548e+18 \"" },
	};

	check_ends(rows, ARRAY_LEN(rows));
}

/* What a C function says that stands in the place of Lua's own is as Lua says it. */
TEST(errors_of_functions_have_a_line)
{
	static const struct row rows[] = {
		{ "return\nstring.format('%d', 'x')",
		    "t:2: bad argument #2 to 'string.format' (number expected, got string)" },
		{ "return ('x'):rep({})", "t:1: bad argument #1 to 'rep' (number expected, got table)" },
		{ "return\n\nl:map(tonumber)", "t:3: bad argument #1 to 'tonumber' (string expected, got table)" },
		{ "return table.concat({{}})", "t:1: invalid value (table) at index 1 in table for 'concat'" },
		{ "return tonumber('z', 37)", "t:1: bad argument #2 to 'tonumber' (base out of range)" },
		{ "error('x', 0)", "x" },
		{ "error('x')", "t:1: x" },
	};

	check_ends(rows, ARRAY_LEN(rows));
}

/* The program that defines what is shared, others that use it, and what they say one after the other. */
TEST(what_is_shared_does_not_change)
{
	static const char	 library[] = "local n, nan, list, f = 1, 0/0, {1, {a = 2}, 'x'}\n"
	    "function count() n = n + 1 return n end\n"
	    "function keep(x) f = f or x return f end\n"
	    "function change() list[2].a = 3 return list end\n"
	    "function append() list[#list + 1] = 4 return #list end\n"
	    "function take() list[3] = nil return #list end\n"
	    "function own() local t = {} for i, x in ipairs(list) do t[i] = x end t[1] = 9 return t[1] + n end\n"
	    "function is_nan() return nan ~= nan end\n"
	    "shared = {list = list}\n";
	static const struct row	 rows[] = {
		{ "return own()", "=10" },
		{ "return count()", "changes \"n\", which others share" },
		{ "return own()", "=10" },
		{ "return keep('x')", "changes \"f\", which others share" },
		{ "return keep('y')", "changes \"f\", which others share" },
		{ "return change()[2].a", "changes \"list\", which others share" },
		{ "shared.list[2].a = 5", "changes \"list\", which others share" },
		{ "shared.x = 5", "changes \"shared\", which others share" },
		{ "return append()", "changes \"list\", which others share" },
		{ "return append()", "changes \"list\", which others share" },
		{ "return take()", "changes \"list\", which others share" },
		{ "pcall(change) pcall(count) error('own', 0)", "own" },
		{ "return #shared.list + shared.list[2].a + own()", "=15" },
		{ "return is_nan()", "=true" },
	};
	struct sandbox	*sandbox = sandbox_new(MEMORY, STEPS);
	lua_State	*L = sandbox_state(sandbox);
	char		*result, *want;

	CHECK_OK(run(sandbox, library, &result));
	free(result);
	lua_pushglobaltable(L);
	sandbox_share(L);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err *e = run(sandbox, rows[i].text, &result);

		want = xasprintf("%s\n%s", rows[i].want, *rows[i].want == 'c' ?
		    "hint: what a function keeps must stay as it is; make a new table in the function\n" : "");
		if (!(*want == '=' ? CHECK_OK(e) && CHECK_STR(result, rows[i].want + 1) : CHECK_ERR(e, want)))
			printf("  by %s\n", rows[i].text);
		CHECK_INT(lua_gettop(L), 0);
		free(result);
		free(want);
	}
	sandbox_free(sandbox);
}

/* A library as deep as this would overflow the stack of C if it were gone through by recursion. */
TEST(what_is_shared_may_be_deep)
{
	struct sandbox	*sandbox = sandbox_new((size_t)64 << 20, 10 * STEPS);
	char		*result;

	CHECK_OK(run(sandbox, "deep = {} for i = 1, 100000 do deep = {deep} end", &result));
	free(result);
	lua_pushglobaltable(sandbox_state(sandbox));
	sandbox_share(sandbox_state(sandbox));
	CHECK_ERR_HAS(run(sandbox, "deep[1][1][1][2] = 1", &result), "changes \"deep\", which others share");
	sandbox_free(sandbox);
}

TEST(compiling_is_done_once)
{
	struct sandbox	*sandbox = sandbox_new(MEMORY, STEPS);
	lua_State	*L = sandbox_state(sandbox);
	char		*long_text;

	CHECK_OK(sandbox_compile(sandbox, "return 1", 8, "=a"));
	CHECK_OK(sandbox_compile(sandbox, "return 1", 8, "=a"));
	CHECK(lua_rawequal(L, 1, 2));
	CHECK_OK(sandbox_compile(sandbox, "return 1", 8, "=b"));
	CHECK(!lua_rawequal(L, 1, 3));
	CHECK_INT(lua_gettop(L), 3);
	lua_settop(L, 0);
	CHECK_ERR_HAS(sandbox_compile(sandbox, "\x1bLua", 4, "=a"), "a:1: ");
	long_text = xmalloc(((size_t)1 << 20) + 1);
	memset(long_text, ' ', ((size_t)1 << 20) + 1);
	CHECK_ERR(sandbox_compile(sandbox, long_text, ((size_t)1 << 20) + 1, "=a"), "a: a program of more than 1 MiB\n");
	CHECK_OK(sandbox_compile(sandbox, long_text, (size_t)1 << 20, "@a"));
	lua_settop(L, 0);
	free(long_text);
	CHECK_INT(lua_gettop(L), 0);
	sandbox_free(sandbox);
}

TEST(lists_have_their_methods)
{
	static const struct row rows[] = {
		{ "return l:field('name')", "[\"a\",\"b\",\"c\"]" },
		{ "return l:field('in.side')", "[1,2]" },
		{ "return l:names()", "[\"a\",\"b\",\"c\"]" },
		{ "return l:fields('name', 'in.side')",
		    "[{\"in_side\":1,\"name\":\"a\"},{\"in_side\":2,\"name\":\"b\"},{\"name\":\"c\"}]" },
		{ "return l:pick('n')", "{\"a\":{\"n\":1},\"b\":{\"n\":2},\"c\":{\"n\":2}}" },
		{ "return l:exclude('b'):names()", "[\"a\",\"c\"]" },
		{ "return l:exclude(l:first()):names()", "[\"b\",\"c\"]" },
		{ "return l:exclude(l{n = 2}):names()", "[\"a\"]" },
		{ "return l.count(l) + l:exclude('b'):count()", "5" },
		{ "return l:map(function(x, i) return x.n * i end)", "[1,4,6]" },
		{ "return l{n = 2}:names()", "[\"b\",\"c\"]" },
		{ "return l{n = 2, name = 'b'}:names()", "[\"b\"]" },
		{ "return l{n = '!2'}:names()", "[\"a\"]" },
		{ "return l{tags = 'x'}:names()", "[\"a\",\"b\"]" },
		{ "return l{tags = '!x'}:names()", "[\"c\"]" },
		{ "return l{name = {'a', 'c'}}:names()", "[\"a\",\"c\"]" },
		{ "return l{['in.side'] = 2}:names()", "[\"b\"]" },
		{ "return l{['in.none'] = 2}", "[]" },
		{ "return l{['in.none'] = '!2'}:count()", "3" },
		{ "return l{name = 'none'}:first()", "null" },
		{ "return l:feild('name')", "!a list has no method \"feild\"\nhint: did you mean \"field\"?\n" },
		{ "return l.field('name')", "!not a list; call methods with a colon" },
		{ "return l{1}", "!a filter names properties" },
		{ "return l[4] == nil and #l", "3" },
	};
	static const char	 list[] = "[{\"name\":\"a\",\"n\":1,\"tags\":[\"x\",\"y\"],\"in\":{\"side\":1}},"
	    "{\"name\":\"b\",\"n\":2,\"tags\":[\"x\"],\"in\":{\"side\":2}},null,{\"name\":\"c\",\"n\":2,\"tags\":[]}]";
	struct sandbox		*sandbox = sandbox_new(MEMORY, STEPS);
	lua_State		*L = sandbox_state(sandbox);
	json_t			*value = json_loads(list, 0, NULL);

	lua_push_json(L, value);
	json_decref(value);
	lua_setglobal(L, "l");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(sandbox, &rows[i]);
	sandbox_free(sandbox);
}

int
main(void)
{
	json_setup();
	RUN(the_language_is_there);
	RUN(nothing_else_is_there);
	RUN(there_is_no_way_out);
	RUN(order_is_no_chance);
	RUN(errors_are_plain);
	RUN(raised_errors_come_out_with_a_line);
	RUN(nothing_gets_out);
	RUN(filters_and_sorts_leave_nothing_to_chance);
	RUN(errors_of_functions_have_a_line);
	RUN(what_is_shared_does_not_change);
	RUN(what_is_shared_may_be_deep);
	RUN(compiling_is_done_once);
	RUN(lists_have_their_methods);
	return test_done();
}
