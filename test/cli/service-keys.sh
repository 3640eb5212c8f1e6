#!/bin/bash
# test: dkim_record(), onion_address(), wireguard_public(): keys that a node's properties name.
# May know where keys are, and what their public halves look like.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# value NODE PROPERTY: what it is.
value() { "$LEAP" list "$1" --print "$2" --json </dev/null | jq -r ".. | .\"$2\"? // empty" | head -n 1; }

with_keys() {
	instance
	put nodes/web1.json <<-'EOT'
		{ "ip_address": "192.0.2.1", "service_type": "public_service",
		  "wg": "= wireguard_public()", "onion": "= onion_address()",
		  "dkim": { "record": "= dkim_record()" } }
	EOT
	node web2 192.0.2.2 '"peer": "= nodes.web1.wg"'
}

it "makes a key once, keeps the private half in the vault, and gives the public one"
with_keys
leap compile
status_is 0
for stem in wireguard onion dkim; do
	check grep -q "BEGIN AGE ENCRYPTED FILE" "files/nodes/web1/web1_$stem.key.age"
	check_not test -e "files/nodes/web1/web1_$stem.key"
done
before=$(cat files/nodes/web1/web1_*)
check test "$(base64 -d <files/nodes/web1/web1_wireguard.pub | wc -c)" = 32
check grep -qxE '[a-z2-7]{55}d\.onion' files/nodes/web1/web1_onion.txt
check grep -qE '^"v=DKIM1; k=rsa; p=[^"]*" "[^"]*"$' files/nodes/web1/web1_dkim.txt
file_has compiled/web2.yaml "$(cat files/nodes/web1/web1_wireguard.pub)"
leap compile
status_is 0
check test "$before" = "$(cat files/nodes/web1/web1_*)"

it "makes no pair anew where one half is there"
cd "$WORK/i" || exit 1
cp -r files/nodes/web1 "$WORK/pairs"
for stem in wireguard.pub onion.txt dkim.txt; do
	public=files/nodes/web1/web1_$stem private=files/nodes/web1/web1_${stem%.*}.key
	rm "$public"
	leap compile
	status_is 3
	stderr_has "$public is gone, but its private key is there: $private.age"
	stderr_has "hint: git has what is missing; to have another key, remove both"
	check_not test -e "$public"
	check cmp "$private.age" "$WORK/pairs/${private##*/}.age"
	cp "$WORK/pairs/${public##*/}" "$public"
	rm "$private.age"
	leap compile
	status_is 3
	stderr_has "the private key of $public is gone: there is no $private.age"
	leap check
	stdout_has "the private key of $public is gone: there is no $private.age"
	rm "$public"
	leap compile
	status_is 0
	check_not cmp -s "$public" "$WORK/pairs/${public##*/}"
done
leap compile
status_is 0

it "what is public needs no private key"
rm -rf "$WORK/i/vault"
cd "$WORK/i" || exit 1
leap list web2 --print peer
status_is 0
stdout_has "$(cat files/nodes/web1/web1_wireguard.pub)"

it "commands that only look make no key"
with_keys
leap list web1 --print wg
status_is 0
stdout_has "files/nodes/web1/web1_wireguard.pub, which the next deploy makes"
check_not test -e files/nodes/web1/web1_wireguard.pub

it "another type of key, and one that there is not"
instance
node web1 192.0.2.1 '"dkim": { "record": "= dkim_record(\"ed25519\")" }'
leap compile
status_is 0
check grep -qxE '"v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}="' files/nodes/web1/web1_dkim_ed25519.txt
node web1 192.0.2.1 '"dkim": { "record": "= dkim_record(\"dsa\")" }'
leap compile
status_is 3
stderr_has "invalid option 'dsa'"

it "the zone has the record of every node that signs mail, in strings of 255 bytes"
with_keys
node ns1 192.0.2.3 '"services": ["dns"]'
leap compile
status_is 0
leap compile zone
status_is 0
check test -s files/nodes/web1/web1_dkim.txt
stdout_has "web1._domainkey"
stdout_has "$(cat files/nodes/web1/web1_dkim.txt)"
sed -i 's/"dkim": {/"dkim": { "selector": "2026a",/' nodes/web1.json
leap compile zone
stdout_has "2026a._domainkey"

it "the zone has several keys of a node, each by its own selector"
instance
node ns1 192.0.2.3 '"services": ["dns"]'
node web1 192.0.2.1 '"service_type": "public_service", "dkim": { "selector": "2026a", "record": "= dkim_record()",
	"records": [{ "selector": "2026b", "record": "= dkim_record(\"ed25519\")" },
	{ "selector": "= name .. \"-old\"", "record": "\"v=DKIM1; p=\"" }] }'
leap compile
status_is 0
leap compile zone
status_is 0
check grep -qx "2026a._domainkey *TXT *$(cat files/nodes/web1/web1_dkim.txt)" "$OUT"
check grep -qx "2026b._domainkey *TXT *$(cat files/nodes/web1/web1_dkim_ed25519.txt)" "$OUT"
check grep -qx 'web1-old._domainkey *TXT *"v=DKIM1; p="' "$OUT"
if command -v named-checkzone >/dev/null; then
	cp "$OUT" zone
	must named-checkzone example.org zone
fi
sed -i 's/2026b/2026a/' nodes/web1.json
leap compile zone
status_is 3
stderr_has "two keys have the DKIM selector 2026a"
sed -i 's/"selector": "2026a", "record": "= dkim_record(\\"/"record": "= dkim_record(\\"/' nodes/web1.json
leap compile
status_is 3
stderr_has '"dkim.records.1" must have "selector"'
