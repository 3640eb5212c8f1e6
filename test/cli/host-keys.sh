#!/bin/bash
# test: pinned host keys, the SSH CA, OpenPGP keys of sysadmins: what becomes of their files.
# May know how `leap` is called and an instance is laid out.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# pin NODE: a host key for it, which ssh-keygen makes.
pin() {
	mkdir -p "files/nodes/$1"
	must ssh-keygen -q -t ed25519 -N '' -C '' -f "$WORK/host-$1"
	cut -d' ' -f1,2 "$WORK/host-$1.pub" >"files/nodes/$1/$1_ssh.pub"
}

# key NODE: its key.
key() { cat "files/nodes/$1/$1_ssh.pub"; }

fleet() {
	rm -rf i "$WORK"/host-*
	must "$LEAP" new i --domain example.org --name Example --contacts root@example.org
	cd i || exit 1
	[ -e "$HOME/.ssh/id_ed25519" ] || { install -d -m 700 "$HOME/.ssh" && ssh-keygen -q -t ed25519 -N '' -f "$HOME/.ssh/id_ed25519"; }
	must "$LEAP" user add --self
	cat >nodes/web1.json <<-'EOT'
		{ "ip_address": "192.0.2.1", "tags": ["production"], "known": "= known_hosts()", "pins": "= host_pins()" }
	EOT
	cat >nodes/web2.json <<-'EOT'
		{ "ip_address": "192.0.2.2", "tags": ["production"], "ssh": { "port": 2222 } }
	EOT
	cat >nodes/dev1.json <<-'EOT'
		{ "ip_address": "192.0.2.3", "tags": ["development"] }
	EOT
	for name in web1 web2 dev1; do pin $name; done
}

# known: what web1 has in ssh_known_hosts.
known() { "$LEAP" why web1 known --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["value"], end="")'; }

it "a node knows the nodes of its environment, by their names and ports"
fleet
known >"$OUT"
stdout_is <<-EOT
	web1,web1.example.org,web1.example.i,192.0.2.1 $(key web1)
	[web2]:2222,[web2.example.org]:2222,[web2.example.i]:2222,[192.0.2.2]:2222 $(key web2)
EOT

it "the CA and what is revoked count for all of them; a broken pin is nobody's but its own"
fleet
leap cert ca --ssh --rotate
status_is 2
stderr_has 'there is no SSH CA to replace'
leap cert ca --ssh --client
status_is 2
leap cert ca --ssh
status_is 0
check test -e files/ca/ssh_ca.key.age
check_not grep -rqF "PRIVATE KEY" files/ca
echo "$(key dev1) dev1" >files/ca/ssh_revoked.pub
echo broken >files/nodes/web2/web2_ssh.pub
known >"$OUT"
stdout_is <<-EOT
	@cert-authority * $(cat files/ca/ssh_ca.pub)
	@revoked * $(key dev1)
	web1,web1.example.org,web1.example.i,192.0.2.1 $(key web1)
EOT

it "compiling makes host certificates where they are due, and never otherwise"
fleet
must "$LEAP" cert ca
must "$LEAP" cert ca --ssh
leap compile
status_is 0
stderr_has 'web1: made an SSH host certificate: there was none'
ssh-keygen -Lf files/nodes/web1/web1_ssh-cert.pub >"$OUT"
stdout_has 'host certificate'
stdout_has 'Key ID: "web1"'
sed -n '/Principals/,/Critical/p' "$OUT" >"$WORK/said"
check test "$(grep -c 'web1\|192.0.2.1' "$WORK/said")" = 4
cp files/nodes/web1/web1_ssh-cert.pub "$WORK/cert"
leap compile
status_is 0
stderr_lacks 'SSH host certificate'
check cmp files/nodes/web1/web1_ssh-cert.pub "$WORK/cert"
leap cert ls
status_is 0
check test "$(awk '$2 == "SSH" && $1 == "web1" { print $3, $6, $7 }' "$OUT")" = "host good ssh-ed25519"
check test "$(awk '$1 == "ssh_ca" { print $2, $3, $4, $5, $6, $7 }' "$OUT")" = "SSH CA - - good ssh-ed25519"
leap cert ls --json --within 400
status_is 1
stderr_has "web1 (SSH host)"
check test "$(jq -r '.[] | select(.path | endswith("web1_ssh-cert.pub")) | .sha256' "$OUT")" = \
    "$(ssh-keygen -lf files/nodes/web1/web1_ssh.pub | cut -d ' ' -f 2)"
check test "$(jq -r '.[] | select(.name == "ssh_ca") | .state + (.ends // "")' "$OUT")" = good
leap cert show web1
stdout_has "file: files/nodes/web1/web1.crt"
leap check
stdout_lacks host-certificate
rm "$WORK/host-web1" "$WORK/host-web1.pub"
pin web1
leap check
stdout_has 'files/nodes/web1/web1_ssh-cert.pub: warning: the SSH host certificate of node web1 is of another key [stale-host-certificate]'
leap compile
status_is 0
stderr_has 'web1: made an SSH host certificate: the old one is of another key'
stderr_lacks 'web2: made'
leap cert ca --ssh --rotate
status_is 0
leap compile
stderr_has 'web2: made an SSH host certificate: the old one is from another CA'

it "ssh's configuration trusts the CA for each node's own name"
fleet
must "$LEAP" cert ca --ssh
leap compile ssh-config web1
status_is 0
stdout_has "    KnownHostsCommand /usr/bin/printf \"%%s\\n\" \"web1 $(key web1)\" \"@cert-authority web1 $(cat files/ca/ssh_ca.pub)\""
stdout_has '    HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com,'
ssh -F "$OUT" -G web1 >"$WORK/said" 2>&1
check grep -q '^knownhostscommand /usr/bin/printf "%%s\\n" "web1 ' "$WORK/said"

it "a sysadmin's OpenPGP key has a fingerprint"
fleet
user=$(basename users/*)
cp "$TOP/test/fuzz/corpus/openpgp/v6" "users/$user/${user}_pgp.pub"
leap user ls
status_is 0
stdout_has 'openpgp'
stdout_has 'CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9'
cat >nodes/web2.json <<-EOT
	{ "ip_address": "192.0.2.2", "to": "= pgp_fingerprint('$user')" }
EOT
leap why web2 to --json
stdout_has '"CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9"'
rm "users/$user/${user}_pgp.pub"
leap compile
status_is 3
stderr_has "user \"$user\" has no OpenPGP key"
