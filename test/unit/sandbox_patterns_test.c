/* test/unit: the sandbox: patterns that could take too long are refused, and no others. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sandbox.h"

#include <lauxlib.h>

#define TOO_LONG(size) \
	"t:1: this pattern could take too long on a text of " size " bytes: it has too many repetitions for so long a text"

TEST(patterns_end)
{
	static const struct row rows[] = {
		{ "return ('a'):rep(1e7):find(('a?'):rep(1e4))", "t:1: string.rep() would make a text of more than 4 MiB" },
		{ "return ('a'):rep(3e6):find(('a?'):rep(1e4))", "t:1: pattern too complex" },
		{ "return ('a'):rep(3e6):find(('a?'):rep(1e4) .. 'b')", TOO_LONG("3000000") },
		{ "return ('a'):rep(60):find(('a?'):rep(60) .. ('a'):rep(60))", TOO_LONG("60") },
		{ "return ('a'):rep(60):gsub(('a?'):rep(60) .. 'b', '')", TOO_LONG("60") },
		{ "return ('a'):rep(5000):match('.-.-.-b')", TOO_LONG("5000") },
		{ "return ('a'):rep(5000):gmatch('^.*.*b')", TOO_LONG("5000") },
		{ "return ('a'):rep(60):find(('a?'):rep(60) .. ('.*'):rep(30) .. 'b')", TOO_LONG("60") },
		{ "return ('x'):rep(5000):gmatch('.*.*b')", TOO_LONG("5000") },
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
		/* what cannot fail any more is not tried twice, however long the text is */
		{ "return #('word  '):rep(2e5):gsub('%s+', ' ')", "=1000000" },
		{ "local n = 0 for _ in ('line\\n'):rep(3000):gmatch('[^\\n]+') do n = n + 1 end return n", "=3000" },
		{ "return #(' '):rep(2e5):match('^%s*')", "=200000" },
		{ "return #('x'):rep(2e5):match('(x+)(y*)(z-)')", "=200000" },
		{ "return #((' '):rep(40) .. ('text, '):rep(2e4) .. 'end \\n'):match('^%s*(.-)%s*$')", "=120003" },
		{ "return #('text '):rep(2e4):gsub('%s+$', '')", "=99999" },
		{ "return ('key = value\\n'):rep(1e4):match('([%w_]+)%s*=%s*x')", "=null" },
		/* where it can, it is */
		{ "return (' '):rep(1e5):gsub('%s+x', '')", TOO_LONG("100000") },
		{ "return ('x' .. (' '):rep(1e5) .. 'x'):match('^%s*(.-)%s*$')", TOO_LONG("100002") },
		{ "return ((' '):rep(1e5) .. 'x'):gsub('%s+$', '')", TOO_LONG("100001") },
		{ "return ('a'):rep(1e5):gmatch('a-$')", TOO_LONG("100000") },
		{ "return ('a'):rep(1e5):gmatch('.-%a*$')", TOO_LONG("100000") },
		{ "return ('a'):rep(1e5):find('.*%a*()b')", TOO_LONG("100000") },
		{ "return ('^$'):rep(500):find(('[$^]*^*$*'):rep(3) .. 'b')", TOO_LONG("1000") },
		{ "return ('a'):rep(2e6):match('[' .. ('x'):rep(1000) .. 'a]*')", TOO_LONG("2000000") },
		{ "return ('a'):rep(6e5):gsub('[' .. ('x'):rep(1000) .. ']?', '')", TOO_LONG("600000") },
		{ "return ('a'):rep(1e5):find('%f[%w]+')", "=null" },
		{ "return ('a'):rep(1e5):find('%f[%w]+b')", "=null" },
		{ "return ('x'):rep(1000):find(('[^]a]*'):rep(4) .. 'b')", TOO_LONG("1000") },
		{ "return ('x'):rep(1000):find(('[%]x]*'):rep(4) .. 'b')", TOO_LONG("1000") },
		/* of many repetitions only the first are looked into */
		{ "return ('ab'):rep(500):find(('b*'):rep(8) .. 'c')", "=null" },
		{ "return ('ab'):rep(500):find(('b*'):rep(12) .. 'c')", TOO_LONG("1000") },
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
		{ "return (('  x  '):gsub('^%s+', ''))", "=\"x  \"" },
		{ "return (('[a-b*]'):rep(100):find('[%]*+?-][^]*]'))", "=3" },
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

int
main(void)
{
	json_setup();
	RUN(patterns_end);
	return test_done();
}
