#!/bin/bash
# test/lab: going back: rollbacks, checks before files go live, failures, lock-outs, drift, marks.
# May know the command line, an instance's files, and what Debian has.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# probe CONTENT [LINES]: a service with one file, a daemon that tells what it read there, and LINES of the recipe after them.
probe() {
	put services/probe/service.json <<<'{}'
	put services/probe/recipe.lua <<-EOT
		local config = file("/etc/probe.conf", { content = "$1\n", check = "! grep -q wrong /etc/probe.conf" })
		local unit_file = file("/etc/systemd/system/probe.service", { content = [[
		[Service]
		ExecStart=/bin/sh -c 'cat /etc/probe.conf >/run/probe; exec sleep infinity'
		]] })
		unit("probe", { enabled = false, restart_on = { config, unit_file } })
		${2:-}
	EOT
}

# probe_is CONTENT: on disk and in the daemon.
probe_is() {
	check test "$(on web1 cat /etc/probe.conf)" = "$1"
	check poll 5 on web1 "test \"\$(cat /run/probe)\" = '$1'"
}

# sshd_says LINES: leap puts them into sshd's configuration.
sshd_says() {
	put services/door/service.json <<<'{}'
	put services/door/recipe.lua <<-EOT
		local config = file("/etc/ssh/sshd_config.d/door.conf", { content = [[
		$1
		]], check = "sshd -t" })
		unit("ssh", { reload_on = config })
	EOT
}

# goes_back SECONDS: the deploy before failed with status 4, said so, and the node can be reached again in time.
goes_back() {
	status_is 4
	cat "$OUT" "$ERR" >"$WORK/all"
	file_has "$WORK/all" "so the node goes back by itself to what it was before"
	check poll "$1" on web1 true
	check poll 10 on web1 "! test -e /var/lib/leap/confirm"
	check_not on web1 test -e /etc/systemd/system/leap-go-back.service
}

it "the first deploy is confirmed by a new login"
lab_needed
lab_instance
probe one
sshd_says "LogLevel INFO"
must "$LEAP" node add web1 --local services:probe,door
lab_boot
leap deploy --yes
status_is 0
probe_is one
check_not on web1 test -e /var/lib/leap/confirm
nothing_changes

it "a content that its check refuses never goes live, and the node is as before"
cd "$LAB" || exit 1
on web1 "sha256sum /etc/probe.conf; stat -c %i-%Y /etc/probe.conf" >"$WORK/before"
probe wrong 'exec("later", { command = "touch /run/later", on = config })'
leap deploy --yes
status_is 4
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" "the check before it goes live failed"
on web1 "sha256sum /etc/probe.conf; stat -c %i-%Y /etc/probe.conf" >"$WORK/after"
check cmp "$WORK/before" "$WORK/after"
check_not on web1 test -e /run/later
probe_is one

it "a step that fails takes the node back, its services too"
cd "$LAB" || exit 1
probe two 'exec("break", { command = "sleep 0.5; cat /run/probe >/run/saw; exit 3", on = config })'
leap deploy --yes
status_is 4
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" "the node is back at generation 1"
check test "$(on web1 cat /run/saw)" = two
probe_is one
probe one
nothing_changes

it "--keep leaves it as it is"
cd "$LAB" || exit 1
probe two 'exec("break", { command = "exit 3", on = config })'
leap deploy --yes --keep
status_is 4
stderr_has "the node is left as it is, because of --keep: what was done stays, and the next deploy goes on from there"
probe_is two
leap status
status_is 0
check grep -qE "web1 +exec:break +owed +run" "$OUT"
stdout_has "1 node with restarts, reloads or commands that are owed to changes before"
stdout_has "1 node where the last deploy was not finished"
check_not grep -q "in sync" "$OUT"
leap history web1
status_is 0
check grep -qE "^web1 +[0-9]+~ .*[0-9a-f]{12}\+ .*failed, unfinished" "$OUT"
check_not grep -q '\*' "$OUT"
probe three
leap deploy --yes
status_is 0
probe_is three

it "a rollback brings the former files and restarts, and history says so"
cd "$LAB" || exit 1
probe four
leap deploy --yes
status_is 0
probe_is four
leap rollback web1 --yes
status_is 0
probe_is three
leap rollback web1 1 --yes
status_is 0
probe_is one
leap history web1
status_is 0
stdout_has "rollback to 1"
check grep -qE "root@.*failed, back to 1" "$OUT"
check test "$(grep -c '\*' "$OUT")" -eq 1
leap rollback web1 99 --yes
status_is 4
stderr_has "there is no generation 99"
leap rollback web1 x --yes
status_is 2
leap deploy --yes
status_is 0
probe_is four

it "status tells drift from what is not deployed, and adopt brings a hand edit home"
cd "$LAB" || exit 1
mkdir -p files/etc
echo "from the instance" >files/etc/note
probe four 'file("/etc/note", { from = "etc/note" })'
leap status
status_is 0
stdout_has "file:/etc/note"
stdout_has undeployed
leap deploy --yes
status_is 0
leap status
status_is 0
check test "$(cat "$OUT")" = "1 node in sync"
must on web1 "echo by hand >/etc/note; chmod 600 /etc/probe.conf"
leap status
status_is 0
check grep -qE "web1 +file:/etc/note +drifted +update content" "$OUT"
check grep -qE "web1 +file:/etc/probe.conf +drifted +update mode 0600 -> 0644" "$OUT"
leap adopt web1 /etc/note --json
status_is 0
check test "$(jq -r '"\(.node) \(.path) \(.file) \(.mode) \(.owner) \(.group)"' "$OUT")" = \
    "web1 /etc/note files/etc/note 0644 root root"
check test "$(cat files/etc/note)" = "by hand"
leap adopt web1 /etc/probe.conf
status_is 2
stderr_has "hint: change the recipe, its template or the properties that it is made of; or keep the file, --to files/..., "
leap adopt web1 /etc/probe.conf --to files/probe.conf
status_is 0
stderr_has "no recipe takes /etc/probe.conf from there yet: until one does, the next deploy undoes the change on the node"
rm files/probe.conf
leap adopt web1 /etc/shadow --to files/shadow
status_is 4
check_not test -e files/shadow
leap deploy --yes
status_is 0
check test "$(on web1 cat /etc/note)" = "by hand"

it "what somebody did to the firewall, in the kernel and in its file, is said and kept"
cd "$LAB" || exit 1
must on web1 "nft add rule inet leap input tcp dport 4242 accept; echo '# by hand' >>/etc/leap/firewall.nft"
leap plan
status_is 0
stdout_has "  ! keep firewall:leap: somebody else changed /etc/leap/firewall.nft"
stdout_has "  ! keep firewall:leap: somebody else changed the kernel's rules"
leap deploy --yes
status_is 0
check_not on web1 "nft list table inet leap | grep 4242"
check test "$(on web1 'tail -qn 1 /var/lib/leap/kept/*/etc/leap/firewall.nft')" = "# by hand"
check on web1 "grep -q 'dport 4242 accept' /var/lib/leap/kept/*/var/lib/leap/kernel.nft"
check_not on web1 test -e /var/lib/leap/kernel.nft
nothing_changes
cp nodes/web1.json "$WORK/web1.json"
sed -i '0,/{/s//{ "firewall": { "probe": { "ports": [8081], "protocol": "tcp", "from": ["*"] } },/' nodes/web1.json
leap plan
status_is 0
stdout_has '+		tcp dport { 8081 } accept comment "probe"'
check_not grep -q "! keep" "$OUT"
cp "$WORK/web1.json" nodes/web1.json

it "a lock keeps everybody out until it is taken away"
cd "$LAB" || exit 1
leap lock web1
status_is 2
leap lock web1 --why "new disk"
status_is 0
probe five
leap deploy --yes
status_is 4
stderr_has "new disk"
stderr_has 'hint: "leap unlock web1" allows deploys again, whoever locked it'
leap rollback web1 --yes
status_is 4
leap unlock web1 --json
status_is 0
check test "$(jq -r '.[] | "\(.node) \(.result)"' "$OUT")" = "web1 ok"
leap deploy --yes
status_is 0
probe_is five

it "a deploy that hangs is told from one that works, and unlock --force ends it"
cd "$LAB" || exit 1
node_program='pgrep -f "^/var/lib/leap/bin/leap-nod[e]-[0-9a-f]* session"'
probe six 'exec("slow", { command = "touch /run/slow; sleep 60", on = config })'
"$LEAP" deploy --yes </dev/null >"$WORK/hangs" 2>&1 &
pid=$!
check poll 20 on web1 test -e /run/slow
must on web1 "touch -d '10 minutes ago' /var/lib/leap/lock"
check poll 15 on web1 "test -n \"\$(find /var/lib/leap/lock -mmin -1)\""
must on web1 "kill -STOP \$($node_program); touch -d '10 minutes ago' /var/lib/leap/lock"
leap unlock web1
status_is 0
check grep -qE "^web1 is still worked on, which unlock --force ends: root@.* \(pid [0-9]+\): a deploy of commit [0-9a-f]{10}; no sign of life for 10 min$" "$OUT"
leap deploy --yes --lock-wait 600
status_is 4
stderr_has "; no sign of life for 10 min"
stderr_has 'hint: "leap unlock --force web1" ends it; what it had begun is finished by the next deploy'
leap unlock --force web1
status_is 0
check grep -qE "^web1: ended, to be finished by the next deploy: root@" "$OUT"
check_not on web1 "$node_program"
check_not wait "$pid"
must on web1 "pkill -f 'sleep 6[0]'; rm /run/slow"
leap status
stdout_has "1 node where the last deploy was not finished"
leap unlock --force web1
status_is 0
check test "$(cat "$OUT")" = "web1 may be deployed to"
probe five
leap deploy --yes
status_is 0
probe_is five

it "a firewall that shuts the admin out goes back"
cd "$LAB" || exit 1
cp nodes/web1.json "$WORK/web1.json"
sed -i '0,/{/s//{ "firewall": { "ssh": { "from": ["192.0.2.1"] } },/' nodes/web1.json
leap deploy --yes --confirm 12
goes_back 40
cp "$WORK/web1.json" nodes/web1.json
nothing_changes
leap history web1
stdout_has "nobody confirmed the deploy before"

it "an sshd that lets nobody in goes back, though sshd -t finds nothing wrong"
cd "$LAB" || exit 1
sshd_says "AllowUsers nobody"
leap deploy --yes --confirm 8
goes_back 30
sshd_says "Port 2222"
leap deploy --yes --confirm 8
goes_back 30
sshd_says "NoSuchWord"
leap deploy --yes
status_is 4
stderr_has NoSuchWord
sshd_says "LogLevel INFO"
nothing_changes

it "a wrong key for the sysadmin goes back"
cd "$LAB" || exit 1
must ssh-keygen -q -t ed25519 -N '' -C other -f "$WORK/other"
key=$(echo users/*/*_ssh.pub)
cp "$key" "$WORK/key.pub"
cp "$WORK/other.pub" "$key"
leap deploy --yes --unsigned --confirm 8
goes_back 30
cp "$WORK/key.pub" "$key"
nothing_changes

it "a service that brings sshd's configuration for the first time is taken back, and sshd told so"
cd "$LAB" || exit 1
cp nodes/web1.json "$WORK/web1.json"
tr -d '\n' <"$WORK/web1.json" | sed 's/, *"door"//' >nodes/web1.json
leap deploy --yes
status_is 0
check_not on web1 test -e /etc/ssh/sshd_config.d/door.conf
cp "$WORK/web1.json" nodes/web1.json
sshd_says "AllowUsers nobody"
leap deploy --yes --confirm 8
goes_back 30
check_not on web1 test -e /etc/ssh/sshd_config.d/door.conf
sshd_says "LogLevel INFO"
leap deploy --yes
status_is 0

it "a deploy whose admin dies before confirming goes back"
cd "$LAB" || exit 1
sshd_says "LogLevel VERBOSE"
probe six 'exec("slow", { command = "touch /run/slow; sleep 2", on = config })'
"$LEAP" deploy --yes --confirm 6 </dev/null >"$OUT" 2>"$ERR" &
pid=$!
check poll 20 on web1 test -e /run/slow
kill -9 "$pid"
wait "$pid" 2>/dev/null
check on web1 test -e /var/lib/leap/confirm
check poll 30 on web1 "! test -e /var/lib/leap/confirm"
check test "$(on web1 head -n 1 /etc/ssh/sshd_config.d/door.conf)" = "LogLevel INFO"
probe_is five

it "so does one that nobody confirmed before the node was booted"
cd "$LAB" || exit 1
must on web1 rm -f /run/slow
"$LEAP" deploy --yes --confirm 600 </dev/null >"$OUT" 2>"$ERR" &
pid=$!
check poll 20 on web1 test -e /run/slow
kill -9 "$pid"
wait "$pid" 2>/dev/null
must "$LEAP" local stop
must "$LEAP" local start
check poll 30 on web1 "! test -e /var/lib/leap/confirm"
check test "$(on web1 head -n 1 /etc/ssh/sshd_config.d/door.conf)" = "LogLevel INFO"
probe_is five
leap deploy --yes
status_is 0
probe_is six
nothing_changes

it "the same sysadmin need not wait: coming in again is a confirmation"
cd "$LAB" || exit 1
must on web1 rm -f /run/slow
sshd_says "LogLevel INFO"
probe seven 'exec("slow", { command = "touch /run/slow; sleep 2", on = config })'
"$LEAP" deploy --yes --confirm 600 </dev/null >"$OUT" 2>"$ERR" &
pid=$!
check poll 20 on web1 test -e /run/slow
kill -9 "$pid"
wait "$pid" 2>/dev/null
leap deploy --yes --lock-wait 20
status_is 0
probe_is seven
check_not on web1 test -e /var/lib/leap/confirm
nothing_changes
