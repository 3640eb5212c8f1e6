#!/bin/bash
# test: leap cert, judged by openssl.
# May know where keys and certificates are.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

verifies() { openssl verify -x509_strict -purpose sslserver -CAfile files/ca/ca.crt "$@" >/dev/null 2>&1; }
serial() { openssl x509 -in "$1" -noout -serial; }
subject() { openssl x509 -in "$1" -noout -subject -nameopt multiline | sed -n 's/.*commonName *= //p'; }

it "makes two CAs with private keys that are private"
instance
check test "$(stat -c %a files/ca/ca.key files/ca/client_ca.key | tr '\n' ' ')" = "600 600 "
check test "$(subject files/ca/ca.crt)" = "Example Root CA"
check test "$(subject files/ca/client_ca.crt)" = "Example Client CA"
check test -z "$(git status --porcelain --ignored=no | grep key)"
check openssl verify -x509_strict -CAfile files/ca/ca.crt files/ca/ca.crt >/dev/null
rm -r files/ca
leap cert ca --json
status_is 0
stdout_has '"path": "files/ca/client_ca.crt"'
stdout_has "$(openssl x509 -in files/ca/ca.crt -noout -fingerprint -sha256 | sed 's/.*=//')"

it "never replaces a CA"
instance
before=$(sha256sum files/ca/*)
leap cert ca
status_is 2
stderr_is <<EOT
leap: there are CAs already: files/ca/ca.crt and files/ca/client_ca.crt
hint: new ones make every certificate worthless; if that is what you want, move files/ca away
EOT
rm files/ca/client_ca.*
leap cert ca
status_is 0
check test "$before" != "$(sha256sum files/ca/*)"
check test "$(grep '/ca\.' <<<"$before")" = "$(sha256sum files/ca/ca.*)"

it "stops at half a CA"
instance
mv files/ca/ca.crt "$WORK/ca.crt"
leap cert ca
status_is 5
stderr_has "leap: files/ca/ca.key has no certificate beside it"
mv "$WORK/ca.crt" files/ca/ca.crt
rm files/ca/ca.key
leap cert ca
status_is 5
stderr_has "leap: files/ca/ca.crt has no private key beside it"

it "gives a node a certificate for its names and address"
instance
node web1 192.0.2.1 '"dns": { "aliases": ["www.example.org"] }'
leap cert update
status_is 0
stderr_is <<<"web1: made a certificate for 365 days: it had none"
check verifies -verify_hostname web1.example.org files/nodes/web1/web1.crt
check verifies -verify_hostname www.example.org files/nodes/web1/web1.crt
check verifies -verify_hostname web1.example.i files/nodes/web1/web1.crt
check verifies -verify_ip 192.0.2.1 files/nodes/web1/web1.crt
check_not verifies -verify_hostname web2.example.org files/nodes/web1/web1.crt
check test "$(subject files/nodes/web1/web1.crt)" = web1.example.org
check test "$(stat -c %a files/nodes/web1/web1.key)" = 600
check test "$(openssl pkey -in files/nodes/web1/web1.key -pubout)" = \
    "$(openssl x509 -in files/nodes/web1/web1.crt -noout -pubkey)"

it "leaves a good certificate alone, and makes a new one when asked"
instance
node web1 192.0.2.1
node web2 192.0.2.2
leap cert update
before=$(serial files/nodes/web1/web1.crt)
leap cert update
status_is 0
stderr_is <<<"the certificates of 2 nodes are good"
check test "$before" = "$(serial files/nodes/web1/web1.crt)"
other=$(serial files/nodes/web2/web2.crt)
leap cert update --force web1
status_is 0
stderr_is <<<"web1: made a certificate for 365 days: as asked"
check test "$before" != "$(serial files/nodes/web1/web1.crt)"
check test "$other" = "$(serial files/nodes/web2/web2.crt)"

it "makes a new one for a new alias, another address, a lost or wrong key, another CA"
instance
node web1 192.0.2.1
leap cert update
node web1 192.0.2.1 '"dns": { "aliases": ["shop.example.org"] }'
leap cert update
stderr_has "web1: made a certificate for 365 days: its old one lacks shop.example.org"
node web1 192.0.2.9
leap cert update
stderr_has "web1: made a certificate for 365 days: its old one lacks 192.0.2.9"
rm files/nodes/web1/web1.key
leap cert update
stderr_has "web1: made a certificate for 365 days: the private key of its old one is missing"
must openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out files/nodes/web1/web1.key
chmod 600 files/nodes/web1/web1.key
leap cert update
stderr_has "web1: made a certificate for 365 days: its old one does not belong to its private key"
rm -r files/ca
leap cert ca
leap cert update
stderr_has "web1: made a certificate for 365 days: its old one is not signed by the CA"
check verifies files/nodes/web1/web1.crt
leap cert update
stderr_has "the certificates of 1 node are good"

it "makes none where x509.use is false"
instance
node web1 192.0.2.1 '"x509": { "use": false }'
leap cert update
status_is 0
check_not test -e files/nodes/web1

it "needs a CA, and its private key only to sign"
instance
node web1 192.0.2.1
leap cert update
rm files/ca/ca.key
leap cert update
status_is 0
leap cert update --force
status_is 5
stderr_is <<EOT
leap: web1: certificate: no certificate can be signed: the CA's private key, files/ca/ca.key, is not here
hint: it is never in git: copy it from where "leap cert ca" was run
EOT
rm -r files/ca
leap cert update
status_is 5
stderr_is <<EOT
leap: no certificate can be signed: there is no CA, files/ca/ca.crt
hint: make one with "leap cert ca"
EOT

it "refuses a CA key that others can read"
instance
node web1 192.0.2.1
chmod 644 files/ca/ca.key
leap cert update
status_is 5
stderr_has "a secret that other users of this machine may read (mode 644)"
check_not test -e files/nodes/web1/web1.crt

it "lets no certificate outlive its CA"
instance
rm -r files/ca
put provider.json <<-'EOT'
	{ "domain": "example.org", "name": { "en": "Example" }, "description": { "en": "Example" },
	  "contacts": { "default": ["root@example.org"] }, "ca": { "days": 100 } }
EOT
leap cert ca
status_is 0
node web1 192.0.2.1
leap cert update
status_is 0
# 99 when a second went by since the CA was made: whole days only.
check grep -qE "^web1: made a certificate for (99|100) days: it had none" "$ERR"
leap cert update
stderr_has "are good"

# reads_own_cert: web1's configuration has a macro that reads its certificate; a host key is pinned.
reads_own_cert() {
	instance
	node web1 127.0.0.1 '"ssh": { "port": 1 }, "own": "= file \"nodes/web1/web1.crt\""'
	must openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=old -days 9 \
	    -keyout files/nodes-web1.key -out files/nodes-web1.crt
	mkdir -p files/nodes/web1
	mv files/nodes-web1.key files/nodes/web1/web1.key
	mv files/nodes-web1.crt files/nodes/web1/web1.crt
	chmod 600 files/nodes/web1/web1.key
	cut -d ' ' -f 1,2 "$WORK/.key.pub" >files/nodes/web1/web1_ssh.pub
}

it "plan and test change nothing in the instance; plan names what a deploy would renew"
reads_own_cert
before=$(find . -type f ! -path './.git/*' -exec sha256sum {} + | sort)
leap plan
status_is 4
stderr_has "web1: a deploy makes a new certificate: its old one is not signed by the CA"
leap test
status_is 4
stderr_lacks "certificate"
check test "$before" = "$(find . -type f ! -path './.git/*' -exec sha256sum {} + | sort)"
leap deploy --yes
status_is 4
stderr_has "web1: made a certificate for 365 days: its old one is not signed by the CA"

it "a plan without a certificate says how to make it"
instance
node web1 192.0.2.1
leap plan
status_is 5
stderr_is <<EOT
leap: web1: its certificate, files/nodes/web1/web1.crt, or the key of it is missing
hint: leap cert update web1
EOT
check_not test -e files/nodes/web1

it "what macros read of a certificate is new when compile made it anew"
reads_own_cert
leap compile
status_is 0
stderr_has "web1: made a certificate"
file_has compiled/web1.yaml "$(sed -n 2p files/nodes/web1/web1.crt)"

it "a name that no certificate can have is refused where it stands"
instance
printf '{ "ip_address": "192.0.2.1",\n  "dns": { "aliases": ["x y"] } }\n' | put nodes/web1.json
leap cert update
status_is 3
stderr_has "nodes/web1.json:2:"
stderr_has '"x y"'
check_not test -e files/nodes/web1/web1.crt

it "refuses a node that nobody knows"
instance
node web1 192.0.2.1
leap cert update web2
status_is 2
stderr_has 'web2'
