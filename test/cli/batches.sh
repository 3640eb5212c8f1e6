#!/bin/bash
# test: which nodes are deployed to together, and which again, told by what leap says when it reaches none of them.
# May know the layout of an instance, and of a plan.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# fleet MAX_DOWN: six nodes with a service, at ports where nothing listens.
fleet() {
	local number

	instance
	put services/probe/schema.json <<<"{ \"x-leap-max-down\": $1 }"
	put services/probe/service.json <<<'{}'
	put services/probe/recipe.lua <<<'file("/etc/probe", { content = "one\n" })'
	for number in 1 2 3 4 5 6; do
		node "n$number" "127.0.0.$number" '"services": ["probe"], "ssh": { "port": 1 }, "x509": { "use": false }'
		mkdir -p "files/nodes/n$number"
		cut -d ' ' -f 1,2 "$WORK/.key.pub" >"files/nodes/n$number/n${number}_ssh.pub"
	done
	must "$LEAP" cert update
	leap impact HEAD --json
	cp "$OUT" "$WORK/manifests"
}

# planned NODES [IDLE [FAILED]]: the plan in which something changes on the NODES, nothing on the IDLE, and others FAILED.
planned() {
	jq --arg commit "$(git rev-parse HEAD)" --arg nodes "$1" --arg idle "${2-}" --arg failed "${3-}" '
	    ([.nodes[] | { key: .node, value: .manifest_after }] | from_entries) as $manifests |
	    def some($names; $changed): $names | split(" ") | map({ key: ., value: { manifest: $manifests[.],
	        state: $manifests[.], changed: $changed, restarted: 0, generation: 1 } }) | from_entries;
	    { leap_plan: 2, commit: $commit, clean: false, rev: null, thorough: false, purge_packages: false,
	      nodes: (some($nodes; 1) + some($idle; 0)), failed: ($failed | split(" ")) }' "$WORK/manifests" >the.plan
}

# batches OPTION...: deploy the plan; the sizes of the batches that it went in, and how many it would have been then.
batches() {
	leap deploy the.plan "$@"
	status_is 4
	sed -nE 's/^batch [0-9]+ of ([0-9]+): ([0-9]+) nodes?$/\2 of \1/p' "$ERR" | tr '\n' ',' >"$WORK/batches"
}

it "one node always stays up, but where all may be down in so many words"
fleet 6
planned "n1 n2 n3 n4 n5 n6"
batches
check test "$(cat "$WORK/batches")" = "5 of 2,1 of 2,"
sed -i 's/6/"100%"/' services/probe/schema.json
batches
check test "$(cat "$WORK/batches")" = ""
put services/probe/schema.json <<<'{}'
batches
check test "$(cat "$WORK/batches")" = "5 of 2,1 of 2,"

it "each node that was not reached leaves fewer others that may be down"
fleet '"50%"'
planned "n1 n2 n3 n4 n5 n6"
batches
check test "$(cat "$WORK/batches")" = "3 of 2,1 of 4,1 of 4,1 of 4,"
sed -i 's/50%/70%/' services/probe/schema.json
batches --batch 1
check test "$(cat "$WORK/batches")" = "1 of 6,1 of 6,1 of 6,1 of 6,1 of 6,1 of 6,"

it "so does one that could not be planned"
cd "$WORK/i" || exit 1
planned "n1 n2 n3 n4 n5" "" n6
batches
check test "$(cat "$WORK/batches")" = "3 of 2,1 of 3,1 of 3,"
planned "n1 n2 n3 n4 n5" "" "gone since"
batches
check test "$(cat "$WORK/batches")" = "4 of 2,1 of 2,"

it "a part of the nodes is one of those on which something changes"
fleet '"100%"'
planned "n1 n2" "n3 n4 n5 n6"
batches --batch 50%
check test "$(cat "$WORK/batches")" = "5 of 2,1 of 2,"

it "a canary that is not reached stops all others"
cd "$WORK/i" || exit 1
planned "n1 n2 n3 n4 n5 n6"
batches --canary 2
check test "$(cat "$WORK/batches")" = "2 of 2,"
stderr_has "n3: not begun, because nodes before it failed"

it "numbers are read whole"
cd "$WORK/i" || exit 1
for words in '--batch 4294967297' '--batch 4294967346%' '--batch 0' '--batch 101%' '--batch 18446744073709551617'; do
	# shellcheck disable=SC2086
	leap deploy --yes $words
	status_is 2
	stderr_is <<<"leap: --batch wants a number of nodes or a part of them, 5 or 20%, not \"${words#* }\""
done
leap deploy --yes --parallel 0
status_is 2
stderr_is <<<'leap: --parallel wants a number from 1 to 1000, not "0"'

# remembered: the nodes that a deploy with --retry-failed would be for.
remembered() { jq -r '.[] | join(" ")' "$HOME/.local/state/leap/failed.json"; }

it "nodes where a deploy failed are remembered until they are done, or are no nodes any more"
rm -f "$HOME/.local/state/leap/failed.json"
fleet 6
leap deploy --yes n1 n2
status_is 4
check test "$(remembered)" = "n1 n2"
must "$LEAP" node rm n2 --yes
must git add -A ':!nodes/n3.json'
must git -c user.name=a -c user.email=a commit -qm "n3 is not there yet"
leap deploy --yes n3
check test "$(remembered)" = "n1 n3"
leap deploy --rev HEAD n4 --yes
check test "$(remembered)" = "n1 n3 n4"

it "so are those where it failed before the question, though none is asked then"
cd "$WORK/i" || exit 1
rm "$HOME/.local/state/leap/failed.json"
script -qec "$LEAP deploy n5 n6" /dev/null </dev/null >"$OUT" 2>&1
check test "$?" = 4
stdout_has "2 of 2 nodes failed: n5, n6"
check test "$(remembered)" = "n5 n6"

it "what is remembered must be legible before a node is touched"
cd "$WORK/i" || exit 1
echo '{ "/": 1 }' >"$HOME/.local/state/leap/failed.json"
leap deploy --yes
status_is 1
stderr_is <<-EOT
	leap: $HOME/.local/state/leap/failed.json: not an object of lists of nodes by the paths of instances
	hint: it says on which nodes a deploy failed; remove it to begin anew
EOT
rm "$HOME/.local/state/leap/failed.json"
