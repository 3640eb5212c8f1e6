#!/bin/bash
# test/lab: what goes wrong on a node: full disks, apt, units, damaged programs, keys; the other node is never held up.
# May know the command line, an instance's files, and what Debian has.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900

# shellcheck disable=SC2016 # programs in quotes are for others
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# recipe: the instance's service "probe" on web1 is what stands on standard input; web2 stays as it is.
recipe() {
	put services/probe/recipe.lua
	[ -e services/probe/service.json ] || put services/probe/service.json <<<'{}'
}

# web2_goes_on: what the last deploy did to web2 is really there.
web2_goes_on() {
	check test "$(on web2 cat /etc/marker)" = "$marker"
}

# changed: give both nodes something new.
marker=0
changed() {
	marker=$((marker + 1))
	put services/marker/service.json <<<'{}'
	# Both may be down at once: they are one batch.
	put services/marker/schema.json <<<'{ "x-leap-max-down": "100%" }'
	put services/marker/recipe.lua <<<"file('/etc/marker', { content = '$marker\\n' })"
}

# failed_on_web1 TEXT...: the deploy ended with status 4, says web1 and each TEXT, and web2 was deployed.
failed_on_web1() {
	local text

	status_is 4
	cat "$OUT" "$ERR" >"$WORK/all"
	file_has "$WORK/all" web1
	for text in "$@"; do
		file_has "$WORK/all" "$text"
	done
	web2_goes_on
}

it "two nodes are deployed"
lab_needed
lab_instance
recipe <<<''
changed
must "$LEAP" node add web1 --local services:probe,marker
must "$LEAP" node add web2 --local services:marker
sed -i 's/timeout: .*//' Leapfile
lab_boot
leap deploy --yes
status_is 0
web2_goes_on

it "a host key that was never pinned is refused with what to do"
cd "$LAB" || exit 1
changed
mv files/nodes/web1/web1_ssh.pub "$WORK/pin"
leap deploy --yes
check test "$STATUS" -ne 0
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" web1
file_has "$WORK/all" "leap node init"
check test ! -e files/nodes/web1/web1_ssh.pub
mv "$WORK/pin" files/nodes/web1/web1_ssh.pub

it "a host key that changed is refused with both fingerprints, and nothing is sent"
cd "$LAB" || exit 1
changed
cp files/nodes/web1/web1_ssh.pub "$WORK/pin"
must ssh-keygen -q -t ed25519 -N '' -f "$WORK/other"
cut -d ' ' -f 1,2 "$WORK/other.pub" >files/nodes/web1/web1_ssh.pub
leap deploy --yes
check test "$STATUS" -eq 4 -o "$STATUS" -eq 5
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" web1
file_has "$WORK/all" "$(ssh-keygen -lf "$WORK/pin" | cut -d ' ' -f 2)"
file_has "$WORK/all" "$(ssh-keygen -lf "$WORK/other.pub" | cut -d ' ' -f 2)"
cp "$WORK/pin" files/nodes/web1/web1_ssh.pub
web2_goes_on
leap run true web1
status_is 0

it "no key that the node accepts: the message says which were tried"
cd "$LAB" || exit 1
changed
must on web1 mv /root/.ssh/authorized_keys /root/.ssh/authorized_keys.away
leap deploy --yes
check test "$STATUS" -eq 4 -o "$STATUS" -eq 5
cat "$OUT" "$ERR" >"$WORK/all"
check grep -qE 'web1.*key' "$WORK/all"
web2_goes_on
must "$LEAP" local stop web1
key=$(find / -xdev -path '*web1*' -name authorized_keys.away 2>/dev/null | head -n 1)
check test -n "$key"
mv "$key" "${key%.away}"
must "$LEAP" local start
leap deploy --yes
status_is 0

it "a full disk under leap's own directory is reported, and heals"
cd "$LAB" || exit 1
recipe <<-'EOT'
	file("/etc/probe-large", { content = string.rep("0123456789abcdef", 20000) .. "\n" })
EOT
changed
must on web1 mount -t tmpfs -o size=16k tmpfs /var/lib/leap
leap deploy --yes
failed_on_web1 "No space left on device"
check_not on web1 test -e /etc/probe-large
must on web1 umount /var/lib/leap
leap deploy --yes
status_is 0
check test "$(on web1 "wc -c </etc/probe-large")" -eq 320001

it "a full disk under a file is reported with the file, which stays as it was"
cd "$LAB" || exit 1
must on web1 "mkdir -p /srv/small && mount -t tmpfs -o size=64k tmpfs /srv/small"
recipe <<-'EOT'
	directory "/srv/small"
	file("/srv/small/f", { content = "small\n" })
EOT
must "$LEAP" deploy --yes
recipe <<-'EOT'
	directory "/srv/small"
	file("/srv/small/f", { content = string.rep("x", 200000) })
EOT
changed
leap deploy --yes
failed_on_web1 "/srv/small/f" "No space left on device"
check test "$(on web1 cat /srv/small/f)" = small
check test "$(on web1 "ls -A /srv/small")" = f
must on web1 mount -o remount,size=10m /srv/small
leap deploy --yes
status_is 0
check test "$(on web1 "wc -c </srv/small/f")" -eq 200000

it "a package that does not exist is reported with what apt says"
cd "$LAB" || exit 1
recipe <<<'package "no-such-package-anywhere"'
changed
leap deploy --yes
failed_on_web1 "no-such-package-anywhere"
recipe <<<''
leap deploy --yes
status_is 0

it "a mirror that cannot be reached is reported with what apt says"
cd "$LAB" || exit 1
must on web1 "echo 'Acquire::http::Proxy \"http://127.0.0.1:9\";' >/etc/apt/apt.conf.d/99probe; rm -f /var/cache/apt/archives/*.deb"
recipe <<<'package "hello"'
changed
leap deploy --yes
failed_on_web1 "hello" "127.0.0.1"
must on web1 rm /etc/apt/apt.conf.d/99probe
leap deploy --yes
status_is 0
check on web1 hello

it "a unit that does not start is reported with its name and its last words"
cd "$LAB" || exit 1
recipe <<-'EOT'
	local unit_file = file("/etc/systemd/system/probe.service", { content = [[
	[Service]
	ExecStart=/bin/sh -c 'echo the moon is too near >&2; exit 7'
	Type=oneshot
	RemainAfterExit=yes
	[Install]
	WantedBy=multi-user.target
	]] })
	unit("probe.service", { restart_on = unit_file })
EOT
changed
leap deploy --yes
failed_on_web1 "probe.service" "the moon is too near"
leap deploy --yes
failed_on_web1 "probe.service"
recipe <<<''
leap deploy --yes
status_is 0
check_not on web1 test -e /etc/systemd/system/probe.service

it "a unit that does not reload is reported with its name and its last words"
cd "$LAB" || exit 1
for version in 1 2; do
	recipe <<-EOT
		local config = file("/etc/probe.conf", { content = "$version\n" })
		local unit_file = file("/etc/systemd/system/probe.service", { content = [[
		[Service]
		ExecStart=/bin/sleep infinity
		ExecReload=/bin/sh -c 'echo the tide is too low >&2; exit 7'
		]] })
		unit("probe.service", { enabled = false, restart_on = unit_file, reload_on = config })
	EOT
	changed
	leap deploy --yes
done
failed_on_web1 "probe.service" "the tide is too low"
recipe <<<''
leap deploy --yes
status_is 0

it "a check that does not hold is reported"
cd "$LAB" || exit 1
recipe <<<'check.command { name = "moon", command = "echo too near >&2; false", timeout = 2 }'
changed
leap test
check test "$STATUS" -ne 0
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" moon
recipe <<<''
leap deploy --yes
status_is 0

it "a program on the node that was damaged is sent again"
cd "$LAB" || exit 1
for damage in ': >"$f"' 'head -c 1000 /dev/urandom >"$f"' 'chmod 0 "$f"' 'rm "$f"; ln -s /bin/true "$f"' \
    'printf "#!/bin/sh\nexit 0\n" >"$f"' 'rm "$f"; mkdir "$f"' 'truncate -s -1 "$f"'; do
	changed
	must on web1 "f=\$(ls -d /var/lib/leap/bin/leap-node-* | head -n 1); $damage"
	leap deploy --yes
	status_is 0
	check test "$(on web1 cat /etc/marker)" = "$marker"
done

it "leap's own records on the node that were damaged are an error, not a disaster"
cd "$LAB" || exit 1
changed
must on web1 'for f in $(find /var/lib/leap -type f ! -path "*/bin/*" ! -path "*/blobs/*"); do cp "$f" /root/; echo garbage >"$f"; done'
leap deploy --yes
if [ "$STATUS" -ne 0 ]; then
	failed_on_web1 "damaged"
	cat "$OUT" "$ERR" >"$WORK/all"
	file_has "$WORK/all" "hint"
fi
check on web1 test -e /etc/passwd
check on web1 test -e /etc/hosts
must on web1 "rm -rf /var/lib/leap"
leap deploy --yes
status_is 0

it "leap's own directory as a link, or somebody else's, is refused, and what it leads to stays as it is"
cd "$LAB" || exit 1
for place in /var/lib/leap /var/lib/leap/store; do
	changed
	must on web1 "rm -rf /srv/moved; mv $place /srv/moved && chmod 755 /srv/moved && ln -s /srv/moved $place"
	leap deploy --yes
	failed_on_web1 "$place is a symbolic link"
	check test "$(on web1 stat -c %a /srv/moved)" = 755
	must on web1 "rm $place && mv /srv/moved $place"
done
must on web1 chown daemon: /var/lib/leap/store
changed
leap deploy --yes
failed_on_web1 "/var/lib/leap/store belongs to the user"
must on web1 chown root: /var/lib/leap/store
leap deploy --yes
status_is 0

it "a file in the way of a directory is reported"
cd "$LAB" || exit 1
must on web1 "rm -rf /srv/way; echo mine >/srv/way"
recipe <<<'directory "/srv/way"'
changed
leap deploy --yes
failed_on_web1 "/srv/way"
check test "$(on web1 cat /srv/way)" = mine
recipe <<<''
leap deploy --yes
status_is 0

it "a link in the way of a file is never written through"
cd "$LAB" || exit 1
must on web1 "echo precious >/root/precious; ln -sf /root/precious /etc/probe-link"
recipe <<<'file("/etc/probe-link", { content = "new\n" })'
changed
leap deploy --yes
check test "$(on web1 cat /root/precious)" = precious
must on web1 rm -f /etc/probe-link
leap deploy --yes
status_is 0
