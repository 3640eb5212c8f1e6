#!/bin/bash
# test: plans in files as leap deploy reads them: which words mean one, and what is no plan or not one of this instance.
# May know the layout of an instance, and of a plan.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# plan NODES [COMMIT]: what leap plan -o writes, of these nodes.
plan() {
	cat <<-EOT
		{ "leap_plan": 2, "clean": true, "commit": "${2-$(git rev-parse HEAD)}", "failed": [], "rev": null,
		  "thorough": false, "purge_packages": false, "nodes": { $1 } }
	EOT
}

# planned NAME: one of them, of a manifest that no node has.
planned() {
	local hash

	hash=$(printf '%064d' 1)
	echo "\"$1\": { \"manifest\": \"$hash\", \"state\": \"$hash\", \"changed\": 1, \"restarted\": 0, \"generation\": 1 }"
}

# an_instance: two nodes that are nowhere, with a service.
an_instance() {
	instance
	leap node add web1 ip_address:192.0.2.1 services:static
	leap node add web2 ip_address:192.0.2.2 services:static
	must ssh-keygen -q -t ed25519 -N '' -f "$WORK/host"
	for name in web1 web2; do
		cut -d ' ' -f 1,2 "$WORK/host.pub" >"files/nodes/$name/${name}_ssh.pub"
	done
}

it "takes the nodes of a plan by their names, and by nothing else"
an_instance
for key in /^web/ web1.example.org -web1 !web1 +web1 ssh.port=22; do
	plan "$(planned web1), $(planned "$key")" >"$WORK/it"
	leap deploy "$WORK/it"
	status_is 2
	stderr_is <<-EOT
		leap: $WORK/it is a plan that somebody changed
		hint: plan anew
	EOT
done
plan "" >"$WORK/it"
leap deploy "$WORK/it"
status_is 2
stderr_has "is a plan that somebody changed"
for key in static web9 default; do
	plan "$(planned web1), $(planned "$key")" >"$WORK/it"
	leap deploy "$WORK/it"
	status_is 2
	stderr_is <<-EOT
		leap: the plan has a node "$key", and this instance has none
		hint: plan anew
	EOT
done

it "does a plan to its own nodes only, and only as they were planned"
plan "$(planned web1)" >"$WORK/i/it.plan"
cd "$WORK/i" || exit 1
leap deploy it.plan --json
status_is 4
check test "$(jq -r '.[] | "\(.node) \(.result)"' "$OUT")" = "web1 moved"
stderr_has "web1: what would be deployed is not what was planned; nothing was changed"

it "refuses the plan of another repository"
cd "$WORK/i" || exit 1
plan "$(planned web1)" "$(printf '%040d' 1)" >"$WORK/it"
leap deploy "$WORK/it"
status_is 2
stderr_is <<-EOT
	leap: $WORK/it was planned at commit 000000000000, which this repository does not have
	hint: fetch it, or go to the instance that was planned
EOT
for commit in HEAD "$(git rev-parse --short HEAD)" main; do
	plan "$(planned web1)" "$commit" >"$WORK/it"
	leap deploy "$WORK/it"
	stderr_has "is a plan that somebody changed"
done
plan "$(planned web1)" | sed 's/"rev": null/"rev": "HEAD~1"/' >"$WORK/it"
leap deploy "$WORK/it"
stderr_has "is a plan that somebody changed"

it "tells a path from a word for nodes, whether it leads anywhere or not"
cd "$WORK/i" || exit 1
for path in nofile.plan ./nofile plans/of/monday /no/such/file; do
	leap deploy "$path"
	status_is 2
	stderr_is <<-EOT
		leap: $path: there is no such plan
		hint: leap plan -o FILE writes one
	EOT
	leap deploy web1 "$path"
	status_is 2
	stderr_is <<-EOT
		leap: "$path" is a file with a plan, and no other words go with one
		hint: it is about the nodes that were planned
	EOT
done
for sign in "" "!" "+" "-"; do
	leap deploy "$sign/web"
	stderr_has 'leap: a regular expression without an end: "/web"'
done
for words in /we/b/ '-/we/b/ web1' '!/^web/ !web1' 'path=/some/where' 'file=the.plan'; do
	# shellcheck disable=SC2086
	leap deploy $words
	check_not grep -q 'a plan\|such plan' "$ERR"
done

it "says of a file that is no plan, or not a whole one, that it is"
cd "$WORK/i" || exit 1
plan "$(planned web1)" | head -c 150 >tuesday
leap deploy tuesday
status_is 2
stderr_has "leap: tuesday is no plan, or not a whole one"
leap deploy provider.json
status_is 2
stderr_has "leap: provider.json is no plan"
plan "$(planned web1)" | sed 's/"leap_plan": 2/"leap_plan": 1/' >tuesday
leap deploy tuesday
status_is 2
stderr_has "leap: tuesday is a plan of another version of leap"
