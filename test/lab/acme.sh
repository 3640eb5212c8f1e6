#!/bin/bash
# test/lab: certificates from an ACME server, Debian's pebble in strict mode, which looks at real nodes.
# May know the command line, an instance's files, and what Debian has.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 600

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

PEBBLE='' STUB=''

# pebble_start [NAME=VALUE...]: the server, with these variables of its own; new CAs each time.
pebble_start() {
	pebble_stop
	(cd "$WORK/pebble" && exec env PEBBLE_VA_NOSLEEP=1 PEBBLE_AUTHZREUSE=0 PEBBLE_WFE_NONCEREJECT=5 "$@" \
	    pebble -config pebble.json -dnsserver "$(address ns1):53" -strict) >"$WORK/pebble.log" 2>&1 &
	PEBBLE=$!
	poll 10 curl -s --cacert "$WORK/pebble/ca.pem" https://localhost:14000/dir
}

pebble_stop() {
	[ -n "$PEBBLE" ] || return 0
	kill "$PEBBLE"
	wait "$PEBBLE" 2>/dev/null
	PEBBLE=''
}

lab_restore() {
	pebble_stop
	[ -z "$STUB" ] || kill "$STUB"
}

# pebble_files: the server's own TLS, and its configuration.
pebble_files() {
	mkdir -p "$WORK/pebble" && cd "$WORK/pebble" || return 1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
	    -subj "/CN=test TLS CA" -days 30 -addext basicConstraints=critical,CA:TRUE,pathlen:0 \
	    -addext keyUsage=critical,keyCertSign,cRLSign
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.pem \
	    -subj /CN=localhost -days 30 -CA ca.pem -CAkey ca.key -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
	    -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth
	put pebble.json <<-'EOT'
		{ "pebble": { "listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
		    "certificate": "server.pem", "privateKey": "server.key", "httpPort": 80, "tlsPort": 443,
		    "ocspResponderURL": "", "externalAccountBindingRequired": false } }
	EOT
}

# management PATH: what pebble says to those who run it.
management() { curl -sS --cacert "$WORK/pebble/ca.pem" "https://localhost:15000/$1"; }

# serial NAME: of a certificate, as pebble writes it.
serial() { openssl x509 -in "files/cert/$1.crt" -noout -serial | cut -d = -f 2 | tr 'A-F' 'a-f' | sed 's/^0*//'; }

# status_of NAME: what pebble thinks of a certificate.
status_of() { management "cert-status-by-serial/$(serial "$1")" | jq -r .Status; }

# chain_good NAME: whether pebble's root certifies the chain, for this name.
chain_good() {
	management roots/0 >"$WORK/root.pem" && openssl verify -x509_strict -CAfile "$WORK/root.pem" \
	    -untrusted "files/cert/$1.crt" -verify_hostname "$1" "files/cert/$1.crt"
}

# renewal_id NAME: the certificate's of RFC 9773, 4.1.
renewal_id() {
	local serial

	serial=$(openssl x509 -in "files/cert/$1.crt" -noout -serial | cut -d = -f 2)
	case $serial in [89A-F]*) serial=00$serial ;; esac
	openssl x509 -in "files/cert/$1.crt" -noout -ext authorityKeyIdentifier | grep -oE '([0-9A-F]{2}:){19}[0-9A-F]{2}' |
	    tr -d : | basenc --base16 -d | basenc --base64url | tr -d '=\n'
	printf .
	printf %s "$serial" | basenc --base16 -d | basenc --base64url | tr -d =
}

# answer FILE: what the stub says there: the JSON on standard input.
answer() {
	mkdir -p "$(dirname "$WORK/stub/$1")"
	{ printf 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n' && cat; } >"$WORK/stub/$1"
}

# left NODE: what is in the place where tokens are put.
left() { on "$1" 'ls -A /run/leap-acme 2>/dev/null'; }

it "the nodes boot, web1 and web2 with one more name"
lab_needed
if ! command -v pebble >/dev/null; then
	skip "pebble is not installed (tools/install-dependencies)"
	exit 0
fi
must pebble_files
lab_instance web1=static web2=static ns1=dns
for name in web1 web2; do
	sed -i '1,/{/s/{/{ "dns": { "aliases": ["www.example.org"] },/' "nodes/$name.json"
done
lab_boot
leap deploy --yes
status_is 0
must pebble_start

it "an account: trust, terms, key in the vault"
cd "$LAB" || exit 1
leap cert renew www.example.org
status_is 2
stderr_has 'there is no account with an ACME server yet'
leap cert register --server https://localhost:14000/dir --yes
status_is 5
stderr_has 'its certificate is not trusted'
leap cert register --server https://localhost:14000/dir --ca-file "$WORK/pebble/ca.pem"
status_is 2
stderr_has 'say --yes to agree'
check_not test -e files/acme
leap cert register --server https://localhost:14000/dir --ca-file "$WORK/pebble/ca.pem" --yes
status_is 0
stdout_has https://localhost:14000/my-account/
file_lacks files/acme/account.json PRIVATE
check_not grep -rq "BEGIN.*PRIVATE KEY" files

it "a certificate by http-01, proven by both nodes that have the name"
cd "$LAB" || exit 1
leap cert renew www.example.org --dry-run
status_is 0
stdout_has 'www.example.org  due'
check_not test -e files/cert
leap cert renew www.example.org
status_is 0
stdout_has 'www.example.org  renewed'
stderr_has 'deploy what changed: leap deploy web1 web2'
check chain_good www.example.org
check test -z "$(left web1)$(left web2)"
check_not grep -rq "BEGIN.*PRIVATE KEY" files

it "what is good stays, and a deploy serves it"
cd "$LAB" || exit 1
cp files/cert/www.example.org.crt "$WORK/first.crt"
leap cert renew
status_is 0
stdout_has 'www.example.org  good'
check cmp -s files/cert/www.example.org.crt "$WORK/first.crt"
leap deploy --yes
status_is 0
for name in web1 web2; do
	check curl -sS -o "$WORK/page" --cacert "$WORK/root.pem" --resolve "www.example.org:443:$(address "$name")" \
	    https://www.example.org/
	check curl -sS -o "$WORK/page" --cacert files/ca/ca.crt --resolve "$name.example.org:443:$(address "$name")" \
	    "https://$name.example.org/"
	check test "$(on "$name" stat -c %a:%U /etc/leap/x509/www.example.org.key)" = 600:root
done
nothing_changes

it "renewed with --force: the same key, with --new-key: another, also where http:// only redirects"
cd "$LAB" || exit 1
public_key() { openssl x509 -in files/cert/www.example.org.crt -noout -pubkey; }
before=$(public_key)
echo '{ "static": { "tls_only": true } }' >services/static.json
leap deploy --yes
status_is 0
leap cert renew www.example.org --force
status_is 0
check_not cmp -s files/cert/www.example.org.crt "$WORK/first.crt"
check test "$(public_key)" = "$before"
leap cert renew www.example.org --new-key
status_is 0
check test "$(public_key)" != "$before"
check chain_good www.example.org
leap deploy --yes
status_is 0
nothing_changes

it "a wildcard by dns-01, through our own name server, which has the record only meanwhile"
cd "$LAB" || exit 1
leap cert renew '*.example.org'
status_is 2
stderr_has 'say example.org,*.example.org'
leap cert renew 'example.org,*.example.org'
status_is 0
check chain_good example.org
check openssl verify -x509_strict -CAfile "$WORK/root.pem" -untrusted files/cert/example.org.crt \
    -verify_hostname any.example.org files/cert/example.org.crt
check test -z "$(left ns1)"
check test -z "$(on ns1 nsd-control zonestatus | grep acme)"
check test -z "$(dig +short +norecurse "@$(address ns1)" _acme-challenge.example.org TXT)"
leap deploy --yes
status_is 0
nothing_changes

it "dns-01 where http-01 would do, and on record for the next time"
cd "$LAB" || exit 1
leap cert renew web1.example.org --challenge dns-01
status_is 0
check chain_good web1.example.org
file_has files/acme/certs/web1.example.org.json '"challenge": "dns-01"'
leap cert renew web1.example.org --force
status_is 0

it "several names in one certificate, which each site gets that it is for"
cd "$LAB" || exit 1
leap cert renew web2.example.org,www.example.org
status_is 0
check chain_good web2.example.org
leap deploy --yes
status_is 0
check curl -sS -o "$WORK/page" --cacert "$WORK/root.pem" --resolve "web2.example.org:443:$(address web2)" \
    https://web2.example.org/
leap cert renew web2.example.org
status_is 0
stdout_has 'web2.example.org  good'

it "a name that no node has is refused, before anybody is asked"
cd "$LAB" || exit 1
leap cert renew www.elsewhere.example
status_is 3
stderr_has 'www.elsewhere.example: no node with the service static has this name, and our name servers do not have its zone'
leap cert renew nowhere.example.org --challenge http-01
status_is 3
stderr_has 'nowhere.example.org: no node with the service static has this name'
leap cert renew www.example.org --force --profile shortlived
status_is 2
stderr_has 'the ACME server has no profile "shortlived"'

it "what is revoked is revoked there, and replaced with another key"
cd "$LAB" || exit 1
check test "$(status_of web1.example.org)" = Valid
cp files/cert/web1.example.org.crt "$WORK/old.crt"
leap cert revoke web1.example.org --yes
status_is 0
check test "$(status_of web1.example.org)" = Revoked
leap cert renew web1.example.org
status_is 0
stdout_has 'the old one was revoked'
check test "$(status_of web1.example.org)" = Valid
check_not cmp -s <(openssl x509 -in "$WORK/old.crt" -noout -pubkey) \
    <(openssl x509 -in files/cert/web1.example.org.crt -noout -pubkey)

it "a proof that fails says why, and leaves nothing behind"
cd "$LAB" || exit 1
must on web2 systemctl stop nginx
cp files/cert/www.example.org.crt "$WORK/before.crt"
leap cert renew www.example.org --force
status_is 1
stderr_has 'www.example.org: web2 does not serve the CA'"'"'s token'
stderr_has 'hint: deploy it first: leap deploy web2'
check cmp -s files/cert/www.example.org.crt "$WORK/before.crt"
check test -z "$(left web1)$(left web2)"
must on web2 systemctl start nginx

it "interrupted while the CA looks: the tokens go"
cd "$LAB" || exit 1
must pebble_start PEBBLE_VA_NOSLEEP=0 PEBBLE_VA_SLEEPTIME=15
leap cert register --server https://localhost:14000/dir --ca-file "$WORK/pebble/ca.pem" --yes
status_is 0
"$LEAP" cert renew www.example.org --force </dev/null >"$OUT" 2>"$ERR" &
job=$!
# shellcheck disable=SC2016
check poll 20 on web2 'test -n "$(ls -A /run/leap-acme)"'
kill -TERM "$job"
wait "$job"
STATUS=$?
status_is 1
stderr_has interrupted
check test -z "$(left web1)$(left web2)"

it "the server's opinion of when to renew counts"
cd "$LAB" || exit 1
must pebble_start
curl -sS --cacert "$WORK/pebble/ca.pem" https://localhost:14000/dir |
    jq -c '.renewalInfo = "https://localhost:14001/renewal"' | answer dir
(cd "$WORK/stub" && exec openssl s_server -HTTP -quiet -accept 127.0.0.1:14001 -cert "$WORK/pebble/server.pem" \
    -key "$WORK/pebble/server.key") >"$WORK/stub.log" 2>&1 &
STUB=$!
must poll 10 curl -s --cacert "$WORK/pebble/ca.pem" https://localhost:14001/dir
leap cert register --server https://localhost:14001/dir --ca-file "$WORK/pebble/ca.pem" --yes
status_is 0
leap cert renew web1.example.org
status_is 0
stdout_has 'the old one is from another server'
leap cert renew web1.example.org
status_is 0
stderr_has 'web1.example.org: the CA does not say when to renew: '
stdout_has 'web1.example.org  good'
day=$(date -u -d '+100 days' +%F)
printf '{"suggestedWindow":{"start":"%sT04:00:00Z","end":"%sT05:00:00Z"}}' "$day" "$day" |
    answer "renewal/$(renewal_id web1.example.org)"
leap cert renew web1.example.org
status_is 0
stderr_empty
check test "$(awk '$1 == "web1.example.org" { print $2, $4 }' "$OUT")" = "good $day"
printf '{"suggestedWindow":{"start":"2026-01-01T04:00:00Z","end":"2026-01-01T05:00:00Z"}}' |
    answer "renewal/$(renewal_id web1.example.org)"
leap cert renew web1.example.org --dry-run --json
status_is 0
check test "$(jq -r '.[0].state + " " + .[0].why' "$OUT")" = "due it is time"
leap cert renew web1.example.org
status_is 0
stdout_has 'web1.example.org  renewed'

it "an account that is bound to one elsewhere, by a key that is asked for"
cd "$LAB" || exit 1
jq '.pebble.externalAccountBindingRequired = true | .pebble.externalAccountMACKeys =
    { "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" }' "$WORK/pebble/pebble.json" >"$WORK/eab.json"
cp "$WORK/eab.json" "$WORK/pebble/pebble.json"
must pebble_start
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "$KEY"\n' >"$WORK/askpass"
chmod +x "$WORK/askpass"
leap cert register --server https://localhost:14000/dir --ca-file "$WORK/pebble/ca.pem" --yes
status_is 2
stderr_has 'this CA wants the account to be bound to one that you have there'
SSH_ASKPASS=$WORK/askpass DISPLAY=:0 KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA setsid -w "$LEAP" cert register \
    --server https://localhost:14000/dir --ca-file "$WORK/pebble/ca.pem" --yes --eab kid-1 </dev/null >"$OUT" 2>"$ERR"
STATUS=$?
status_is 1
stderr_has 'the ACME server says:'
SSH_ASKPASS=$WORK/askpass DISPLAY=:0 KEY=zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W setsid -w "$LEAP" \
    cert register --server https://localhost:14000/dir --ca-file "$WORK/pebble/ca.pem" --yes --eab kid-1 </dev/null >"$OUT" 2>"$ERR"
STATUS=$?
status_is 0
must pebble_files

it "half of all nonces rejected: ten of ten"
cd "$LAB" || exit 1
must pebble_start PEBBLE_WFE_NONCEREJECT=50
leap cert register --server https://localhost:14000/dir --ca-file "$WORK/pebble/ca.pem" --yes
status_is 0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	leap cert renew www.example.org --force
	status_is 0
done

it "nine tenths rejected: a clean error, soon, and nothing left behind"
cd "$LAB" || exit 1
must pebble_start PEBBLE_WFE_NONCEREJECT=90
cp files/cert/www.example.org.crt "$WORK/before.crt"
started=$SECONDS
for _ in 1 2 3; do
	leap cert register --server https://localhost:14000/dir --ca-file "$WORK/pebble/ca.pem" --yes
	[ "$STATUS" -ne 0 ] || leap cert renew www.example.org --force
	[ "$STATUS" -eq 0 ] || break
done
status_is 1
stderr_has 'the ACME server rejects one nonce after the other'
check test $((SECONDS - started)) -lt 60
check test -z "$(left web1)$(left web2)"
