#!/bin/bash
# test/lab: two sysadmins, each with a login, a home, a key and a clone of the instance, deploy to the same nodes at once.
# May know the command line, an instance's files, and what Debian has.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 600

# shellcheck disable=SC2016 # programs in quotes are for other shells
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# What others may read: not the test's own directory.
OPEN=$(mktemp -d /tmp/leap-sysadmins.XXXXXX)
lab_restore() { rm -rf "$OPEN"; }

# as NAME COMMAND...: it is that user of this machine, in a mount namespace where /etc/passwd knows them.
as() {
	local name=$1 id

	shift
	id=$(awk -F : -v name="$name" '$1 == name { print $3 }' "$OPEN/passwd")
	unshare --mount sh -c 'mount --bind "$1" /etc/passwd && shift && exec "$@"' sh "$OPEN/passwd" \
	    setpriv --reuid "$id" --regid "$id" --clear-groups env -i HOME="$OPEN/$name" USER="$name" PATH="$PATH" LC_ALL=C.UTF-8 \
	    sh -c 'cd ~/lab 2>/dev/null || cd ~; exec "$@"' sh "$@"
}

# sysadmin NAME ID: a home with a key.
sysadmin() {
	echo "$1:x:$2:$2:$1:$OPEN/$1:/bin/sh" >>"$OPEN/passwd"
	install -d -m 700 -o "$2" -g "$2" "$OPEN/$1"
	must as "$1" ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$OPEN/$1/.ssh/id_ed25519"
}

# change NAME TEXT: in that sysadmin's clone every node gets a file of it, in forty pieces, slowly.
change() {
	as "$1" sh -c 'mkdir -p services/probe && echo "{}" >services/probe/service.json && cat >services/probe/recipe.lua' <<-EOT
		directory "/etc/probe"
		exec("slow", { command = "touch /run/probe-$1; sleep 3", on = file("/etc/probe/0", { content = "$2\n" }) })
		for i = 1, 40 do
			file("/etc/probe/" .. i, { content = "$2\n" })
		end
	EOT
}

# pieces NODE: the texts that its pieces have, each once.
pieces() { on "$1" "cat /etc/probe/* | sort -u"; }

# named FILE NAME: it says who works on web1 or web2, by that name.
named() {
	check grep -qE "web[12]: somebody else works on the node: $2@$(hostname) since 20[0-9-]+ [0-9:]+ UTC \(pid [0-9]+\): a deploy( of commit [0-9a-f]{10})?$" "$1"
}

it "two sysadmins can deploy to the same nodes"
lab_needed
chmod 755 "$OPEN"
getent passwd >"$OPEN/passwd"
mkdir "$OPEN/leap"
cp -r "$TOP/$BIN" "$OPEN/leap/bin" && cp -r "$TOP/platform" "$TOP/templates" "$OPEN/leap/" && chmod -R go+rX "$OPEN/leap"
sysadmin alice 4711
sysadmin bob 4712
lab_instance
for name in alice bob; do
	must "$LEAP" user add "$name" --ssh-pub-key "$OPEN/$name/.ssh/id_ed25519.pub"
done
mkdir -p services/probe
put services/probe/service.json <<<'{}'
# Both may be down at once: a deploy is to both at the same time.
put services/probe/schema.json <<<'{ "x-leap-max-down": "100%" }'
put services/probe/recipe.lua <<<'directory "/etc/probe"'
must "$LEAP" node add web1 --local services:probe
must "$LEAP" node add web2 --local services:probe
lab_boot
must "$LEAP" deploy --yes
for name in alice bob; do
	cp -r "$LAB" "$OPEN/$name/lab"
	chown -R "$(stat -c %u "$OPEN/$name")" "$OPEN/$name/lab"
	as "$name" "$OPEN/leap/bin/leap" run true >"$OUT" 2>"$ERR"
	STATUS=$?
	status_is 0
done

it "who comes second is told who works on the nodes, and nothing of theirs is done"
cd "$LAB" || exit 1
change alice one
change bob two
as alice "$OPEN/leap/bin/leap" deploy --yes >"$WORK/alice" 2>&1 &
pid=$!
check poll 30 on web1 test -e /run/probe-alice
check poll 30 on web2 test -e /run/probe-alice
as bob "$OPEN/leap/bin/leap" deploy --yes >"$WORK/bob" 2>&1
check test $? -eq 4
named "$WORK/bob" alice
file_has "$WORK/bob" "2 of 2 nodes failed: web1, web2"
file_has "$WORK/bob" "hint: wait, or use --lock-wait SECONDS"
wait "$pid" || fail "alice's deploy failed: $(cat "$WORK/alice")"
for node in web1 web2; do
	check_not on "$node" test -e /run/probe-bob
	check test "$(pieces "$node")" = one
	check test "$(on "$node" "ls /etc/probe | wc -l")" -eq 41
done

it "who waits comes after the other, and nothing is interleaved"
cd "$LAB" || exit 1
on web1 rm -f /run/probe-alice
on web2 rm -f /run/probe-alice
change alice three
as alice "$OPEN/leap/bin/leap" deploy --yes >"$WORK/alice" 2>&1 &
pid=$!
check poll 30 on web1 test -e /run/probe-alice
check poll 30 on web2 test -e /run/probe-alice
as bob "$OPEN/leap/bin/leap" deploy --yes --lock-wait 60 >"$WORK/bob" 2>&1
check test $? -eq 0
wait "$pid" || fail "alice's deploy failed: $(cat "$WORK/alice")"
for node in web1 web2; do
	check test "$(pieces "$node")" = two
done
leap history web1 --json
status_is 0
check test "$(jq -r '[.. | objects | select(has("who")) | .who] | .[0:2] | sort | map(split("@")[0]) | join(" ")' "$OUT")" = "alice bob"

it "both at the very same moment, again and again: each node has one sysadmin's change, whole"
cd "$LAB" || exit 1
for round in 1 2 3; do
	change alice "alice$round"
	change bob "bob$round"
	for name in alice bob; do
		as "$name" sh -c 'sed -i s/sleep.3/sleep\ 0.3/ services/probe/recipe.lua'
		as "$name" "$OPEN/leap/bin/leap" deploy --yes >"$WORK/$name" 2>&1 &
	done
	wait
	for node in web1 web2; do
		# Whoever had the lock first was done, or the other one came after that.
		check grep -qxE "(alice|bob)$round" <<<"$(pieces "$node")"
		if grep -q "$node: somebody else" "$WORK/alice" "$WORK/bob"; then
			named <(cat "$WORK/alice" "$WORK/bob") "(alice|bob)"
		fi
	done
done

it "a mark says whose it is, and another sysadmin may take it away"
cd "$LAB" || exit 1
as bob "$OPEN/leap/bin/leap" lock web1 --why "new disk" >"$OUT" 2>"$ERR"
STATUS=$?
status_is 0
as alice "$OPEN/leap/bin/leap" deploy --yes >"$WORK/alice" 2>&1
check test $? -eq 4
check grep -qE "web1: locked by bob@$(hostname) since .* UTC: new disk$" "$WORK/alice"
file_has "$WORK/alice" 'hint: "leap unlock web1" allows deploys again, whoever locked it'
file_has "$WORK/alice" "1 of 2 nodes failed: web1"
as alice "$OPEN/leap/bin/leap" unlock web1 >"$OUT" 2>"$ERR"
as alice "$OPEN/leap/bin/leap" deploy --yes >"$WORK/alice" 2>&1
check test $? -eq 0
