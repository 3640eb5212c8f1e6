#!/bin/bash
# test: leap why: where values come from.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

export GIT_CONFIG_GLOBAL=/dev/null

# commit MESSAGE [AUTHOR]: all files, at a known time.
commit() {
	must git add -A
	must git -c user.name="${2:-Alice Doe}" -c user.email=x@example.org commit -q --date=2026-01-02T03:04:05+0100 -m "$1"
}

# short LINE FILE: the commit that the stock git finds for it.
short() {
	git blame -L "$1,$1" --abbrev=7 -l --root "$2" | cut -c 1-8
}

# lines: the rows of `leap why NODE --json` on standard input as "PROPERTY FILE LINE LAYER MACRO" with tabs between.
lines() {
	awk '
		function text(s) { sub(/^ *"[a-z]+": /, "", s); sub(/,$/, "", s); return s }
		function plain(s) { s = text(s); gsub(/^"|"$/, "", s); return s }
		/^        \{/ { file = line = layer = macro = property = "" }
		/^            "file":/ { file = plain($0) }
		/^            "line":/ { line = plain($0) }
		/^            "layer":/ { layer = plain($0) }
		/^            "macro":/ { macro = text($0) }
		/^            "property":/ { property = plain($0) }
		/^        \}/ { print property "\t" file "\t" line "\t" layer "\t" macro }
	'
}

# every_line_holds NODE: of each value, the line that is named has its key or the macro that made it; what leap says
# itself is at the beginning of the node's file.
every_line_holds() {
	local property file line layer macro text count=0

	leap why "$1" --json
	status_is 0
	lines <"$OUT" >"$WORK/lines"
	check test -s "$WORK/lines"
	while IFS=$'\t' read -r property file line layer macro; do
		count=$((count + 1))
		case $file in
		platform/*) text=$(sed -n "${line}p" "$TOP/$file") ;;
		*) text=$(sed -n "${line}p" "$file") ;;
		esac
		case $layer$macro in
		leap) [[ $text == *'{'* && $file == "nodes/$1.json" ]] || fail "$1:$property is not by leap: $file:$line" ;;
		*\") [[ $text == *"$macro"* ]] || fail "$1:$property: $file:$line lacks $macro: $text" ;;
		*) [[ $text == *"${property##*.}\":"* ]] || fail "$1:$property: $file:$line lacks the key: $text" ;;
		esac
	done <"$WORK/lines"
	check test "$count" -ge 20
}

# each_is_explained NODE: the explanation of each value by itself names the same place as the table.
each_is_explained() {
	local property file line layer macro

	while IFS=$'\t' read -r property file line layer macro; do
		leap why "$1" "$property" --json
		[ "$STATUS" -eq 0 ] || fail "leap why $1 $property: status $STATUS"
		if ! grep -qxF "    \"file\": \"$file\"," "$OUT" || ! grep -qxF "    \"line\": $line," "$OUT"; then
			fail "leap why $1 $property: not $file:$line"
		fi
	done <"$WORK/lines"
}

# demo: the instance of the demonstration.
demo() {
	instance
	must "$LEAP" node add web1 ip_address:10.5.5.2 services:static tags:local
	must "$LEAP" node add web2 ip_address:10.5.5.3 services:static tags:local
	must "$LEAP" node add ns1 ip_address:10.5.5.4 services:dns tags:local
}

# rich: an instance with everything that can set a value.
rich() {
	demo
	put macros/own.lua <<-'EOT'
		function banner(text)
			return text .. "!"
		end
	EOT
	echo hello >files/motd
	put common.production.json <<-'EOT'
		{ "level": "gold",
		  "dns": { "+aliases": ["prod.example.org"] } }
	EOT
	put services/_limits.json <<-'EOT'
		{ "limits": { "files": 1024, "procs": 10 } }
	EOT
	put services/static.production.json <<-'EOT'
		{ "static": { "tls_only": true } }
	EOT
	put services/cache.json <<-'EOT'
		// ours
		{
		    "partials": ["limits"],
		    "cache": {
		        "port": 11211,
		        "peers": "= nodes_like_me{services='cache'}:exclude(node):field('ip_address')",
		        "password": "= secret('cache')",
		        "url": "= 'cache://' .. cache.password .. '@' .. ip_address",
		        "list": ["one", "= tostring(cache.port)", "three"]
		    }
		}
	EOT
	put tags/blue.json <<-'EOT'
		{
		    "limits": { "files": 4096 },
		    "cache": { "+list": ["four"], "-list": "three" },
		    "dns": { "+aliases": ["blue.example.org",
		        "second.example.org"] }
		}
	EOT
	node web3 10.5.5.5 '"services": ["cache"], "tags": ["production"]'
	put nodes/web4.json <<-'EOT'
		{
		    "ip_address": "10.5.5.6",
		    "services": ["static", "cache"],
		    "tags": ["production", "blue"],
		    "motd": "= banner(file('motd'))",
		    "late": "=> all[1]",
		    "all": "= nodes:field('domain.full')",
		    "fw": "= firewall",
		    "!x509": { "use": false },
		    "sites": [ { "name": "a", "port": "= cache.port" }, { "name": "b" } ]
		}
	EOT
}

it "every value of the demonstration's nodes has a line that holds it"
demo
for name in web1 web2 ns1; do
	every_line_holds "$name"
	each_is_explained "$name"
done

it "so has every value where everything is used that can set one"
rich
for name in web3 web4; do
	every_line_holds "$name"
	each_is_explained "$name"
done
leap why provider --json
status_is 0

it "a value is explained by its layers, with who wrote them"
demo
put tags/blue.json <<-'EOT'
	{
	    "ssh": { "port": 2222 }
	}
EOT
node web1 10.5.5.2 '"tags": ["blue"]'
commit "blue nodes listen elsewhere"
sed -i 's/"tags"/"ssh": { "port": 22022 }, "tags"/' nodes/web1.json
cp -r "$TOP/platform" "$WORK/platform"
sed -i "s|^#* *platform:.*||" Leapfile
echo "platform: $WORK/platform" >>Leapfile
leap why web1 ssh.port
status_is 0
stdout_is <<-EOT
	web1:ssh.port = 22022

	   LAYER      PLACE                      EFFECT      SAYS
	   common     platform/common.json:26:9  overridden  "port": 22
	   tag blue   tags/blue.json:2:14        overridden  "port": 2222
	*  node web1  nodes/web1.json:1:12       sets it     "port": 22022

	node web1 wins over tag blue: a node's own file comes after all other layers

	LINE                     COMMIT    DATE        AUTHOR     SUMMARY
	platform/common.json:26  -         -           -          not in git
	tags/blue.json:2         $(short 2 tags/blue.json)  2026-01-02  Alice Doe  blue nodes listen elsewhere
	nodes/web1.json:1        -         -           -          not committed yet
EOT
stderr_empty

it "a list is explained with all that adds to it and takes from it"
rich
leap why web4 cache.list
status_is 0
stdout_is <<-'EOT'
	web4:cache.list = ["one","11211","four"]

	   LAYER          PLACE                    EFFECT         SAYS
	   service cache  services/cache.json:9:9  sets it        "list": ["one","= tostring(cache.port)","three"]
	   tag blue       tags/blue.json:3:16      adds to it     "+list": ["four"]
	*  tag blue       tags/blue.json:3:35      takes from it  "-list": "three"

	READ               VALUE    FROM                   MACRO
	web4:cache.list.2  "11211"  services/cache.json:9  = tostring(cache.port)
	  web4:cache.port  11211    services/cache.json:5

	LINE                   COMMIT  DATE  AUTHOR  SUMMARY
	services/cache.json:9  -       -     -       not committed yet
	tags/blue.json:3       -       -     -       not committed yet
	services/cache.json:5  -       -     -       not committed yet
EOT
leap why web4 dns.aliases.3
status_is 0
stdout_has 'web4:dns.aliases.3 = "second.example.org"'
stdout_has '*  tag blue              tags/blue.json:5:9 '

it "a macro is explained by what it read"
rich
leap why web4 motd
status_is 0
stdout_is <<-'EOT'
	web4:motd = "hello\n!"

	   LAYER      PLACE                EFFECT   SAYS
	*  node web4  nodes/web4.json:5:5  sets it  "motd": = banner(file('motd'))

	= banner(file('motd'))

	READ         VALUE  FROM              MACRO
	banner()            macros/own.lua:1
	file "motd"         files/motd

	LINE               COMMIT  DATE  AUTHOR  SUMMARY
	nodes/web4.json:5  -       -     -       not committed yet
EOT
leap why web4 cache.peers --depth 1
status_is 0
stdout_has '
= nodes_like_me{services='\''cache'\''}:exclude(node):field('\''ip_address'\'')'
stdout_has 'nodes_like_me{services="cache"}  2 nodes     web3, web4'
stdout_has 'web3:ip_address                  "10.5.5.5"  nodes/web3.json:1'
leap why web4 late --depth 1
stdout_has '= nodes:field('\''domain.full'\'')  (goes on: see --depth)'

it "secrets do not show, and none is made"
rich
leap why web4 cache.url
status_is 0
stdout_has 'web4:cache.url = "cache://[secret]@10.5.5.6"'
stdout_has '  secret "cache"     [secret]    of environment production'
check test ! -e secrets/production/cache
must "$LEAP" compile
leap why web4 cache.url
status_is 0
stdout_has 'web4:cache.url = "cache://[secret]@10.5.5.6"'
leap why web4 cache --json
status_is 0
stdout_has '"value": "cache://[secret]@10.5.5.6"'
stdout_has '"value": "[secret]"'

it "nothing is written"
rich
commit all
leap why web4
leap why web4 cache.url
leap why web4 --json
check test -z "$(git status --porcelain --ignored -- secrets state.json compiled)"

it "an object is explained with all below it"
demo
leap why web1 ssh
status_is 0
stdout_has 'web1:ssh has 1 key'
stdout_has 'PROPERTY  VALUE  FROM                     MACRO'
stdout_has 'ssh.port  22     platform/common.json:26'

it "what is asked wrongly is refused"
demo
leap why static
status_is 2
stderr_is <<-'EOT'
	leap: "static" is 2 nodes: web1, web2
	hint: say which one: "leap why web1"
EOT
leap why wbe1
status_is 2
stderr_has 'hint: did you mean "web1"?'
leap why web1 ssh.prot
status_is 3
stderr_is <<-'EOT'
	leap: node web1 has no property "ssh.prot"
	hint: did you mean "ssh.port"?
EOT
leap why web1 ssh.port --depth many
status_is 2
stdout_empty

it "what fails is explained as far as it goes, then said"
demo
node web1 10.5.5.2 '"a": "= b .. none", "b": "= ip_address"'
leap why web1 a
status_is 3
stdout_has 'web1:a has no value: its macro fails'
stdout_has 'web1:b             "10.5.5.2"  nodes/web1.json:1  = ip_address'
stderr_has 'nodes/web1.json:1:8: nothing is called "none"'
leap why web1
status_is 3
stdout_has 'fails'
stdout_has 'ip_address '
stderr_has 'nodes/web1.json:1:8: nothing is called "none"'

it "disabled nodes are explained too, and so is what is REQUIRED"
demo
must "$LEAP" node disable web2
put nodes/web5.json <<-'EOT'
	{ "enabled": false }
EOT
leap why web2 enabled
status_is 0
stdout_has 'web2:enabled = false'
leap why web5 ip_address
status_is 0
stdout_has 'web5:ip_address = "REQUIRED"'

it "of many nodes with the same property a few are named"
demo
for number in 1 2 3 4 5 6 7 8 9; do
	node "n$number" "192.0.2.$number"
done
node web1 10.5.5.2 '"all": "= nodes:field('\''ip_address'\'')"'
leap why web1 all
status_is 0
stdout_has 'n5:ip_address  "192.0.2.5"'
stdout_lacks 'n6:ip_address'
stdout_has '...            and 7 more   --json lists them'
leap why web1 all --json
stdout_has '"192.0.2.9"'

it "the provider is explained, in each environment"
demo
put provider.production.json <<-'EOT'
	{ "domain": "prod.example.org" }
EOT
leap why provider domain
status_is 0
stdout_has 'provider:domain = "example.org"'
stdout_has 'provider of the instance wins over provider of the platform: the instance'\''s file comes after the platform'\''s'
leap why provider.production domain
status_is 0
stdout_has 'provider.production:domain = "prod.example.org"'
stdout_has 'provider in production wins over provider: what is for production comes after what is for all environments'
leap why provider.none domain
status_is 2
