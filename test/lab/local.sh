#!/bin/bash
# test: local nodes: real systems that come and go without a trace.
# May know how `leap local` is called, and what the kernel shows of it.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 600
# runs alone

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

CACHE=/var/cache/leap/trixie-amd64
[ "$(uname -m)" = aarch64 ] && CACHE=/var/cache/leap/trixie-arm64
AWAY=$WORK/sshd

cleanup() {
	[ -e "$AWAY" ] && mv "$AWAY" "$CACHE/root/usr/sbin/sshd"
	for dir in "$WORK/one" "$WORK/two"; do
		[ -d "$dir" ] && (cd "$dir" && "$LEAP" local rm --yes >/dev/null 2>&1)
	done
}

if [ "$(id -u)" -ne 0 ]; then
	it "local nodes"
	skip "needs root"
	exit 0
fi

# traces: everything of local nodes that the kernel has, whatever instance it belongs to.
traces() {
	ip -o link | grep -oE ' (leap[0-9a-f]{8}|lv[0-9a-f]{12})[@:]'
	nft list tables | grep -E ' leap-[0-9a-f]{8}$'
	grep -E ' /[^ ]*leap-local' /proc/*/mountinfo 2>/dev/null
	grep -hoE '/leap-[0-9a-f]{8}/.*' /proc/[0-9]*/cgroup 2>/dev/null
	lsns -nt net -o COMMAND 2>/dev/null | grep -E 'leap-local|systemd-nspawn'
	sysctl net.ipv4.conf 2>/dev/null | grep '\.forwarding = 1'
	ls -d /run/leap-local /sys/fs/cgroup/leap-* /sys/fs/cgroup/unified/leap-* 2>/dev/null
}

address() {
	"$LEAP" local ls | awk -v node="$1" '$1 == node { print $2 }'
}

on() {
	local to=$1

	shift
	ssh -F /dev/null -i "$WORK/.key" -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR \
	    -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5 "root@$(address "$to")" "$@" </dev/null
}

# until_holds COMMAND...: within ten seconds.
until_holds() {
	for _ in $(seq 100); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	fail "does not come true: $*"
}

reaches() {
	on "$1" "timeout 5 bash -c '</dev/tcp/$2/$3'" 2>/dev/null
}

state_is() {
	[ "$("$LEAP" local ls | awk -v node="$1" '$1 == node { print $3 }')" = "$2" ] || fail "$1 is not $2"
}

must_be_clean=$(traces)
instance
mv "$WORK/i" "$WORK/one"
cd "$WORK/one" || exit 1
must "$LEAP" node add a --local
must "$LEAP" node add b --local

it "start without a sysadmin's key is refused"
cp -a "$WORK/one" "$WORK/nobody"
cd "$WORK/nobody" || exit 1
rm -r users/alice
leap local start
status_is 3
stderr_has 'hint: leap user add --self'

it "start boots real systems, which sysadmins can log in to"
cd "$WORK/one" || exit 1
leap local start
status_is 0
stderr_has 'a: up at '
stderr_has 'b: up at '
state_is a running
state_is b running
check test "$(on a cat /proc/1/comm)" = systemd
check test "$(on a hostname)" = a
check test "$(on b systemctl is-system-running --wait)" = running

it "a node's host key and machine id are its own"
cd "$WORK/one" || exit 1
check test -z "$(ls "$CACHE"/root/etc/ssh/ssh_host_* 2>/dev/null)"
check test "$(on a cat /etc/ssh/ssh_host_ed25519_key.pub)" != "$(on b cat /etc/ssh/ssh_host_ed25519_key.pub)"
check test "$(on a cat /etc/machine-id)" != "$(on b cat /etc/machine-id)"

it "nodes reach each other and Debian's mirror, and may set up a firewall"
cd "$WORK/one" || exit 1
check reaches a "$(address b)" 22
check reaches a deb.debian.org 80
check on a "apt-get install -y --no-install-recommends nftables >/dev/null 2>&1 && nft add table inet mine"

it "start leaves nodes that run alone"
cd "$WORK/one" || exit 1
before=$(on a cat /proc/sys/kernel/random/boot_id)
leap local start
status_is 0
stderr_has 'a: runs already, at '
check test "$(on a cat /proc/sys/kernel/random/boot_id)" = "$before"

it "ls reports as JSON too"
cd "$WORK/one" || exit 1
leap local ls --json
status_is 0
stdout_has '"state": "running"'

it "a node that reboots comes back"
cd "$WORK/one" || exit 1
before=$(on a cat /proc/sys/kernel/random/boot_id)
on a systemctl reboot 2>/dev/null
rebooted() { after=$(on a cat /proc/sys/kernel/random/boot_id) && [ "$after" != "$before" ]; }
until_holds rebooted

it "a second instance has nodes of the same names, and the two do not see each other"
must "$LEAP" new "$WORK/two" --domain example.net --name Two --contacts root@example.net
cd "$WORK/two" || exit 1
must "$LEAP" user add alice --ssh-pub-key "$WORK/.key.pub"
must "$LEAP" node add a --local
leap local start
status_is 0
check test "$(on a hostname)" = a
other=$(cd "$WORK/one" && address a)
check test "$(address a)" != "$other"
check_not reaches a "$other" 22

it "stop of one instance leaves the other alone"
cd "$WORK/one" || exit 1
leap local stop a
status_is 0
state_is a stopped
state_is b running
leap local stop
status_is 0
cd "$WORK/two" || exit 1
state_is a running
check reaches a deb.debian.org 80

it "a network that is in use is refused with a free one to take"
cp -a "$WORK/two" "$WORK/three"
cd "$WORK/three" || exit 1
leap local start
status_is 3
stderr_has 'is in use on this machine: interface leap'
stderr_has 'change local.network in the Leapfile'

it "a damaged root is noticed, and not replaced under nodes that run"
cd "$WORK/one" || exit 1
mv "$CACHE/root/usr/sbin/sshd" "$AWAY"
leap local start
status_is 1
stderr_has "$CACHE cannot be used (usr/sbin/sshd is missing)"
stderr_has 'hint: leap local stop'
mv "$AWAY" "$CACHE/root/usr/sbin/sshd"

it "rm asks, and takes nothing without an answer"
cd "$WORK/two" || exit 1
leap local rm
check test "$STATUS" -ne 0
state_is a running

it "disks survive stop and start"
cd "$WORK/two" || exit 1
must on a "echo mark >/srv/mark"
leap local stop
status_is 0
leap local start
status_is 0
check test "$(on a cat /srv/mark)" = mark

it "what was killed is cleaned up by stop, and starts again"
cd "$WORK/two" || exit 1
id=$(grep -lx "$PWD" /var/lib/leap-local/*/instance | cut -d/ -f5)
check test -n "$id"
grep -l "/leap-$id/" /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3 | xargs kill -9
dead() { "$LEAP" local ls | grep -q stopped; }
until_holds dead
leap local stop
status_is 0
leap local stop
status_is 0
leap local start
status_is 0
check test "$(on a cat /srv/mark)" = mark

it "what is about to end when it is to start, starts again"
cd "$WORK/two" || exit 1
init_of() { pgrep -P "$(pgrep -f "^systemd-nspawn .*--directory=/var/lib/leap-local/$id/nodes/a/root ")"; }
deaf() { ! timeout 1 bash -c "</dev/tcp/$(address a)/22"; }
for _ in 1 2 3; do
	kill -9 "$(init_of)"
	until_holds deaf
	leap local start
	status_is 0
	check test "$(on a cat /srv/mark)" = mark
done

it "only root can start and stop, and is told so"
chmod 0755 "$WORK"
cd "$WORK/two" || exit 1
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
if "${nobody[@]}" cat "$TOP/platform/common.json" >/dev/null 2>&1; then
	"${nobody[@]}" "$LEAP" local stop >"$OUT" 2>"$ERR"
	STATUS=$?
	status_is 1
	stderr_has 'hint: put sudo before the same command'
else
	skip "others than root cannot read $TOP"
fi

it "missing programs are named with the packages that have them"
cd "$WORK/two" || exit 1
mkdir -p "$WORK/path/usr/sbin"
ln -s "$(command -v ip)" "$(command -v ssh-keygen)" "$WORK/path/usr/sbin/"
env PATH="$WORK/path/usr/sbin" "$LEAP" local start >"$OUT" 2>"$ERR"
STATUS=$?
status_is 1
stderr_has 'not installed: systemd-nspawn, nft, mmdebstrap'
stderr_has 'hint: apt-get install systemd-container nftables mmdebstrap'

it "rm takes the disks, and nothing of any node is left"
for dir in one two; do
	cd "$WORK/$dir" || exit 1
	leap local rm --yes
	status_is 0
	state_is a new
done
settled() { traces >"$WORK/.traces"; [ "$(cat "$WORK/.traces")" = "$must_be_clean" ]; }
until_holds settled
check_not grep -rqs "$WORK" /var/lib/leap-local/*/instance
