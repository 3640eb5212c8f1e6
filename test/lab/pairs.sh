#!/bin/bash
# test/lab: random pairs of states: a deploy does what its plan says, and a rollback undoes just that.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900
#
# LEAP_PAIRS=200 tries so many pairs, LEAP_SEED=N begins with that one, for a pair depends on nothing but its number;
# LEAP_LANES=N has so many nodes.

# shellcheck source=chance.sh
. "$(dirname "$0")/chance.sh"

PAIRS=${LEAP_PAIRS:-10}
SEED=${LEAP_SEED:-1}
LANES=${LEAP_LANES:-2}

# steps FILE: what a plan would do or a deploy did, in its order.  Where a thing was kept is known only afterwards.
steps() {
	jq -r '(if type == "object" then .nodes else . end)[0] | (.events[] | select(.action != "check") |
	    [.action, .resource, if .action == "keep" then "" else .detail // "" end] | join(" ")),
	    "\(.changed) changed, \(.restarted) restarted"' "$1"
}

# is_in WANT GOT TEXT: every line of WANT is in GOT.
is_in() {
	comm -23 "$1" "$2" >"$3.missing"
	[ -s "$3.missing" ] || return 0
	fail "pair $pair: $3"
	show missing "$3.missing"
	grep -F "$(sed 's/.* \([^ ]*\)$/\1/' "$3.missing" | head -n 3)" "$2" | head -n 10
}

same() {
	diff "$1" "$2" >"$3.diff" && return
	fail "pair $pair: $3"
	show "" "$3.diff"
}

deploys() {
	leap deploy "$@" --json
	[ "$STATUS" -eq 0 ] && return
	fail "pair $pair: leap deploy $* ends with $STATUS"
	jq -r '.[0].error // empty' "$OUT" 2>/dev/null
	show err "$ERR"
	return 1
}

# Nothing of ours is on the node, and nothing of theirs.
reset() {
	echo '{ "resources": [], "firewall": {} }' >nothing.json
	becomes "$1" nothing.json
	deploys --yes "$1"
	on "$1" "rm -rf /etc/chance /srv/chance /var/lib/leap/kept/*" || fail "pair $pair: $1 cannot be reached"
}

try_pair() {
	local node=$1 d=$WORK/$1.pair

	rm -rf "$d" && mkdir "$d"
	chance state "$pair.a" >"$d/a.json"
	chance state "$pair.b" >"$d/b.json"
	chance want "$d/a.json" | sort >"$d/a.want"
	chance want "$d/b.json" | sort >"$d/b.want"
	{ echo "mkdir -p /etc/chance /srv/chance"; chance foreign "$pair.0" "$d/a.json" "$d/b.json" both; } >"$d/foreign.sh"
	on "$node" "$(cat "$d/foreign.sh")"

	becomes "$node" "$d/a.json"
	deploys --yes "$node" || return
	{ chance foreign "$pair.1" "$d/b.json" "$d/a.json" mine; echo true; } >"$d/foreign.sh"
	on "$node" "$(cat "$d/foreign.sh")"
	look "$node" >"$d/before"
	is_in "$d/a.want" "$d/before" "$d/what shall be there is not there"

	if [ $((pair % 3)) -eq 0 ]; then
		{ chance drift "$pair.2" "$d/a.json"; echo true; } >"$d/drift.sh"
		on "$node" "$(cat "$d/drift.sh")"
	fi
	becomes "$node" "$d/b.json"
	leap plan --json -o "$d/plan" "$node"
	[ "$STATUS" -eq 0 ] || { fail "pair $pair: leap plan ends with $STATUS"; show err "$ERR"; return; }
	cp "$OUT" "$d/planned.json"
	if [ $((pair % 2)) -eq 0 ]; then
		deploys "$d/plan" || return
	else
		deploys --yes "$node" || return
	fi
	cp "$OUT" "$d/done.json"
	steps "$d/planned.json" >"$d/planned"
	steps "$d/done.json" >"$d/done"
	same "$d/planned" "$d/done" "$d/a deploy does something else than was planned"
	look "$node" >"$d/after"
	is_in "$d/b.want" "$d/after" "$d/what shall be there after the second is not there"
	leap plan --json "$node"
	steps "$OUT" >"$d/again"
	same "$d/again" <(echo "0 changed, 0 restarted") "$d/a second plan is not empty"

	leap rollback "$node" --yes
	[ "$STATUS" -eq 0 ] || { fail "pair $pair: rollback"; show err "$ERR"; return; }
	look "$node" >"$d/back"
	same "$d/before" "$d/back" "$d/a rollback leaves another state than was there before"
}

lane() {
	local pair

	for ((pair = SEED + ${1#n} - 1; pair < SEED + PAIRS; pair += LANES)); do
		try_pair "$1"
		reset "$1"
		[ "$wrong" -lt 5 ] || return
	done
}

it "a deploy does what its plan says, and a rollback undoes just that (LEAP_SEED=$SEED, $PAIRS pairs)"
lab_needed
chance_instance "$LANES"
lanes lane "$LANES"
