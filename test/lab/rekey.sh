#!/bin/bash
# test/lab: leap node rekey: another host key, and nobody who trusts what is pinned is ever turned away.
# May know the command line, an instance's files and OpenSSH.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 600
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

PINS=files/nodes/web1/web1_ssh.pub

# pinned: known_hosts with the keys that are pinned now, as a colleague with the newest commit has them.
pinned() {
	sed "s/^/$(address web1) /" "$LAB/$PINS"
}

# One login after another with what is pinned, in the background; each that fails is a line of $WORK/refused.
logins() {
	local count=0

	while [ ! -e "$WORK/enough" ]; do
		pinned >"$WORK/known.now"
		if ! ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=10 -o StrictHostKeyChecking=yes \
		    -o "UserKnownHostsFile=$WORK/known.now" -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no \
		    -i "$HOME/.ssh/id_ed25519" "root@$(address web1)" true 2>"$WORK/refusal" </dev/null; then
			cat "$WORK/refusal" >>"$WORK/refused"
		fi
		count=$((count + 1))
		echo "$count" >"$WORK/logins"
	done
}

# shown: the Ed25519 key that the node shows.
shown() { ssh-keyscan -t ed25519 "$(address web1)" 2>/dev/null | sed '/^#/d' | cut -d' ' -f2,3; }

it "nodes of an environment know each other's keys"
lab_needed
lab_instance web1=static web2=static
lab_boot
lab=$LAB
leap deploy --yes
status_is 0
on web2 cat /etc/ssh/ssh_known_hosts >"$WORK/known"
check grep -q "^web1,web1.example.org,web1.example.i,$(address web1) $(cut -d' ' -f1,2 $PINS)$" "$WORK/known"
check grep -q "^web2,.*$(cut -d' ' -f2 files/nodes/web2/web2_ssh.pub)$" "$WORK/known"
on web2 "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519; cat /root/.ssh/id_ed25519.pub" >"$WORK/web2.pub"
on web1 "printf '%s\n' '$(cat "$WORK/web2.pub")' >/root/.ssh/authorized_keys2"
check on web2 "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes $(address web1) true"
nothing_changes

it "people's own ssh trusts the CA, and no key that is revoked"
cd "$lab" || exit 1
leap cert ca --ssh
status_is 0
check test "$(cat "$OUT")" = "files/ca/ssh_ca.pub: ssh-ed25519 $(ssh-keygen -lf files/ca/ssh_ca.pub | cut -d' ' -f2)"
leap cert ca --ssh
status_is 2
stderr_is <<-'EOT'
	leap: there is an SSH CA already: files/ca/ssh_ca.pub
	hint: "leap cert ca --ssh --rotate" replaces it
EOT
leap plan
status_is 0
stderr_has "web1: a deploy makes a new SSH host certificate: there is none"
check_not test -e files/nodes/web1/web1_ssh-cert.pub
leap deploy --yes
status_is 0
stderr_has "web1: made an SSH host certificate: there was none"
leap plan
stderr_lacks "SSH host certificate"
leap compile ssh-config
status_is 0
cp "$OUT" "$WORK/ssh_config"
check ssh -F "$WORK/ssh_config" -i "$HOME/.ssh/id_ed25519" -o BatchMode=yes web1.example.org true
ssh -v -F "$WORK/ssh_config" -i "$HOME/.ssh/id_ed25519" -o BatchMode=yes web1 true 2>"$WORK/said"
check grep -q "Server host certificate: ssh-ed25519-cert-v01@openssh.com" "$WORK/said"
# The CA alone will do, for whoever has never heard of the key; not for another name, nor when the key is revoked.
echo "@cert-authority * $(cat files/ca/ssh_ca.pub)" >"$WORK/ca_only"
# asks ALIAS [OPTION...]: log in to web1 under another name, with nothing but the CA.
asks() {
	local alias=$1

	shift
	ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o "UserKnownHostsFile=$WORK/ca_only" \
	    -o GlobalKnownHostsFile=/dev/null -o "HostKeyAlias=$alias" -i "$HOME/.ssh/id_ed25519" "$@" \
	    "root@$(address web1)" true 2>"$WORK/said" </dev/null
}
check asks web1
check asks web1.example.org
check asks "$(address web1)"
asks web2
check test $? = 255
check grep -q 'Certificate invalid: name is not a listed principal' "$WORK/said"
on web1 ssh-keygen -Lf /etc/ssh/ssh_host_ed25519_key-cert.pub >"$WORK/cert"
check grep -q 'Key ID: "web1"' "$WORK/cert"
nothing_changes

it "a key is replaced in three steps, and no login fails"
cd "$lab" || exit 1
old=$(cut -d' ' -f1,2 $PINS)
check_not test -e "$WORK/enough"
: >"$WORK/refused"
logins &
loop=$!
leap node rekey web1
status_is 0
stdout_has 'web1: pinned a new key beside the old one: ssh-ed25519 SHA256:'
check test "$(head -n 1 $PINS)" = "$old"
check test "$(wc -l <$PINS)" = 2
new=$(sed -n '2s/ [^ ]*$//p' $PINS)
check test "$(sed -n '2s/.* //p' $PINS)" = /etc/ssh/leap_host_ed25519_key_1
check test "$(on web1 stat -c %a /etc/ssh/leap_host_ed25519_key_1)" = 600

leap node rekey web1
status_is 1
stderr_is <<-'EOT'
	leap: web1: its server does not have the new key yet
	hint: leap deploy web1
EOT
leap deploy --yes
status_is 0
check test "$(shown)" = "$old"
check on web2 "grep -qF '$new' /etc/ssh/ssh_known_hosts"

leap node rekey web1
status_is 0
stdout_is <<-'EOT'
	web1: the new key comes first
EOT
check test "$(sed -n '1s/ [^ ]*$//p' $PINS)" = "$new"
leap node rekey web1
status_is 1
stderr_is <<-'EOT'
	leap: web1: its server does not use the new key yet
	hint: leap deploy web1
EOT
leap deploy --yes
status_is 0
check test "$(shown)" = "$new"

leap node rekey web1
status_is 0
stdout_is <<-'EOT'
	web1: only the new key is pinned, the old one is revoked
EOT
check test "$(cat $PINS)" = "$new /etc/ssh/leap_host_ed25519_key_1"
check test "$(cat files/ca/ssh_revoked.pub)" = "$old web1"
check test -z "$(ssh-keygen -Q -f files/ca/ssh_revoked.krl $PINS | grep REVOKED)"
echo "$old" >"$WORK/old.pub"
check_not ssh-keygen -Q -f files/ca/ssh_revoked.krl "$WORK/old.pub"
check ssh -F "$WORK/ssh_config" -i "$HOME/.ssh/id_ed25519" -o BatchMode=yes web1 true	# which has never heard of the new one
leap compile ssh-config
status_is 0
cp "$OUT" "$WORK/ssh_config"
check grep -q "^    RevokedHostKeys \".*/files/ca/ssh_revoked.krl\"$" "$WORK/ssh_config"
check ssh -F "$WORK/ssh_config" -i "$HOME/.ssh/id_ed25519" -o BatchMode=yes web1 true
cut -d' ' -f1,2 $PINS >"$WORK/new.pub"
check ssh-keygen -q -k -f "$WORK/all.krl" "$WORK/new.pub"
asks web1 -o "RevokedHostKeys=$WORK/all.krl"
check test $? = 255
leap deploy --yes
status_is 0
lab_addresses
check test "$(on web1 "/usr/sbin/sshd -T | grep ^hostkey\ ")" = "hostkey /etc/ssh/leap_host_ed25519_key_1"
touch "$WORK/enough"
wait "$loop"
check test ! -s "$WORK/refused"
check test "$(cat "$WORK/logins")" -gt 10
check on web2 "grep -qF '@revoked * $old' /etc/ssh/ssh_known_hosts"
check on web2 "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o HostKeyAlias=web1 $(address web1) true"
nothing_changes

it "cut off anywhere, the node stays within reach and the next run goes on"
cd "$lab" || exit 1
for delay in 0.02 0.05 0.08 0.1 0.12 0.15 0.2 0.3; do
	"$LEAP" node rekey web1 >/dev/null 2>&1 </dev/null &
	run=$!
	sleep "$delay"
	kill -9 "$run" 2>/dev/null
	wait "$run" 2>/dev/null
	leap run true web1
	status_is 0
	[ "$(wc -l <$PINS)" = 1 ] || break
done
leap node rekey web1
[ "$(wc -l <$PINS)" = 2 ] || fail "no second key: $(cat $PINS)"
check test "$(sed -n '2s/.* //p' $PINS)" = /etc/ssh/leap_host_ed25519_key_2
for cut in 0.1 0.2 0.4; do
	timeout -s KILL "$cut" "$LEAP" deploy --yes web1 >/dev/null 2>&1 </dev/null
	leap run true web1
	status_is 0
done
leap deploy --yes
status_is 0
leap node rekey web1
status_is 0
leap deploy --yes
status_is 0
leap node rekey web1
status_is 0
check test "$(wc -l <$PINS)" = 1
check test "$(cut -d' ' -f1,2 $PINS)" = "$(shown)"
leap deploy --yes
status_is 0
lab_addresses
on web1 ls -a /etc/ssh >"$WORK/left"
check_not grep -q '^\.leap' "$WORK/left"

it "a key that is broken on the node is not switched to, and without any the deploy is refused"
cd "$lab" || exit 1
leap node rekey web1
status_is 0
lab_addresses
key=$(sed -n '2s/.* //p' $PINS)
leap deploy --yes web1
status_is 0
on web1 "cp $key /root/key; ssh-keygen -q -t ed25519 -N '' -f /root/other; cp /root/other $key"
leap node rekey web1
status_is 5
stderr_is <<-EOT
	leap: web1: its $key is not the key that is pinned
	hint: remove the line with it from $PINS, and the file from the node
EOT
on web1 "cp /root/key $key"
leap node rekey web1
status_is 0
# shellcheck disable=SC2016	# the node's shell expands it
on web1 'for key in /etc/ssh/*_key*; do echo rubbish >"$key"; done'
leap deploy --yes web1
status_is 4
stderr_has 'sshd -t'
leap run true web1
status_is 0
on web1 "cp /root/key $key"
leap deploy --yes web1
status_is 0
leap node rekey web1
status_is 0
