#!/bin/bash
# test: leap check: an instance in which each mistake is made once, and what it says for people and programs.
# May know the command line, an instance's files, and the rules in src/.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 180

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# pin NODE...: a host key of its own for each.
pin() {
	local node

	for node in "$@"; do
		mkdir -p "files/nodes/$node"
		must ssh-keygen -q -t ed25519 -N '' -C "$node" -f "$WORK/.host"
		mv "$WORK/.host.pub" "files/nodes/$node/${node}_ssh.pub"
		rm "$WORK/.host"
	done
}

# mistakes: copy test/mistakes to the directory "i" and go there; add what no repository should have.
mistakes() {
	local node

	cd "$WORK" || exit 1
	if [ ! -d .mistakes ]; then
		cp -r "$TOP/test/mistakes" .mistakes
		cd .mistakes || exit 1
		for node in nodes/[a-z]*.json; do
			node=$(basename "$node" .json)
			case $node in
			host-unpinned | host-broken | host-shared) ;;
			*) pin "$node" ;;
			esac
		done
		mkdir -p files/nodes/host-shared users/private
		cp files/nodes/good/good_ssh.pub files/nodes/host-shared/host-shared_ssh.pub
		for node in expired foreign garbled; do
			echo 'encrypted to nobody' >"files/nodes/cert-$node/cert-$node.key.age"
		done
		must openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out files/ca/client_ca.key
		cp files/ca/client_ca.key files/forgotten.pem
		must ssh-keygen -q -t ed25519 -N '' -f "$WORK/.private"
		cp "$WORK/.private" users/private/private_ssh.pub
		printf '*.key\nprivate_ssh.pub\n' >.gitignore
		echo 'no key at all' >files/old.key
		mkdir vault
		find users files \( -path 'users/*/*' -o -name '*.age' \) -type f ! -name twin_ssh.pub -print0 | LC_ALL=C sort -z |
		    xargs -0 sha256sum >vault/SHA256SUMS
		must git init -q
		must git add -A
		must git add -f files/old.key
		cd "$WORK" || exit 1
	fi
	rm -rf i
	cp -a .mistakes i
	cd i || exit 1
}

# expected: "FILE:LINE RULE" for every mistake that the files of the instance speak of, LINE being 0 for a whole
# file, and for those that could not.
expected() {
	{
		grep -rno --include='*' 'mistake: [a-z-]*' . | sed -E 's|^\./([^:]*):([0-9]*):mistake: (.*)|\1:\2 \3|'
		grep -rlE 'mistake of the file: ' . | while read -r file; do
			echo "${file#./}:0 $(sed -nE 's/.*mistake of the file: ([a-z-]*).*/\1/p' "$file" | head -n 1)"
		done
		cat <<-'EOT'
			files/ca/client_ca.key:0 clear-secret
			files/nodes/cert-garbled/cert-garbled.key.age:0 vault-access
			files/nodes/cert-foreign/cert-foreign.key.age:0 vault-access
			files/nodes/cert-expired/cert-expired.key.age:0 vault-access
			files/forgotten.pem:0 tracked-key
			files/nodes/gone:0 stray-file
			files/old.key:0 clear-secret
			files/old.key:0 tracked-key
			files/nodes/host-shared/host-shared_ssh.pub:0 shared-host-key
			services/halfmade:0 stray-file
			users/keyless:0 no-user-key
			users/private/private_ssh.pub:1 bad-user-key
			users/twin/twin_ssh.pub:0 unsigned-change
			vault/SHA256SUMS.sig:0 vault-signature
		EOT
	} | grep -v -e '^Leapfile:[1-3] ' -e '^Leapfile:0 ' | sort
}

# found: the same from what leap check printed.
found() {
	sed -nE 's/^([^ :]+)(:([0-9]+))?(:[0-9]+)?: (error|warning): .*\[([a-z-]+)\]$/\1:\3 \6/p' "$OUT" |
	    sed 's/: /:0 /' | sort
}

it "every mistake is found, at its line, and nothing else"
mistakes
leap check
status_is 3
expected >"$WORK/expected"
found >"$WORK/found"
check test "$(wc -l <"$WORK/expected")" -ge 80
check test "$(sed 's/.* //' "$WORK/expected" | sort -u | wc -l)" -ge 40
check diff -u "$WORK/expected" "$WORK/found"
stderr_is <<EOT
leap: $(grep -c ': error: .*\[' "$OUT") errors and $(grep -c ': warning: .*\[' "$OUT") warnings in $(
    sed 's/:.*//' "$WORK/found" | sort -u | wc -l) files
EOT

it "it says the same each time, and leaves no trace"
mistakes
find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum >"$WORK/before"
leap check
cp "$OUT" "$WORK/first"
leap check
check cmp "$OUT" "$WORK/first"
find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum >"$WORK/after"
check cmp "$WORK/before" "$WORK/after"

it "no part of a private key is shown"
mistakes
leap check
sed '/-----/d' "$WORK/.private" files/forgotten.pem | while read -r line; do
	stdout_lacks "$line"
	stderr_lacks "$line"
done

it "--json has the same mistakes"
mistakes
leap check --json
status_is 3
jq -r '.problems[] | "\(.file):\(.line // 0) \(.rule)"' "$OUT" | sort >"$WORK/found"
expected >"$WORK/expected"
check diff -u "$WORK/expected" "$WORK/found"
jq -S '.problems[] | select(.file == "nodes/ports.json")' "$OUT" >"$WORK/one"
mv "$WORK/one" "$OUT"
stdout_is <<'EOT'
{
  "column": 9,
  "file": "nodes/ports.json",
  "level": "error",
  "line": 5,
  "message": "tcp port 443 of node ports is wanted twice: by \"web\" of service web and by \"proxy\" of service proxy",
  "notes": [
    {
      "column": 32,
      "file": "services/web.json",
      "line": 4,
      "message": "opened here as \"web\" of service web"
    },
    {
      "column": 30,
      "file": "services/proxy.json",
      "line": 3,
      "message": "opened here as \"proxy\" of service proxy"
    }
  ],
  "rule": "colliding-ports"
}
EOT

it "--sarif has them as SARIF 2.1.0 wants them"
mistakes
leap check --sarif
status_is 3
jq -r '.runs[0].results[] | .locations[0].physicalLocation |
    "\(.artifactLocation.uri):\(.region.startLine // 0)"' "$OUT" | sort >"$WORK/found"
expected | sed 's/ .*//' | sort >"$WORK/expected"
check diff -u "$WORK/expected" "$WORK/found"
# shellcheck disable=SC2016
check jq -e '.version == "2.1.0" and (.["$schema"] | endswith("/sarif-2.1.0.json")) and (.runs | length == 1) and
    (.runs[0] | .tool.driver.name == "leap" and .columnKind == "unicodeCodePoints")' "$OUT"
# Every result refers to its rule by name and by number, every rule is described.
# shellcheck disable=SC2016
check jq -e '.runs[0] | .tool.driver.rules as $rules | all(.results[];
    $rules[.ruleIndex].id == .ruleId and (.level == "error" or .level == "warning") and (.message.text | length > 0) and
    (.locations | length == 1) and .locations[0].physicalLocation.artifactLocation.uriBaseId == "%SRCROOT%" and
    ((.locations[0].physicalLocation.region // { startLine: 1, startColumn: 1 }) |
	.startLine >= 1 and (.startColumn // 1) >= 1))' "$OUT"
check jq -e '[.runs[0].tool.driver.rules[].id] | . == (unique | sort)' "$OUT"
check jq -e 'all(.runs[0].tool.driver.rules[]; .shortDescription.text | length > 0)' "$OUT"
check jq -e '[.runs[0].results[] | select(.ruleId == "colliding-ports")][0].relatedLocations |
    length == 2 and .[0].message.text == "opened here as \"web\" of service web"' "$OUT"

it "paths in SARIF are from the top of the repository, which may be above the instance"
instance
put services/web.json <<-'EOT'
	{ "tags": ["x"] }
EOT
rm -rf .git
mkdir -p "$WORK/whole/of it"
mv "$WORK/i" "$WORK/whole/of it/i"
cd "$WORK/whole/of it/i" || exit 1
must git init -q "$WORK/whole"
leap check --sarif
status_is 3
jq -r '.runs[0].results[] | select(.ruleId == "misplaced-key").locations[0].physicalLocation.artifactLocation |
    .uriBaseId, .uri' "$OUT" >"$WORK/found"
check cmp - "$WORK/found" <<'EOT'
%SRCROOT%
of%20it/i/services/web.json
EOT
rm -rf "$WORK/whole"

it "a report has one form"
instance
leap check --json --sarif
status_is 2
stdout_empty
stderr_is <<<'leap: --json and --sarif exclude each other'

it "columns in SARIF are characters, paths are URIs"
instance
put services/web.json <<-'EOT'
	{ "über": "ü", "tags": ["x"] }
EOT
echo '{ }' | put 'services/with space.json'
leap check --sarif
status_is 3
check jq -e '.runs[0].results[] | select(.ruleId == "misplaced-key") | .locations[0].physicalLocation.region |
    .startLine == 1 and .startColumn == 24' "$OUT"
check jq -e '[.runs[0].results[].locations[].physicalLocation.artifactLocation.uri] |
    index("services/with%20space.json") != null' "$OUT"

it "every rule that the source names is described"
cd "$TOP" || exit 1
cat src/*/*.c | tr -s '\n\t ' ' ' | grep -oE 'err_rule\([^;]*;|problem\("[a-z-]+", [^;]*;' | grep -oE '"[a-z]+(-[a-z]+)*"\)|problem\("[a-z-]+"|[?:] "[a-z]+(-[a-z]+)*"' |
    grep -oE '"[a-z-]+"' | tr -d '"' | sort -u >"$WORK/named"
sed -nE 's/^\t\{ "([a-z-]+)", ".*/\1/p' src/cmd/sarif.c >"$WORK/described"
check test "$(wc -l <"$WORK/named")" -ge 50
check test -z "$(comm -23 "$WORK/named" "$WORK/described")"
check cmp <(LC_ALL=C sort "$WORK/described") "$WORK/described"

it "an instance in order is said to be so, and its exit status is 0"
instance
node web1 192.0.2.1 '"services": ["static"], "tags": ["production"]'
must "$LEAP" cert update
pin web1
must git add -A
leap check
status_is 0
stdout_empty
stderr_is <<'EOT'
0 errors, 1 node checked
EOT
leap -q check
status_is 0
stderr_empty
leap check --json
status_is 0
check jq -e '. == { errors: 0, warnings: 0, nodes: 1, problems: [] }' "$OUT"

it "warnings alone are no failure, but with --strict they are"
instance
node web1 192.0.2.1
must "$LEAP" cert update
pin web1
leap check
status_is 0
stdout_is <<'EOT'
nodes/web1.json: warning: node web1 has no service and no tag [idle-node]
hint: give it "services", or say "enabled": false until it has some
EOT
stderr_is <<'EOT'
1 warning in 1 file, 1 node checked
EOT
leap check --strict
status_is 3
stderr_is <<'EOT'
leap: 1 warning in 1 file
EOT

it "where no private key is, as in a fresh clone, none is missed"
instance
node web1 192.0.2.1 '"services": ["static"], "tags": ["production"], "password": "= secret(\"web\")"'
must "$LEAP" cert update
pin web1
must git add -A
must git -c user.name=t -c user.email=t@example.org commit -q -m start
must git clone -q . "$WORK/clone"
cd "$WORK/clone" || exit 1
leap check
status_is 0
stdout_empty
check test ! -e secrets/default/web.age
rm -rf "$WORK/clone"

it "where the others are, a missing one is told"
instance
node web1 192.0.2.1 '"services": ["static"]'
must "$LEAP" cert update
pin web1
rm files/nodes/web1/web1.key.age
must "$LEAP" vault sign --yes
leap check
status_is 0
stdout_is <<'EOT'
files/nodes/web1/web1.crt: warning: the private key of node web1's certificate is missing [missing-key]
hint: a deploy makes one, and so does "leap cert update web1"
EOT

it "the filter chooses the nodes, not the files"
instance
node web1 192.0.2.1 '"services": ["static"], "size": "= nothing"'
node web2 192.0.2.2 '"services": ["static"], "size": "= nothing"'
put nodes/web3.json <<-'EOT'
	{ "ip_address" }
EOT
leap check web2
status_is 3
stdout_has 'nodes/web2.json:1:35: error: nothing is called "nothing" [unknown-name]'
stdout_has 'nodes/web3.json:1:'
stdout_lacks 'nodes/web1.json'
leap check web4
status_is 2
stderr_has 'web4'

it "a mistake in the Leapfile is a finding too"
instance
echo 'colour: red' | put Leapfile
leap check
status_is 3
stdout_has 'Leapfile:1:1: error: unknown key "colour" [leapfile]'
stderr_is <<'EOT'
leap: 1 error in 1 file
EOT
leap check --sarif
status_is 3
check jq -e '.runs[0].results[0] | .ruleId == "leapfile" and
    .locations[0].physicalLocation.artifactLocation.uri == "Leapfile"' "$OUT"

it "no instance at all is wrong usage"
mkdir -p "$WORK/nowhere"
cd "$WORK/nowhere" || exit 1
leap check
status_is 2
stdout_empty
stderr_has 'no Leapfile in'

it "one mistake in a shared layer is told once, with how many it hits"
instance
put common.json <<-'EOT'
	{
	  "size": "= nodes[name].nothing"
	}
EOT
node web1 192.0.2.1 '"services": ["static"]'
node web2 192.0.2.2 '"services": ["static"]'
node web3 192.0.2.3 '"services": ["static"]'
pin web1 web2 web3
leap check
status_is 3
head -n 4 "$OUT" >"$WORK/head"
mv "$WORK/head" "$OUT"
stdout_is <<'EOT'
common.json:2:11: error: node web1 has no property "nothing" [unknown-property]
      "size": "= nodes[name].nothing"
              ^
  and 2 more like it here
EOT

it "the pinned environment should have nodes"
instance
node web1 192.0.2.1 '"services": ["static"]'
echo 'environment: production' >>Leapfile
leap check
status_is 0
stdout_has 'Leapfile: warning: no node is in environment "production", which is pinned [empty-environment]'

it "ports of a service meet those of common.json, ranges meet numbers, tags meet nobody"
instance
put services/alt.json <<-'EOT'
	{ "firewall": { "alt": { "ports": [22], "protocol": "tcp", "from": ["*"] } } }
EOT
put services/range.json <<-'EOT'
	{ "firewall": { "range": { "ports": ["75-85"], "protocol": "tcp", "from": ["*"] } } }
EOT
put services/udp.json <<-'EOT'
	{ "firewall": { "udp": { "ports": [80], "protocol": "udp", "from": ["*"] } } }
EOT
put tags/wide.json <<-'EOT'
	{ "firewall": { "office": { "ports": [80], "protocol": "tcp", "from": ["192.0.2.0/24"] } } }
EOT
node web1 192.0.2.1 '"services": ["static", "alt"]'
node web2 192.0.2.2 '"services": ["static", "range"]'
node web3 192.0.2.3 '"services": ["static", "udp"], "tags": ["wide"]'
leap check
status_is 3
stdout_has 'nodes/web1.json:1:26: error: tcp port 22 of node web1 is wanted twice: by "ssh" of common.json and by "alt" of service alt [colliding-ports]'
stdout_has 'nodes/web2.json:1:26: error: tcp port 80 of node web2 is wanted twice: by "static" of service static and by "range" of service range [colliding-ports]'
stdout_lacks 'node web3 is wanted'
# Compile, too, refuses it.
leap compile
status_is 3
stderr_has 'tcp port 22 of node web1 is wanted twice'
check test ! -e compiled
