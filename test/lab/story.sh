#!/bin/bash
# test/lab: the whole story on three nodes: deploy, serve, change, take away, lose a node.
# May know the command line, an instance's files, and what Debian has.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# invocation NAME UNIT: changes whenever the unit is started.
invocation() { on "$1" systemctl show -p InvocationID --value "$2"; }

# lookup NAME...: what ns1 answers, asked from outside.
lookup() { dig +short +time=2 +tries=2 "@$(address ns1)" "$@"; }

it "three nodes boot, and their keys are pinned without a question"
lab_needed
lab_instance web1=static web2=static ns1=dns
leap local start
status_is 0
leap node init --yes-to-local
status_is 0
lab_addresses
for name in web1 web2 ns1; do
	check test -s "files/nodes/$name/${name}_ssh.pub"
	check on "$name" true
done
leap local ls
status_is 0
stdout_has web1
[ ! -e "$HOME/.ssh/known_hosts" ] || fail "known_hosts of the user was written"

it "a plan changes nothing on the nodes"
cd "$LAB" || exit 1
leap plan
status_is 0
stdout_has "nginx"
check_not on web1 test -e /etc/nginx
check test "$(on web1 ls /var/lib/leap)" = bin

it "the first deploy brings all nodes up"
cd "$LAB" || exit 1
leap deploy --yes
status_is 0
for name in web1 web2 ns1; do
	stdout_has "$name"
done

it "the checks of the recipes hold"
cd "$LAB" || exit 1
leap test
status_is 0

it "ns1 answers for every node, from outside"
cd "$LAB" || exit 1
for name in web1 web2 ns1; do
	check test "$(lookup "$name.example.org")" = "$(address "$name")"
done
check test -n "$(lookup example.org SOA)"
check test "$(lookup example.org NS)" = ns1.example.org.
check test -z "$(lookup nobody.example.org)"

it "web1 serves its site, over TLS with a certificate that verifies"
cd "$LAB" || exit 1
check test "$(curl -sS -o /dev/null -w '%{http_code}' "http://$(address web1)/")" = 200
check test "$(curl -sS -o "$WORK/page" -w '%{http_code}' --cacert files/ca/ca.crt \
    --resolve "web1.example.org:443:$(address web1)" https://web1.example.org/)" = 200
check test -s "$WORK/page"
check curl -sS -o "$WORK/provider" --cacert files/ca/ca.crt \
    --resolve "web1.example.org:443:$(address web1)" https://web1.example.org/provider.json
file_has "$WORK/provider" example.org
check_not curl -s -o /dev/null --resolve "web1.example.org:443:$(address web1)" https://web1.example.org/

it "a port that no service declares is closed, though something listens there"
cd "$LAB" || exit 1
# shellcheck disable=SC2016
must on web1 systemd-run --quiet --unit=probe-listener perl -MIO::Socket::INET -e \
    'my $s = IO::Socket::INET->new(Listen => 5, LocalPort => 8081, ReuseAddr => 1) or die; while (1) { $s->accept }'
check poll 5 on web1 "timeout 2 bash -c 'exec 3<>/dev/tcp/127.0.0.1/8081'"
check_not reaches web1 8081
check reaches web1 80
check reaches web1 443
check reaches web1 22
check_not reaches ns1 80
on web1 systemctl stop probe-listener

it "every node has its name, its keys for it alone, and its sysadmins"
cd "$LAB" || exit 1
check test "$(on web1 hostname)" = web1
check test "$(on web1 stat -c '%a %U %G' /etc/leap/x509/node.key)" = "640 root ssl-cert"
check test -z "$(on web1 "find /var/lib/leap -type f -perm /007 -exec grep -l 'PRIVATE KEY' {} +")"
check on web1 grep -qF "$(cut -d ' ' -f 2 "$HOME/.ssh/id_ed25519.pub")" /root/.ssh/authorized_keys

it "a second deploy changes nothing, with one login and one command a node"
cd "$LAB" || exit 1
for name in web1 web2 ns1; do
	must on "$name" "mkdir -p /etc/ssh/sshd_config.d && echo 'LogLevel VERBOSE' >/etc/ssh/sshd_config.d/zz-verbose.conf &&
	    systemctl reload ssh"
done
sleep 1
since=$(date -u '+%Y-%m-%d %H:%M:%S' -d '+1 second')
sleep 1.5
before=$(invocation web1 nginx)
start=${EPOCHREALTIME/[.,]/}
leap deploy --yes
took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
status_is 0
check test "$took" -lt 2000
check test "$(invocation web1 nginx)" = "$before"
sleep 0.5
for name in web1 web2 ns1; do
	# The last two lines of each count are the test's own login that asks.
	on "$name" "journalctl -u ssh --since '$since UTC' -o cat --no-pager" >"$WORK/journal.$name"
done
for name in web2 ns1; do
	check test "$(grep -c 'Accepted publickey' "$WORK/journal.$name")" -eq 2
	check test "$(grep -c 'Starting session' "$WORK/journal.$name")" -le 2
done
nothing_changes
for name in web1 web2 ns1; do
	must on "$name" "rm /etc/ssh/sshd_config.d/zz-verbose.conf && systemctl reload ssh"
done

it "an alias of web2 changes ns1's zone and restarts nothing on web1"
cd "$LAB" || exit 1
before=$(invocation web1 nginx)
check test -z "$(lookup www.example.org)"
sed -i '0,/{/s//{ "dns": { "aliases": ["www.example.org"] },/' nodes/web2.json
must "$LEAP" cert update
leap deploy --yes
status_is 0
check test "$(lookup www.example.org | tail -n 1)" = "$(address web2)"
check test "$(invocation web1 nginx)" = "$before"
check test "$(curl -sS -o /dev/null -w '%{http_code}' --cacert files/ca/ca.crt \
    --resolve "www.example.org:443:$(address web2)" https://www.example.org/)" = 200

it "a file that somebody changed is brought back, and their version is kept aside"
cd "$LAB" || exit 1
file=/etc/nginx/sites-available/leap.conf
must on web1 "echo '# mine' >>$file"
leap deploy --yes -v web1
status_is 0
check_not on web1 grep -q '# mine' "$file"
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" /var/lib/leap/kept/
check on web1 "grep -q '# mine' /var/lib/leap/kept/*$file"
check_not on web1 grep -rq '# mine' /etc/nginx

it "a service that leaves a node takes its files, unit and firewall rule, but not the package"
cd "$LAB" || exit 1
check reaches web2 80
files="/etc/nginx/sites-available/leap.conf /srv/static/provider.json"
for file in $files; do
	check on web2 test -e "$file"
done
cp nodes/web2.json "$WORK/web2.json"
sed -i 's/"static"//' nodes/web2.json
leap deploy --yes
status_is 0
for file in $files; do
	check_not on web2 test -e "$file"
done
check_not reaches web2 80
check_not on web2 systemctl -q is-active nginx
check_not on web2 systemctl -q is-enabled nginx
check_not on web2 "nft list ruleset | grep -E 'dport.*\b(80|443)\b'"
check test "$(on web2 "dpkg-query -W -f '\${Status}' nginx")" = "install ok installed"
check reaches web1 80
leap deploy --yes
status_is 0

it "the service comes back"
cd "$LAB" || exit 1
cp "$WORK/web2.json" nodes/web2.json
leap deploy --yes
status_is 0
check reaches web2 80

it "a node that is down is reported, and does not stop the others"
cd "$LAB" || exit 1
must "$LEAP" local stop ns1
sed -i '0,/{/s//{ "comment": "changed",/' nodes/web1.json
SECONDS=0
leap deploy --yes
status_is 4
check test "$SECONDS" -lt 25
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" ns1
check grep -qE 'ns1.*(connect|reach|route|time|refused)' "$WORK/all"
must "$LEAP" local start
leap deploy --yes
status_is 0
check test "$(lookup web1.example.org)" = "$(address web1)"

it "run and ssh reach the nodes and give their status"
cd "$LAB" || exit 1
leap run 'cat /etc/hostname' web1 web2
status_is 0
stdout_has web1
stdout_has web2
leap run 'exit 3' web1
check test "$STATUS" -ne 0
"$LEAP" ssh web1 -- hostname </dev/null >"$OUT" 2>"$ERR"
STATUS=$?
status_is 0
stdout_has web1

it "no secret and no private key was shown or compiled"
cd "$LAB" || exit 1
leap compile
leap deploy --yes -v
status_is 0
cat "$OUT" "$ERR" compiled/* >"$WORK/all"
check_not grep -q 'PRIVATE KEY' "$WORK/all"
