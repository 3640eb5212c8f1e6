/* test/unit: the sandbox: what is in it, what is not, and that nothing runs for ever. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/json.h"
#include "lua/list.h"
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WITHIN	6	/* seconds of CPU time that no program takes */
#ifdef LEAP_SANITIZED
#define SLOWER	20
#else
#define SLOWER	1
#endif

#define MEMORY	((size_t)16 << 20)
#define STEPS	1000000ul

/* Run the program; its result as compact JSON is the caller's, free(). */
NODISCARD
static struct err *
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

static void
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

static void
check_rows(const struct row *rows, size_t count)
{
	struct sandbox *sandbox = sandbox_new(MEMORY, STEPS);

	for (size_t i = 0; i < count; i++)
		check_row(sandbox, &rows[i]);
	sandbox_free(sandbox);
}

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
		{ "return next({})", "null" },
		{ "local t = {a = 1, b = 2, c = 3} for k in pairs(t) do t[k] = nil end return next(t) == nil", "true" },
		{ "for k in pairs({[{}] = 1}) do end", "!keys that are no numbers, strings or booleans" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

#define NO_END_SAID "does not come to an end: stopped after 1000000 steps"
#define NO_END	"!" NO_END_SAID

TEST(nothing_runs_for_ever)
{
	static const struct row rows[] = {
		{ "while true do end", NO_END },
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
		{ "return ('a'):rep(60):find(('a?'):rep(60) .. ('.*'):rep(30) .. 'b')", "!too many repetitions" },
		{ "return ('a'):rep(5000):match('.-.-.-b')", "!too many repetitions" },
		{ "return ('('):rep(100000):gsub('%b()', '')", "!too many repetitions" },
		{ "return ('x'):rep(5000):gmatch('.*.*b')", "!too many repetitions" },
		{ "return ('10.0.0.1'):match('^(%d+)%.(%d+)%.(%d+)%.(%d+)$')", "\"10\"" },
		{ "return ('  x  '):gsub('^%s+', '')", "\"x  \"" },
		{ "return ('[a-b*]'):rep(100):find('[%]*+?-][^]*]')", "3" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}

#define NO_ROOM	"!needs more than 16 MiB of memory"

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
		{ "return {1, a = 2}", "!it mixes both or has gaps" },
		{ "return {[1] = 1, [3] = 2}", "!it mixes both or has gaps" },
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

TEST(raised_errors_come_out_as_they_went_in)
{
	struct sandbox	*sandbox = sandbox_new(MEMORY, STEPS);
	lua_State	*L = sandbox_state(sandbox);
	struct err	*e;
	char		*result;

	lua_register(L, "ours", raise_ours);
	lua_register(L, "final", raise_final);
	e = run(sandbox, "ours()", &result);
	CHECK_INT(err_code(e), ERR_TRUST);
	CHECK_ERR(e, "ours\nhint: do that\n");
	CHECK_OK(run(sandbox, "return {pcall(ours)}", &result));
	CHECK_STR(result, "[false,\"ours\"]");
	free(result);
	CHECK_ERR(run(sandbox, "pcall(pcall, final) return 1", &result), "ours\n");
	sandbox_free(sandbox);
}

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
			CHECK_ERR(run(sandbox, buf_text(&text), &result), NO_END_SAID "\n");
	}
	CHECK_ERR(run(sandbox, "return pcall(inner, 'while true do end', false)", &result), NO_END_SAID "\n");
	CHECK_OK(run(sandbox, "return {pcall(inner, 'while true do end', true)}", &result));
	CHECK_STR(result, "[false,\"does not come to an end: stopped after 1000000 steps\"]");
	free(result);
	CHECK_ERR(run(sandbox, "function deep() return inner('return deep()', true) end return deep()", &result),
	    "more than 100 runs inside each other\n");
	buf_fini(&text);
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
		    "does not come to an end: stopped after 10000000 steps\n");
		if (!CHECK((double)(clock() - start) / CLOCKS_PER_SEC < WITHIN * SLOWER))
			printf("  by %s\n", loops[i]);
		free(result);
		sandbox_free(sandbox);
	}
	buf_fini(&text);
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

TEST(recursion_through_c_has_a_line)
{
	struct sandbox	*sandbox = sandbox_new(MEMORY, STEPS);
	char		*result;

	CHECK_ERR(run(sandbox, "local function f() return (('x'):gsub('x',\nf)) end\nreturn f()", &result),
	    "t:1: C stack overflow\n");
	CHECK_INT(lua_gettop(sandbox_state(sandbox)), 0);
	sandbox_free(sandbox);
}

#define NOT_THERE(name)		"t:1: attempt to call a nil value (global '" name "')"
#define NOT_THERE_EITHER(name)	"t:1: attempt to index a nil value (global '" name "')"
#define TOO_LONG(size)		"t:1: this pattern could take too long on a text of " size " bytes: it is long or has too many repetitions"
#define NO_MEMORY		"needs more than 16 MiB of memory"
#define LARGE			"the result is larger than 16 MiB"

/*
 * Each program ends in exactly this error, or (with "=" before it) has this result, and soon.  It has the list `l` of
 * { name = "a" } and { name = "b" }.
 */
static void
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

TEST(patterns_end)
{
	static const struct row rows[] = {
		{ "return ('a'):rep(1e7):find(('a?'):rep(1e4))", "t:1: string.rep() would make a text of more than 4 MiB" },
		{ "return ('a'):rep(3e6):find(('a?'):rep(1e4))", TOO_LONG("3000000") },
		{ "return ('a'):rep(60):find(('a?'):rep(60) .. ('a'):rep(60))", TOO_LONG("60") },
		{ "return ('a'):rep(60):gsub(('a?'):rep(60) .. 'b', '')", TOO_LONG("60") },
		{ "return ('a'):rep(5000):match('.-.-.-b')", TOO_LONG("5000") },
		{ "return ('a'):rep(5000):gmatch('^.*.*b')", TOO_LONG("5000") },
		/* nothing in a pattern hides what is behind it */
		{ "return ('[]' .. ('a'):rep(998)):find('%b[]' .. ('.-'):rep(9) .. 'b')", TOO_LONG("1000") },
		{ "return ('a'):rep(100):find('%f[%w]' .. ('a*'):rep(9) .. 'b')", TOO_LONG("100") },
		{ "return ('a'):rep(100):find('%f[]a%]]' .. ('a*'):rep(9) .. 'b')", TOO_LONG("100") },
		{ "return ('a'):rep(100):find('(a*)%1%1' .. ('a*'):rep(9) .. 'b')", TOO_LONG("100") },
		{ "return ('a'):rep(100):find('[]a%]]*[^^]*[%]]*' .. ('a*'):rep(9) .. 'b')", TOO_LONG("100") },
		{ "return ('a'):rep(100):find('(' .. ('a*'):rep(9) .. ')*b')", TOO_LONG("100") },
		{ "return ('a'):rep(100):find(('%a*'):rep(9) .. 'b')", TOO_LONG("100") },
		{ "return ('\\0'):rep(100):find(('%z*'):rep(9) .. 'b')", TOO_LONG("100") },
		{ "return ('a'):rep(3000):find('[' .. ('x'):rep(1000) .. 'a]*b')", TOO_LONG("3000") },
		/* long texts in long texts */
		{ "return ('a'):rep(4e6):find(('a'):rep(2e6) .. 'b')", "=null" },
		{ "return ('a'):rep(4e6):find(('a'):rep(2e6) .. '%', 1, true)", "=null" },
		{ "return ('a'):rep(1e6):match(('a'):rep(5e5) .. 'b')", TOO_LONG("1000000") },
		{ "return ('a'):rep(1e5):gsub('', ('%0'):rep(1e5))", TOO_LONG("100000") },
		{ "return ('('):rep(1e5):gsub('%b()', '')", TOO_LONG("100000") },
		{ "return ('a'):rep(1e5):gsub('a', ('x'):rep(1e5))", NO_MEMORY },
		/* what Lua refuses */
		{ "return ('x'):find(('('):rep(40))", "t:1: too many captures" },
		{ "return ('x'):rep(300):match(('x?'):rep(5) .. ('(x)'):rep(40))", "t:1: too many captures" },
		{ "return ('x'):find('[a')", "t:1: malformed pattern (missing ']')" },
		{ "return ('x'):find('%')", "t:1: malformed pattern (ends with '%')" },
		{ "return ('x'):find('%f')", "t:1: missing '[' after '%f' in pattern" },
		{ "return ('x'):find('%b')", "t:1: malformed pattern (missing arguments to '%b')" },
		{ "return ('x'):gsub('x', '%9')", "t:1: invalid capture index %9" },
		/* and what is as it should be */
		{ "return {('10.0.0.1'):match('^(%d+)%.(%d+)%.(%d+)%.(%d+)$')}", "=[\"10\",\"0\",\"0\",\"1\"]" },
		{ "return {('key = value'):match('^%s*(%w+)%s*=%s*(.-)%s*$')}", "=[\"key\",\"value\"]" },
		{ "return (('a-b'):gsub('%-', '%%'))", "=\"a%b\"" },
		{ "return {('a.b'):find('.', 2, true)}", "=[2,2]" },
		{ "return {('abcb'):find('b', -2)}", "=[4,4]" },
		{ "return {('abc'):find('')}", "=[1,0]" },
		{ "return {('abc'):find('', 4)}", "=[4,3]" },
		{ "return {('abc'):find('', 5)}", "=[]" },
		{ "return {('abc'):find('b', math.mininteger)}", "=[2,2]" },
		{ "return {('abc'):find('b', math.maxinteger)}", "=[]" },
		{ "return {('a\\0b'):find('\\0b')}", "=[2,3]" },
		/* what stands in a set, or behind a frontier, repeats nothing */
		{ "return ('a'):rep(5000):find('[^]a*b*c*]')", "=null" },
		{ "return ('a'):rep(5000):find('[%]x*y*z*]')", "=null" },
		{ "return ('a-'):rep(2500):find('%f[%w]-%f[%w]-%f[%w]-')", "=null" },
		{ "return ('a'):rep(5000):find('(*)(+)(-)')", "=null" },
		{ "return {('abc'):find('(b)(c)')}", "=[2,3,\"b\",\"c\"]" },
	};

	check_ends(rows, ARRAY_LEN(rows));
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
		{ "local t = {} for i = 1, 5e4 do t[i] = '' end for i = 1, 6 do table.concat(t) end return 1", NO_END_SAID },
	};

	check_ends(rows, ARRAY_LEN(rows));
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
	CHECK_ERR(run(sandbox, program, &result), NO_END_SAID "\n");
	json_decref(list);
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
	RUN(nothing_runs_for_ever);
	RUN(memory_is_limited);
	RUN(depth_is_limited);
	RUN(errors_are_plain);
	RUN(raised_errors_come_out_as_they_went_in);
	RUN(runs_inside_runs_share_or_have_a_budget);
	RUN(recursion_through_c_has_a_line);
	RUN(nothing_gets_out);
	RUN(patterns_end);
	RUN(results_have_a_size);
	RUN(filters_and_sorts_leave_nothing_to_chance);
	RUN(errors_of_functions_have_a_line);
	RUN(what_is_shared_does_not_change);
	RUN(what_is_shared_may_be_deep);
	RUN(compiling_is_done_once);
	RUN(lists_have_their_methods);
	RUN(lists_cost_what_they_do);
	/* What takes long is last. */
	RUN(bombs_do_not_go_off);
	RUN(a_text_has_a_limit_of_its_own);
	RUN(functions_of_c_cost_what_they_do);
	RUN(the_clock_ends_what_steps_do_not);
	return test_done();
}
