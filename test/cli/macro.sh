#!/bin/bash
# test: macros that are wrong, run wild, or reach outside.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 180

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# refused TEXT...: compile ends with status 3, says each TEXT, and wrote nothing.
refused() {
	local text

	leap compile
	status_is 3
	for text in "$@"; do
		stderr_has "$text"
	done
	check test ! -e compiled/web1.yaml
}

# refused_exactly: the same, and standard error is standard input, word for word.
refused_exactly() {
	leap -q compile
	status_is 3
	stderr_is
	check test ! -e compiled/web1.yaml
}

# macro EXPRESSION: the node web1 has it as property "probe" on line 3.
macro() {
	instance
	put nodes/web1.json <<-EOT
		{
		  "ip_address": "192.0.2.1",
		  "probe": "= $1"
		}
	EOT
}

it "broken Lua in a macro is refused with its place"
macro 'nodes['
refused_exactly <<-'EOT'
	nodes/web1.json:3:12: unexpected symbol near <eof>
	      "probe": "= nodes["
	               ^
EOT

it "broken Lua in macros/*.lua is refused with its line"
instance
node web1 192.0.2.1 '"probe": "= twice(2)"'
put macros/own.lua <<-'EOT'
	function twice(n)
		return n * 
	end
EOT
refused "macros/own.lua:3"

it "broken Lua in a recipe is refused with its line"
instance
node web1 192.0.2.1 '"services": ["own"]'
echo '{}' | put services/own/service.json
printf 'package "hello"\n\nfile("/etc/x" {\n' | put services/own/recipe.lua
refused "services/own/recipe.lua:3"

it "broken Lua in a template is refused with its line"
instance
node web1 192.0.2.1 '"services": ["own"]'
echo '{}' | put services/own/service.json
printf 'template("/etc/own", "own.conf")\n' | put services/own/recipe.lua
printf 'one\ntwo <%%= node.name .. %%>\n' | put services/own/templates/own.conf
refused "own.conf:2"

it "a property that does not exist is refused with a suggestion"
macro 'node.ip_adress'
refused_exactly <<-'EOT'
	nodes/web1.json:3:12: node web1 has no property "ip_adress"
	      "probe": "= node.ip_adress"
	               ^
	hint: did you mean "ip_address"?
EOT

it "a property of another node that does not exist is refused with a suggestion"
macro 'nodes.web2.domain.ful'
node web2 192.0.2.2
refused "nodes/web1.json:3:" 'ful' 'did you mean "domain.full"?'

it "a macro that does not exist is refused with a suggestion"
macro 'nodes_like_m{}'
refused_exactly <<-'EOT'
	nodes/web1.json:3:12: nothing is called "nodes_like_m"
	      "probe": "= nodes_like_m{}"
	               ^
	hint: did you mean "nodes_like_me"?
EOT

it "a node that does not exist is refused with a suggestion"
macro 'nodes.web3.ip_address'
node web2 192.0.2.2
refused "nodes/web1.json:3:" 'web3'

it "what may be missing can be forgiven"
macro 'node:get(\"no.such\", 5)'
leap list web1 --print probe
status_is 0
stdout_has 5

it "a cycle is refused with the chain of places"
instance
put nodes/web1.json <<-'EOT'
	{
	  "ip_address": "192.0.2.1",
	  "a": "= node.b",
	  "b": "= nodes.web2.c"
	}
EOT
put nodes/web2.json <<-'EOT'
	{
	  "ip_address": "192.0.2.2",

	  "c": "= nodes.web1.a"
	}
EOT
refused_exactly <<-'EOT'
	nodes/web1.json:3:8: a cycle: to know "a" of node web1 one must know it
	      "a": "= node.b",
	           ^
	  nodes/web1.json:3:8: "a" of node web1 needs "b" of node web1
	  nodes/web1.json:4:8: "b" of node web1 needs "c" of node web2
	  nodes/web2.json:4:8: "c" of node web2 needs "a" of node web1
EOT

it "a macro of itself is a cycle"
macro 'node.probe'
refused "nodes/web1.json:3:"

it "a long chain of macros is no cycle and no crash"
instance
for n in $(seq 1 150); do
	echo "\"p$n\": \"= node.p$((n + 1)) + 1\","
done | put "$WORK/chain"
node web1 192.0.2.1 "$(tr -d '\n' <"$WORK/chain") \"p151\": 0"
leap list web1 --print p1
status_is 0
stdout_has 150

it "a macro that loops for ever is an error, soon"
macro '(function() while true do end end)()'
SECONDS=0
refused_exactly <<-'EOT'
	nodes/web1.json:3:12: does not come to an end: stopped after 10000000 steps
	      "probe": "= (function() while true do end end)()"
	               ^
EOT
check test "$SECONDS" -lt 30

it "a loop that pcall() wraps ends too"
macro '(function() while true do pcall(function() while true do end end) end end)()'
SECONDS=0
refused "nodes/web1.json:3:"
check test "$SECONDS" -lt 30

it "a string method that runs for ever is an error, soon"
macro 'string.rep(\"a\", 60):find(string.rep(\"a?\", 60) .. string.rep(\".*\", 30) .. \"b\")'
SECONDS=0
refused "nodes/web1.json:3:"
check test "$SECONDS" -lt 60

it "a macro that eats memory is an error"
macro '(function() local t = {} while true do t[#t + 1] = string.rep(\"x\", 1000000) .. #t end end)()'
refused "nodes/web1.json:3:"

it "one huge string is an error"
macro 'string.rep(\"x\", 1 << 40)'
refused "nodes/web1.json:3:"

it "recursion without end is an error"
macro '(function() local function f(x) return 1 + f(x) end return f(1) end)()'
refused "nodes/web1.json:3:"

it "the sandbox has no way out"
for name in os io require dofile load loadstring loadfile package debug rawset rawget setmetatable getmetatable \
    collectgarbage string.dump math.random coroutine print _G; do
	macro "($name or missing)()"
	leap compile
	status_is 3
	stderr_has "nodes/web1.json:3:"
	stderr_lacks "attempt to call a function"
done

it "math.random is not there"
macro 'math.random()'
refused "nodes/web1.json:3:"

it "a macro cannot change what another sees"
instance
put nodes/web1.json <<-'EOT'
	{
	  "ip_address": "192.0.2.1",
	  "a": "= (function() string.upper = string.lower; return 'x' end)()",
	  "b": "= ('x'):upper()"
	}
EOT
leap list web1 --print b
[ "$STATUS" -ne 0 ] || stdout_has X

it "a value that is no JSON is refused"
macro 'function() end'
refused "nodes/web1.json:3:"

it "macros work inside arrays and objects"
instance
node web1 192.0.2.1 '"deep": { "list": ["a", "= node.name", { "x": "= 1 + 1" }] }'
leap list web1 --print deep
status_is 0
stdout_has web1
stdout_has 2

it "a late macro waits for the others"
instance
node web1 192.0.2.1 '"a": "=> node.b .. node.c", "b": "= node.name", "c": "= \"!\""'
leap list web1 --print a
status_is 0
stdout_has 'web1!'

it "what is made of a secret is not shown, however short"
instance
node web1 192.0.2.1 '"pin": "= secret(\"db\"):sub(1, 4)", "half": "= secret(\"db\"):sub(1, 16)", "plain": 7'
leap compile
leap compile
leap list web1 --print pin,half,plain
status_is 0
stdout_has "[secret]"
secret=$(opened secrets/default/db | cut -c1-4)
check test "${#secret}" -eq 4
check_not grep -qF "$secret" "$OUT"
leap list web1 --print pin,half --json
check_not grep -qF "$secret" "$OUT"
check_not grep -qF "$secret" compiled/web1.yaml

it "what pick_node picked is kept in state.json, by those who write"
instance
echo '{}' | put services/db.json
node db1 192.0.2.1 '"services": ["db"]'
node db2 192.0.2.2 '"services": ["db"]'
node web1 192.0.2.11 '"db": "= pick_node(nodes{services=\"db\"}).name"'
node web2 192.0.2.12 '"db": "= pick_node(nodes{services=\"db\"}).name"'
leap list web1 web2 --print db
status_is 0
cp "$OUT" "$WORK/before"
check test ! -e state.json
leap compile
status_is 0
check test -e state.json
cp state.json "$WORK/state"
leap list web1 web2 --print db
check cmp "$WORK/before" "$OUT"
node db3 192.0.2.3 '"services": ["db"]'
leap compile
check cmp "$WORK/state" state.json
leap list web1 web2 --print db
check cmp "$WORK/before" "$OUT"
rm nodes/web2.json
leap compile
file_lacks state.json web2
file_has state.json web1

it "a partial applies below the file that names it"
instance
put services/_tls.json <<<'{ "tls": { "port": 443, "old": false } }'
put services/own.json <<<'{ "partials": ["tls"], "tls": { "port": 8443 } }'
node web1 192.0.2.1 '"services": ["own"]'
leap list web1 --print tls.port,tls.old
status_is 0
stdout_has 8443
stdout_has false
