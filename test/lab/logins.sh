#!/bin/bash
# test/lab: ways into a node: a user with sudo, another node in between, IPv6; and nodes that stop in the middle.
# May know the command line, an instance's files, and what Debian has.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900

# shellcheck disable=SC2016 # programs in quotes are for the node
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# settled: a second plan of these nodes finds nothing to do.
settled() {
	leap plan --json "$@"
	status_is 0
	check test "$(jq '[.nodes[].changed] | add' "$OUT")" = 0
}

# not_root REASON HINT: a deploy to web1 fails and says why the user does not become root.
not_root() {
	leap deploy --yes web1
	status_is 4
	stderr_has "web1: deploy may log in, but not become root: $1"
	stderr_has "hint: $2"
	leap run true web1
	status_is 4
	stderr_has "web1: deploy may log in, but not become root: $1"
}

it "two nodes are deployed to"
lab_needed
lab_instance
must "$LEAP" node add web1 --local
must "$LEAP" node add web2 --local
sed -i 's/timeout: .*//' Leapfile
printf '\nssh:\n  timeout: 10\n' >>Leapfile
lab_boot
must "$LEAP" deploy --yes

it "a user other than root: what is wrong with sudo is said, with what to do"
cd "$LAB" || exit 1
must on web1 "useradd -m -s /bin/bash deploy && install -d -m 700 -o deploy /home/deploy/.ssh &&
    install -m 600 -o deploy /root/.ssh/authorized_keys /home/deploy/.ssh/"
cp nodes/web1.json "$WORK/web1.json"
sed -i '0,/{/s//{ "ssh": { "user": "deploy" },/' nodes/web1.json
must on web1 "mkdir /root/hide && for f in /usr/bin/sudo /bin/sudo; do [ ! -e \$f ] || mv \$f /root/hide/; done"
not_root "there is no sudo" "install it on the node: apt-get install sudo"
must on web1 "rm -rf /root/hide; apt-get -qq update && apt-get -qq install sudo"
not_root "sudo asks for a password" \
    "let it on the node without one: echo 'deploy ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/leap"
must on web1 "echo 'deploy ALL=(ALL) NOPASSWD: ALL
Defaults:deploy requiretty' >/etc/sudoers.d/leap"
not_root "sudo wants a terminal (requiretty)" \
    "let it on the node without one: echo 'Defaults:deploy !requiretty' >>/etc/sudoers.d/leap"

it "a user other than root deploys, also a new program and what is risky"
cd "$LAB" || exit 1
must on web1 "echo 'deploy ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/leap; rm -r /var/lib/leap/bin"
for transport in libssh2 ssh; do
	sed -i "/transport:/d; s/^ssh:/ssh:\n  transport: $transport/" Leapfile
	leap run 'id -un' web1
	status_is 0
	stdout_has "web1: root"
	sed -i "s/\"deploy\" }/\"deploy\" }, \"firewall\": { \"probe-$transport\": { \"ports\": [8081], \"protocol\": \"tcp\", \"from\": [\"*\"] } }/" nodes/web1.json
	leap deploy --yes web1 --timing
	status_is 0
	# ssh does not tell what its login took.
	check test "$(grep -cE '^web1 +- +- +- +[1-9]' "$OUT")" -eq "$([ "$transport" = ssh ] && echo 1 || echo 0)"
	settled web1
	sed -i 's/, "firewall": .*\["\*"\] } }//' nodes/web1.json
done
leap history web1 --json
check test "$(jq -r '.[0].generations[0].from' "$OUT")" = "$(on web1 'echo "${SSH_CONNECTION%% *}"')"

it "that user's own shell, groups and home go back when they shut it out"
cd "$LAB" || exit 1
mkdir -p services/probe
put services/probe/service.json <<<'{}'
sed -i 's/"services": \[\]/"services": ["probe"]/' nodes/web1.json
must on web1 "gpasswd -a deploy sudo && echo '%sudo ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/leap"
on web1 "getent passwd deploy; id deploy; stat -c '%a %U' /home/deploy" >"$WORK/before"
for mistake in 'user("deploy", { shell = "/usr/sbin/nologin" })' \
    'directory("/home/deploy", { owner = "deploy", group = "deploy", mode = "0777" })' \
    'exec("mistake", { command = "gpasswd -d deploy sudo", unless = "! id -nG deploy | grep -q sudo" })
     user("deploy", { comment = "no more" })'; do
	put services/probe/recipe.lua <<<"$mistake"
	leap deploy --yes web1 --confirm 6
	status_is 4
	cat "$OUT" "$ERR" >"$WORK/all"
	file_has "$WORK/all" "so the node goes back by itself to what it was before"
	check poll 30 on web1 "! test -e /var/lib/leap/confirm"
	[[ $mistake != exec* ]] || must on web1 "gpasswd -a deploy sudo"
	on web1 "getent passwd deploy; id deploy; stat -c '%a %U' /home/deploy" >"$WORK/after"
	check cmp "$WORK/before" "$WORK/after"
done
cp "$WORK/web1.json" nodes/web1.json
check poll 30 "$LEAP" deploy --yes web1

it "a node that lets nobody in but the node in front of it"
cd "$LAB" || exit 1
cp nodes/web2.json "$WORK/web2.json"
sed -i "0,/{/s//{ \"ssh\": { \"proxy_jump\": \"web1\" }, \"firewall\": { \"ssh\": { \"from\": [\"$(address web1)\"] } },/" nodes/web2.json
for transport in libssh2 ssh; do
	sed -i "/transport:/d; s/^ssh:/ssh:\n  transport: $transport/" Leapfile
	leap deploy --yes web2
	status_is 0
	check_not reaches web2 22
	leap run hostname web2
	status_is 0
	stdout_has "web2: web2"
	settled web2
done
check test "$("$LEAP" ssh web2 -- hostname </dev/null)" = web2
sed -i 's/"proxy_jump": "web1"/"proxy_jump": ""/' nodes/web2.json
leap run true web2
status_is 4
sed -i 's/"proxy_jump": ""/"proxy_jump": "web1"/; s/, "firewall": { "ssh": { "from": \[[^]]*\] } }//' nodes/web2.json
leap deploy --yes web2
status_is 0
check reaches web2 22
cp "$WORK/web2.json" nodes/web2.json

it "a node with an address of IPv6"
cd "$LAB" || exit 1
sed -i '/transport:/d' Leapfile
bridge=$(ip -o route get "$(address web1)" | sed 's/.* dev \([^ ]*\) .*/\1/')
must ip -6 address add fd37:5::1/64 dev "$bridge" nodad
must on web1 "sysctl -qw net.ipv6.conf.all.disable_ipv6=0
    ip -6 address add fd37:5::2/64 dev \$(ip -o -4 route show default | sed 's/.* dev \\([^ ]*\\).*/\\1/') nodad"
sed 's/"ip_address": "[^"]*"/"ip_address": "fd37:5::2"/' "$WORK/web1.json" >nodes/web1.json
for transport in libssh2 ssh; do
	sed -i "/transport:/d; s/^ssh:/ssh:\n  transport: $transport/" Leapfile
	leap deploy --yes web1
	status_is 0
	settled web1
done
for output in hosts ssh-config prometheus ansible; do
	leap compile "$output"
	status_is 0
	stdout_has "fd37:5::2"
done
must "$LEAP" compile ssh-config --write
check test "$(ssh -n -F compiled/ssh_config -i "$HOME/.ssh/id_ed25519" -o BatchMode=yes web1 hostname)" = web1
sed -i '0,/{/s//{ "hosts": { "probe": ["web1"] },/' nodes/web2.json
must "$LEAP" deploy --yes web2
check on web2 grep -q "fd37:5::2.*web1" /etc/hosts
cp "$WORK/web1.json" nodes/web1.json

it "a node that stops in the middle is given up after the timeout, and the next deploy goes on"
cd "$LAB" || exit 1
must "$LEAP" deploy --yes
sed -i 's/timeout: .*/timeout: 3/' Leapfile
mkdir -p services/probe
put services/probe/service.json <<<'{}'
sed -i 's/"services": \[\]/"services": ["probe"]/' nodes/web1.json
for transport in libssh2 ssh; do
	sed -i "/transport:/d; s/^ssh:/ssh:\n  transport: $transport/" Leapfile
	put services/probe/recipe.lua <<-EOT
		local f = file("/etc/probe", { content = "$transport\n" })
		exec("stop", { command = "touch /run/stopping-$transport; sleep 8", on = f })
	EOT
	"$LEAP" deploy --yes web1 </dev/null >"$OUT" 2>"$ERR" &
	pid=$!
	check poll 20 on web1 test -e "/run/stopping-$transport"
	SECONDS=0
	on web1 'for p in $(pgrep sshd); do [ -z "$(pgrep -P $p -f leap-nod[e])" ] || kill -STOP $p; done'
	wait "$pid"
	STATUS=$?
	status_is 4
	check test "$SECONDS" -lt 40
	check grep -qE 'web1: (the connection was lost: .* said nothing for|the connection to .* was lost: )' "$ERR"
	stderr_has "hint: what was begun is finished by the next leap deploy web1"
	on web1 "pkill -CONT sshd; pkill -KILL -f 'leap-nod[e].* session'" || :
	leap deploy --yes web1
	status_is 0
	check test "$(on web1 cat /etc/probe)" = "$transport"
done
