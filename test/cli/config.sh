#!/bin/bash
# test: layers that do not fit, and nodes that are wrong.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# refused_exactly: compile ends with status 3, and standard error is standard input, word for word.
refused_exactly() {
	leap -q compile
	status_is 3
	stderr_is
	check test ! -e compiled/web1.yaml
}

# refused TEXT...: the same, and standard error has each TEXT.
refused() {
	local text

	leap compile
	status_is 3
	for text in "$@"; do
		stderr_has "$text"
	done
	check test ! -e compiled/web1.yaml
}

it "an unknown service is refused with a suggestion, the line and a caret"
instance
put nodes/web1.json <<-'EOT'
	{
	  "ip_address": "192.0.2.1",
	  "services": ["statics"]
	}
EOT
leap compile
status_is 3
stderr_is <<-'EOT'
	nodes/web1.json:3:16: unknown service "statics"
	      "services": ["statics"]
	                   ^
	hint: did you mean "static"?
EOT

it "an unknown tag is refused with a suggestion"
instance
echo '{}' | put tags/production.json
put nodes/web1.json <<-'EOT'
	{
	  "ip_address": "192.0.2.1",
	  "tags": ["prodction"]
	}
EOT
refused 'nodes/web1.json:3:12: unknown tag "prodction"' 'did you mean "production"?'

it "types that clash between layers are refused at the later one"
instance
echo '{ "limits": { "cpu": 1 } }' | put services/static.json
put nodes/web1.json <<-'EOT'
	{
	  "ip_address": "192.0.2.1",
	  "services": ["static"],
	  "limits": "none"
	}
EOT
refused 'nodes/web1.json:4:' 'limits'

it "an array against an object is refused"
instance
put nodes/web1.json <<-'EOT'
	{
	  "ip_address": "192.0.2.1",
	  "domain": []
	}
EOT
refused_exactly <<-EOT
	nodes/web1.json:3:13: "domain" is a list here, but an object in the layers below
	      "domain": []
	                ^
	  platform/common.json:$(grep -n '"domain": {' "$TOP/platform/common.json" | cut -d : -f 1):15: it is set here before
	hint: "!key" replaces whatever was there
EOT

it "two nodes with one address are refused with both names"
instance
node web1 192.0.2.1
node web2 192.0.2.1
refused_exactly <<-'EOT'
	nodes/web2.json:1:17: nodes web1 and web2 have the same address, 192.0.2.1
	    { "ip_address": "192.0.2.1" }
	                    ^
	  nodes/web1.json:1:17: that of node web1
EOT

it "a disabled node may keep an address that another one has"
instance
node web1 192.0.2.1
node web2 192.0.2.1 '"enabled": false'
leap compile
status_is 0

it "an address that is none is refused"
instance
node web1 192.0.2.300
refused "nodes/web1.json:1:" "192.0.2.300"

it "REQUIRED left in place is refused, all of them at once"
instance
put nodes/web1.json <<-'EOT'
	{
	  "ip_address": "REQUIRED",
	  "cache": { "size": "REQUIRED" }
	}
EOT
refused_exactly <<-'EOT'
	nodes/web1.json:2:17: node web1 must have a value for ip_address, cache.size
	      "ip_address": "REQUIRED",
	                    ^
	  nodes/web1.json:2:17: "ip_address" is REQUIRED here
	  nodes/web1.json:3:22: "cache.size" is REQUIRED here
	hint: set them in nodes/web1.json
EOT

it "two environments for one node are refused"
instance
echo '{ "environment": "staging" }' | put tags/test.json
echo '{ "environment": "production" }' | put tags/live.json
node web1 192.0.2.1 '"tags": ["test", "live"]'
refused "web1" "environment"

it "all errors come at once"
instance
node web1 192.0.2.1 '"services": ["statics"]'
node web2 192.0.2.2 '"tags": ["nope"]'
refused "nodes/web1.json:1:" "nodes/web2.json:1:"

it "layers win in their order"
instance
echo '{ "a": "common", "b": "common", "c": "common", "d": "common" }' | put common.json
echo '{ "b": "service", "c": "service", "d": "service" }' | put services/static.json
echo '{ "c": "tag", "d": "tag" }' | put tags/blue.json
node web1 192.0.2.1 '"services": ["static"], "tags": ["blue"], "d": "node"'
leap list web1 --print a,b,c,d
status_is 0
stdout_has common
stdout_has service
stdout_has tag
stdout_has node

it "arrays are extended, reduced and replaced in a node file"
instance
echo '{ "list": ["a", "b"], "other": ["x", "y"], "thing": { "k": 1 } }' | put common.json
node web1 192.0.2.1 '"+list": ["b", "c"], "-other": ["x"], "!thing": 5'
leap list web1 --print list,other,thing --json
status_is 0
got=$(tr -d ' \n' <"$OUT")
case $got in *'"list":["a","b","c"]'*) ;; *) fail "list: $got" ;; esac
case $got in *'"other":["y"]'*) ;; *) fail "other: $got" ;; esac
case $got in *'"thing":5'*) ;; *) fail "thing: $got" ;; esac

it "null never overrides"
instance
echo '{ "a": 1 }' | put common.json
node web1 192.0.2.1 '"a": null'
leap list web1 --print a
status_is 0
stdout_has 1

it "an environment's variants apply to its nodes only, pinned or not"
instance
echo '{ "level": "default" }' | put common.json
echo '{ "level": "staged" }' | put common.staging.json
node web1 192.0.2.1 '"environment": "staging"'
node web2 192.0.2.2
leap list web1 --print level
stdout_has staged
leap list web2 --print level
stdout_has default
echo 'environment: staging' >>Leapfile
leap compile all
leap list web1 --print level
stdout_has staged

it "a key that looks like a known one is a warning"
instance
node web1 192.0.2.1 '"servics": ["static"]'
leap compile
status_is 0
stderr_has 'servics'
stderr_has 'services'

it "plan and deploy show warnings, too"
instance
node web1 192.0.2.1 '"servics": ["static"]'
for command in plan "deploy --yes"; do
	# shellcheck disable=SC2086
	leap $command
	stderr_has 'servics'
	check test "$(grep -c '"servics"' "$ERR")" -ge 1
done

it "one mistake in a recipe is said once, whatever the command and however many nodes have it"
instance
put services/broken.json <<<'{}'
put services/broken/recipe.lua <<<'error("this recipe is broken")'
for n in 1 2 3; do
	node "web$n" "192.0.2.$n" '"services": ["broken"]'
done
leap cert update
for command in compile plan "deploy --yes" test; do
	# shellcheck disable=SC2086
	leap $command
	status_is 3
	check test "$(grep -c '^services/broken/recipe.lua' "$ERR")" -eq 1
done

it "a filter word that does not exist is refused with a suggestion"
instance
node web1 192.0.2.1
leap list wbe1
status_is 2
stderr_has 'wbe1'
stderr_has 'did you mean "web1"?'

it "filters choose by name, full name, service, tag and environment"
instance
echo '{}' | put tags/blue.json
node web1 192.0.2.1 '"services": ["static"], "tags": ["blue"]'
node web2 192.0.2.2 '"services": ["static"], "environment": "staging"'
node ns1 192.0.2.3 '"services": ["dns"]'
names() {
	leap list "$@" --json
	status_is 0
	grep -oE '"(web1|web2|ns1)"' "$OUT" | sort -u | tr -d '"\n'
}
[ "$(names web1)" = web1 ] || fail "by name"
[ "$(names web1.example.org)" = web1 ] || fail "by full name"
[ "$(names static)" = web1web2 ] || fail "by service"
[ "$(names blue)" = web1 ] || fail "by tag"
[ "$(names staging)" = web2 ] || fail "by environment"
[ "$(names static +blue)" = web1 ] || fail "intersection"
[ "$(names blue ns1)" = ns1web1 ] || fail "union"
[ "$(names static +staging)" = web2 ] || fail "service and environment"
