#!/bin/bash
# test/cli: nodes behind others: ssh.proxy_jump, its mistakes, and what other programs are told of it.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck disable=SC2016 # programs in quotes are for other shells
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

port=$((20000 + RANDOM % 10000))
sshd_pid=''
cleanup() { [ -z "$sshd_pid" ] || kill "$sshd_pid"; }

# server: an sshd on 127.0.0.1 and ::1 that lets the instance's key in, all nodes at once.
server() {
	[ "$(id -u)" -eq 0 ] && [ -x /usr/sbin/sshd ] || return 1
	cat >"$WORK/sshd_config" <<-EOT
		Port $port
		ListenAddress 127.0.0.1
		ListenAddress 127.0.0.2
		ListenAddress 127.0.0.3
		ListenAddress ::1
		HostKey $WORK/host
		AuthorizedKeysFile $WORK/.key.pub
		StrictModes no
		PermitRootLogin yes
		UsePAM no
		PidFile none
	EOT
	mkdir -p /run/sshd
	/usr/sbin/sshd -D -f "$WORK/sshd_config" -E "$WORK/sshd.log" &
	sshd_pid=$!
	timeout 5 bash -c "until exec 3<>/dev/tcp/127.0.0.1/$port; do sleep 0.1; done" 2>/dev/null
}

# at NAME ADDRESS [JUMP]: a node of that sshd, with its pinned key.
at() {
	put "nodes/$1.json" <<<"{ \"ip_address\": \"$2\", \"ssh\": { \"port\": $port, \"proxy_jump\": \"${3-}\" } }"
	put "files/nodes/$1/$1_ssh.pub" <"$WORK/host.pub"
}

instance
must ssh-keygen -q -t ed25519 -N '' -C host -f "$WORK/host"

it "a node's commands run through its jump hosts, which may be nodes or strangers"
instance
if server; then
	at gw 127.0.0.1
	at inner 127.0.0.2 gw
	at web1 ::1 inner
	at web2 127.0.0.3 "root@[::1]:$port"
	put files/jump/::1_ssh.pub <"$WORK/host.pub"
	for transport in libssh2 ssh; do
		# shellcheck disable=SC2016
		put Leapfile <<<"ssh: { transport: $transport }"
		leap run 'echo "$0 is here"' web1 web2
		status_is 0
		stdout_has 'web1: /bin/sh is here'
		stdout_has 'web2: /bin/sh is here'
	done
	put Leapfile <<<"ssh: { key: $WORK/.key }"
	check test "$(grep -c 'Accepted publickey' "$WORK/sshd.log")" -eq 10
	"$LEAP" ssh web1 -- echo through </dev/null >"$OUT" 2>"$ERR"
	STATUS=$?
	status_is 0
	stdout_has through
	leap compile ssh-config --write
	status_is 0
	for name in web1 web2; do
		check ssh -n -F compiled/ssh_config -o BatchMode=yes "$name" true
	done
else
	skip "no sshd can be started here"
fi

it "the jump host's key is the pinned one for all of these programs"
instance
if [ -n "$sshd_pid" ]; then
	at gw 127.0.0.1
	at web1 127.0.0.2 gw
	must ssh-keygen -q -t ed25519 -N '' -C other -f "$WORK/other"
	put files/nodes/gw/gw_ssh.pub <"$WORK/other.pub"
	leap run true web1
	status_is 5
	stderr_has "web1: through gw: the host key at 127.0.0.1 port $port is not the pinned one"
	must "$LEAP" compile ssh-config --write
	ssh -n -F compiled/ssh_config -o BatchMode=yes web1 true 2>"$WORK/said"
	check test $? -eq 255
	file_has "$WORK/said" "Host key verification failed."
	"$LEAP" ssh web1 -- true </dev/null >"$OUT" 2>"$ERR"
	stderr_has "Host key verification failed."
	rm files/nodes/gw/gw_ssh.pub
	leap run true web1
	status_is 5
	stderr_has 'gw: its host key is not pinned'
	stderr_has 'hint: run: leap node init gw'
	leap compile ssh-config
	status_is 0
	stderr_has 'web1 is left out: gw: its host key is not pinned'
else
	skip "no sshd can be started here"
fi

it "node init pins a key through the jump host"
instance
if [ -n "$sshd_pid" ]; then
	at gw 127.0.0.1
	at web1 127.0.0.2 gw
	rm files/nodes/web1/web1_ssh.pub
	leap node init web1 --fingerprint "$(ssh-keygen -lf "$WORK/host.pub" | cut -d ' ' -f 2)"
	status_is 0
	check test "$(cut -d ' ' -f 1,2 files/nodes/web1/web1_ssh.pub)" = "$(cut -d ' ' -f 1,2 "$WORK/host.pub")"
else
	skip "no sshd can be started here"
fi

it "node init begins with those that others are reached through"
instance
if [ -n "$sshd_pid" ]; then
	at web1 127.0.0.2 zgw
	at zgw 127.0.0.1
	rm files/nodes/*/*_ssh.pub
	leap node init
	status_is 4
	stderr_has "leap: 2 of 2 nodes failed: zgw, web1"
	stderr_has "hint: run: leap node init zgw"
else
	skip "no sshd can be started here"
fi

# refused JSON STATUS TEXT...: a node with this ssh.proxy_jump cannot be reached.
refused() {
	local jump=$1 status=$2 text

	shift 2
	put nodes/web1.json <<<"{ \"ip_address\": \"192.0.2.1\", \"ssh\": { \"proxy_jump\": $jump } }"
	put files/nodes/web1/web1_ssh.pub <"$WORK/host.pub"
	leap run true web1
	status_is "$status"
	for text in "$@"; do
		stderr_has "$text"
	done
}

it "what is no way to a node is an error with its place"
instance
node gw 192.0.2.9 '"ssh": { "proxy_jump": "web1" }'
put files/nodes/gw/gw_ssh.pub <"$WORK/host.pub"
refused '"gw"' 3 'nodes/web1.json:1:53: web1: ssh.proxy_jump goes in a circle: web1 -> gw -> web1'
refused '"gate"' 3 'nodes/web1.json:1:53: web1: ssh.proxy_jump is neither a node nor an address: "gate"' \
    "hint: write a node's name, or user@192.0.2.1:22, or user@[2001:db8::1]:22"
for text in 192.0.2.1:0 192.0.2.1:65536 192.0.2.1:22x 192.0.2.1: -oProxyCommand=id@192.0.2.1 @192.0.2.1 '[::1' '[::1]x' a@b@192.0.2; do
	refused "\"$text\"" 3 "web1: ssh.proxy_jump is neither a node nor an address: \"$text\""
done
refused '"admin@192.0.2.7"' 5 'web1: the host key of its jump host 192.0.2.7 is not pinned' \
    "hint: put the host's /etc/ssh/ssh_host_ed25519_key.pub into files/jump/192.0.2.7_ssh.pub"
refused 5 3 'ssh.proxy_jump'
for i in 1 2 3 4 5 6 7 8 9; do
	node "n$i" "192.0.2.2$i" "\"ssh\": { \"proxy_jump\": \"n$((i + 1))\" }"
	put "files/nodes/n$i/n${i}_ssh.pub" <"$WORK/host.pub"
done
refused '"n1"' 3 'goes through too many hosts: web1 -> n1 -> n2 -> n3 -> n4 -> n5 -> n6 -> n7 -> n8'

it "a jump host for all nodes is itself reached directly"
instance
put common.json <<<'{ "ssh": { "proxy_jump": "gw" } }'
node gw 192.0.2.9
node web1 192.0.2.1
for name in gw web1; do
	put "files/nodes/$name/${name}_ssh.pub" <"$WORK/host.pub"
done
leap compile ssh-config
status_is 0
check test "$(grep -c ProxyCommand "$OUT")" -eq 1
leap compile ansible
status_is 0
check test "$(grep -c ProxyCommand "$OUT")" -eq 1
# What the words mean to a shell is ssh's command with its option.
eval "set -- $(sed -n '/ProxyCommand/ { s/^ *"ansible_ssh_common_args": //; s/,$//; p }' "$OUT" | python3 -c 'import json, sys; print(json.load(sys.stdin))')"
for word in "$@"; do
	case $word in
	-oProxyCommand=*) check test "$(eval "set -- ${word#-oProxyCommand=}"; echo "$1 ${*: -1}")" = "ssh 192.0.2.9" ;;
	esac
done
