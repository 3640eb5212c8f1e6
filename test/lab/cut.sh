#!/bin/bash
# test/lab: a deploy that is cut, by a kill, by Ctrl-C, by another deploy.
# May know the command line, an instance's files, and what Debian has.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# The probe: a file, a slow step after it, and a service that says which version of the file it started with.
probe() {
	put services/probe/service.json <<<"{ \"probe\": { \"version\": \"$1\", \"slow\": ${2:-0} } }"
	put services/probe/recipe.lua <<-'EOT'
		local config = {}
		for i = 1, 20 do
			config[i] = file("/etc/probe" .. i .. ".conf", { content = probe.version .. "\n" .. string.rep("x", 20000) .. "\n" })
		end
		local unit_file = file("/etc/systemd/system/probe.service", { content = [[
		[Unit]
		StartLimitIntervalSec=0
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'head -n 1 /etc/probe1.conf >/run/probe-started'
		[Install]
		WantedBy=multi-user.target
		]] })
		if probe.slow > 0 then
			exec("slow", { command = "touch /run/probe-slow; sleep " .. probe.slow, on = config })
		end
		unit("probe.service", { restart_on = { config, unit_file } })
	EOT
}

settled() {
	local version=$1 i

	check test "$(on web1 cat /run/probe-started)" = "$version"
	for i in 1 2 10 20; do
		check test "$(on web1 "head -n 1 /etc/probe$i.conf")" = "$version"
		check test "$(on web1 "wc -c </etc/probe$i.conf")" -eq $((${#version} + 1 + 20001))
	done
	check test -z "$(on web1 "ls -A /etc | grep -E 'probe.*(tmp|new|leap|~)'")"
	nothing_changes
}

it "a deploy of a service of the instance's own works"
lab_needed
lab_instance
probe v0
must "$LEAP" node add web1 --local services:probe
lab_boot
leap deploy --yes
status_is 0
settled v0

it "kill -9 at any moment, then a deploy: the same end, nothing half written, restarts done"
cd "$LAB" || exit 1
round=0
for delay in 0.02 0.05 0.1 0.15 0.2 0.25 0.3 0.4 0.6 0.9; do
	round=$((round + 1))
	probe "v$round"
	"$LEAP" deploy --yes </dev/null >/dev/null 2>&1 &
	pid=$!
	sleep "$delay"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	leap deploy --yes
	status_is 0
	settled "v$round"
done

it "kill -9 of the program on the node, then a deploy: the same"
cd "$LAB" || exit 1
for delay in 0.3 0.5 1; do
	round=$((round + 1))
	probe "v$round" 1
	"$LEAP" deploy --yes </dev/null >"$OUT" 2>"$ERR" &
	pid=$!
	sleep "$delay"
	# shellcheck disable=SC2016
	on web1 'kill -9 $(pgrep -f "^/var/lib/leap/bin/leap-node" | head -n 1)' 2>/dev/null
	wait "$pid"
	leap deploy --yes
	status_is 0
	settled "v$round"
done

it "a node that loses its power in the middle comes to the same end"
cd "$LAB" || exit 1
round=$((round + 1))
probe "v$round" 3
"$LEAP" deploy --yes </dev/null >"$OUT" 2>"$ERR" &
pid=$!
poll 20 on web1 test -e /run/probe-slow
on web1 'kill -9 -1' 2>/dev/null
wait "$pid"
STATUS=$?
check test "$STATUS" -eq 4
must "$LEAP" local stop
must "$LEAP" local start
leap deploy --yes
status_is 0
settled "v$round"

it "Ctrl-C stops after the step it is in, says so, and the next deploy goes on"
cd "$LAB" || exit 1
round=$((round + 1))
probe "v$round" 4
on web1 rm -f /run/probe-slow
# A command in the background of a script ignores SIGINT unless somebody undoes that.
perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$LEAP" deploy --yes </dev/null >"$OUT" 2>"$ERR" &
pid=$!
check poll 20 on web1 test -e /run/probe-slow
kill -INT "$pid"
SECONDS=0
wait "$pid"
STATUS=$?
check test "$STATUS" -ne 0
check test "$SECONDS" -lt 15
cat "$OUT" "$ERR" >"$WORK/all"
check grep -qiE 'cancel|interrupt|stopped' "$WORK/all"
leap deploy --yes
status_is 0
settled "v$round"

it "two deploys at once: the second waits or says who holds the lock, and nothing is torn"
cd "$LAB" || exit 1
round=$((round + 1))
probe "v$round" 4
on web1 rm -f /run/probe-slow
"$LEAP" deploy --yes </dev/null >"$WORK/first" 2>&1 &
pid=$!
check poll 20 on web1 test -e /run/probe-slow
leap deploy --yes
if [ "$STATUS" -ne 0 ]; then
	status_is 4
	cat "$OUT" "$ERR" >"$WORK/all"
	check grep -qE 'web1.*(since|lock)' "$WORK/all"
fi
wait "$pid" || fail "the first deploy failed: $(cat "$WORK/first")"
settled "v$round"

it "a lock whose holder is gone holds nobody up"
cd "$LAB" || exit 1
leap deploy --yes
status_is 0
