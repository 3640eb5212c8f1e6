# shellcheck shell=bash
# test/lab: real nodes for the tests: `leap local` boots them, and they always go again.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#	. "$(dirname "$0")/lib.sh"
#	it "..."
#	lab_needed
#	lab_instance web1=static web2=static ns1=dns
#	lab_boot
#	leap deploy --yes

# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

LAB=$WORK/lab
declare -A ADDRESS=()
SSH_OPTIONS=()

# lab_needed: ends the file with a skip where no node can be booted.
lab_needed() {
	local program

	if [ "$(id -u)" -ne 0 ]; then
		skip "nodes need root"
		exit 0
	fi
	for program in systemd-nspawn mmdebstrap nft ip ssh; do
		if ! command -v "$program" >/dev/null; then
			skip "$program is not installed (tools/install-dependencies)"
			exit 0
		fi
	done
}

# lab_instance NAME=SERVICES...: an instance with local nodes and the test's own SSH key, and go there.
lab_instance() {
	local spec

	install -d -m 700 "$HOME/.ssh"
	[ -e "$HOME/.ssh/id_ed25519" ] || must ssh-keygen -q -t ed25519 -N '' -C lab -f "$HOME/.ssh/id_ed25519"
	must "$LEAP" new "$LAB" --domain example.org --name Example --contacts root@example.org
	cd "$LAB" || exit 1
	must "$LEAP" user add --self
	must "$LEAP" cert ca
	for spec in "$@"; do
		must "$LEAP" node add "${spec%%=*}" --local "services:${spec#*=}"
	done
}

# lab_boot: boot all nodes and pin their host keys.
lab_boot() {
	must "$LEAP" local start
	must "$LEAP" node init --yes-to-local
	lab_addresses
}

# lab_addresses: fill ADDRESS and the options for plain ssh with pinned keys.
lab_addresses() {
	local file name

	: >"$WORK/known_hosts"
	for file in nodes/*.json; do
		name=$(basename "$file" .json)
		ADDRESS[$name]=$(grep -oE '([0-9]+\.){3}[0-9]+' "$file" | head -n 1)
		[ -e "files/nodes/$name/${name}_ssh.pub" ] || continue
		sed "s/^/${ADDRESS[$name]} /" "files/nodes/$name/${name}_ssh.pub" >>"$WORK/known_hosts"
	done
	SSH_OPTIONS=(-F /dev/null -o BatchMode=yes -o ConnectTimeout=10 -o StrictHostKeyChecking=yes
	    -o "UserKnownHostsFile=$WORK/known_hosts" -o GlobalKnownHostsFile=/dev/null -i "$HOME/.ssh/id_ed25519")
}

address() { echo "${ADDRESS[$1]}"; }

# on NAME COMMAND [WORD...]: run it on the node, through plain ssh.  One word is a line for the node's
# shell; several are a program and its arguments.
on() {
	local name=$1 line=$2

	[ $# -le 2 ] || line=$(shift && printf '%q ' "$@")
	# shellcheck disable=SC2029
	ssh "${SSH_OPTIONS[@]}" "root@${ADDRESS[$name]}" "$line" </dev/null
}

# nothing_changes: one more deploy is done and changes nothing on any node.
nothing_changes() {
	leap deploy --yes --json
	status_is 0
	grep -oE '"changed": *[0-9]+' "$OUT" | sort -u | tr -d ' ' >"$WORK/.changed"
	[ "$(cat "$WORK/.changed")" = '"changed":0' ] || fail "something changed: $(cat "$OUT")"
}

# poll SECONDS COMMAND...: until it succeeds.
poll() {
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.2
	done
}

# reaches NAME PORT: whether a TCP connection from outside the node is taken.
reaches() {
	timeout 3 bash -c "exec 3<>/dev/tcp/${ADDRESS[$1]}/$2" 2>/dev/null
}

cleanup() {
	[ -e "$LAB/Leapfile" ] || return 0
	cd "$LAB" || return 0
	lab_restore
	"$LEAP" local rm --yes </dev/null >"$WORK/.rm" 2>&1 && return
	echo "not ok local rm leaves nodes behind: $(cat "$WORK/.rm")"
	failures=$((failures + 1))
}

# What a test changed on this machine beyond the nodes; a file may say more.
lab_restore() { :; }
