#!/bin/bash
# test: leap compile: the same input gives the same output, and no secret leaves.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

fleet() {
	instance
	node web1 192.0.2.1 '"services": ["static"], "dns": { "aliases": ["www.example.org"] }, "password": "= secret \"site\""'
	node web2 192.0.2.2 '"services": ["static"], "peers": "= nodes_like_me{ services = \"static\" }:exclude(node):field(\"domain.full\")"'
	node ns1 192.0.2.3 '"services": ["dns"]'
}

it "writes one file a node, and a zone and hosts where asked"
fleet
leap compile
status_is 0
for name in web1 web2 ns1; do
	check test -s "compiled/$name.yaml"
done
leap compile zone
status_is 0
stdout_has SOA
stdout_has 192.0.2.1
stdout_has www
leap compile hosts
status_is 0
stdout_has "192.0.2.3"
stdout_has ns1.example.org

it "twice gives the same bytes"
fleet
leap compile all
status_is 0
cp -a compiled "$WORK/first"
leap compile all
status_is 0
check diff -r compiled "$WORK/first"
rm -rf compiled
leap compile all
check diff -r compiled "$WORK/first"
rm -rf "$WORK/first"

it "macros see other nodes"
fleet
leap compile
file_has compiled/web2.yaml web1.example.org

it "no private key and no secret is in what it writes or says"
fleet
leap cert update
leap compile -v
status_is 0
cat "$OUT" "$ERR" compiled/* >"$WORK/all"
check_not grep -q 'PRIVATE KEY' "$WORK/all"
found=0
while read -r file; do
	found=1
	secret=$(tr -d '\n' <"$file")
	check_not grep -qF -- "$secret" "$WORK/all"
done < <(find secrets -type f)
check test "$found" -eq 1
file_has compiled/web1.yaml '[secret]'

it "a secret is made once, is long, and is nobody else's"
fleet
leap compile
file=$(find secrets -type f | head -n 1)
cp "$file" "$WORK/kept"
leap compile
check cmp -s "$file" "$WORK/kept"
check test "$(stat -c %a "$file")" = 600
check test "$(tr -d '\n' <"$file" | wc -c)" -ge 16
check git check-ignore -q "$file"

it "the file of a node that is gone goes too"
fleet
leap compile
leap node rm web2 --yes
leap compile
status_is 0
check test ! -e compiled/web2.yaml

it "an error leaves what was compiled before as it was"
fleet
leap compile
cp -a compiled "$WORK/first"
echo '{' | put nodes/web2.json
leap compile
status_is 3
check diff -r compiled "$WORK/first"

it "inspect shows a node, service, or tag before evaluation"
fleet
leap inspect web1
status_is 0
stdout_has '= secret'
leap inspect static
status_is 0
leap inspect nope
check test "$STATUS" -ne 0

it "list of a hundred nodes takes no time"
instance
for n in $(seq 1 100); do
	node "web$n" "192.0.2.$n" '"services": ["static"]'
done
leap list
status_is 0
start=${EPOCHREALTIME/[.,]/}
leap list
took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
# The budget is 30 ms; ten times that allows for a busy machine and for sanitizers.
check test "$took" -lt 300
