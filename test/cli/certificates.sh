#!/bin/bash
# test: leap cert, judged by openssl.
# May know where keys and certificates are.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

verifies() { openssl verify -x509_strict -purpose sslserver -CAfile files/ca/ca.crt "$@" >/dev/null 2>&1; }
serial() { openssl x509 -in "$1" -noout -serial; }
subject() { openssl x509 -in "$1" -noout -subject -nameopt multiline | sed -n 's/.*commonName *= //p'; }

# provider MEMBERS: the provider, with these members more.
provider() {
	put provider.json <<-EOT
		{ "domain": "example.org", "name": { "en": "Example" }, "description": { "en": "Example" },
		  "contacts": { "default": ["root@example.org"] }, $1 }
	EOT
}

it "makes two CAs with private keys that are private"
instance
for key in files/ca/ca.key files/ca/client_ca.key; do
	check_not test -e "$key"
	check test "$(head -n 1 "$key.age")" = "-----BEGIN AGE ENCRYPTED FILE-----"
done
check test "$(subject files/ca/ca.crt)" = "Example Root CA"
check test "$(subject files/ca/client_ca.crt)" = "Example Client CA"
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
hint: "leap cert ca --rotate" replaces one step by step, so that nothing breaks
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
rm files/ca/ca.key.age
leap cert ca
status_is 5
stderr_has "leap: files/ca/ca.crt has no private key beside it"

it "makes no CA of settings that there are not"
instance
rm files/ca/*
cp provider.json "$WORK/provider.json"
for case in \
    '"bit_size": 1024|provider.json:2:23: "ca.bit_size" is not known' \
    '"key": "RSA-3072"|provider.json:2:18: "ca.key" is not known' \
    '"server_certificates": { "life_span": "0 days" }|ca.server_certificates.life_span is no time of 1 to 36500 days' \
    '"client_certificates": { "key": "x" }|provider.json:2:43: "ca.client_certificates.key" is not known'; do
	sed "0,/{/s/{/{ \"ca\": { ${case%%|*} },/" "$WORK/provider.json" >provider.json
	leap cert ca
	status_is 3
	stderr_has "${case#*|}"
	check_not compgen -G 'files/ca/*'
done
cp "$WORK/provider.json" provider.json
leap cert ca
status_is 0
sed -i '0,/{/s/{/{ "ca": { "bit_size": 1024 },/' provider.json
leap cert ca --rotate
status_is 3
check_not test -e files/ca/ca-next.crt

it "gives a node a certificate for its names, and keeps the key encrypted"
instance
node web1 192.0.2.1 '"dns": { "aliases": ["www.example.org"] }'
leap cert update
status_is 0
stderr_is <<<"web1: made a certificate for 365 days: it had none"
check verifies -verify_hostname web1.example.org files/nodes/web1/web1.crt
check verifies -verify_hostname www.example.org files/nodes/web1/web1.crt
check verifies -verify_hostname web1.example.i files/nodes/web1/web1.crt
check_not verifies -verify_ip 192.0.2.1 files/nodes/web1/web1.crt
check_not verifies -verify_hostname web2.example.org files/nodes/web1/web1.crt
check test "$(subject files/nodes/web1/web1.crt)" = web1.example.org
check test "$(head -n 1 files/nodes/web1/web1.key.age)" = "-----BEGIN AGE ENCRYPTED FILE-----"
check_not grep -rq "PRIVATE KEY" .

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

it "makes a new one for a new alias, a lost or wrong key, another type of key, another CA"
instance
node web1 192.0.2.1
node web2 192.0.2.2
leap cert update
node web1 192.0.2.1 '"dns": { "aliases": ["shop.example.org"] }'
leap cert update
stderr_is <<<"web1: made a certificate for 365 days: its old one lacks shop.example.org"
node web1 192.0.2.1
leap cert update
stderr_is <<<"web1: made a certificate for 365 days: its old one still has shop.example.org"
rm files/nodes/web1/web1.key.age
leap cert update
stderr_is <<<"web1: made a certificate for 365 days: the private key of its old one is missing"
cp files/nodes/web2/web2.key.age files/nodes/web1/web1.key.age
leap cert update
stderr_is <<<"web1: made a certificate for 365 days: its old one does not belong to its private key"
provider '"ca": { "server_certificates": { "key_type": "rsa-3072", "life_span": "90 days" } }'
leap cert update web1
stderr_is <<<"web1: made a certificate for 90 days: its old one has a key that is not rsa-3072"
check verifies files/nodes/web1/web1.crt
check test "$(openssl x509 -in files/nodes/web1/web1.crt -noout -text | grep -c 'Public-Key: (3072 bit)')" = 1
leap cert update web1
stderr_is <<<"the certificates of 1 node are good"
rm -r files/ca
leap cert ca
leap cert update web1
stderr_is <<<"web1: made a certificate for 90 days: its old one is not signed by the CA"
check verifies files/nodes/web1/web1.crt
leap cert update web1
stderr_is <<<"the certificates of 1 node are good"

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
rm files/ca/ca.key.age
leap cert update
status_is 0
leap cert update --force
status_is 5
stderr_is <<EOT
leap: no certificate can be signed: the CA's private key, files/ca/ca.key, is not here
hint: copy it from where "leap cert ca" was run
EOT
rm -r files/ca
leap cert update
status_is 5
stderr_is <<EOT
leap: no certificate can be signed: there is no CA, files/ca/ca.crt
hint: make one with "leap cert ca"
EOT

it "names the file of a CA's private key that is none, or another's"
if ! command -v age >/dev/null; then
	skip "needs age"
else
	instance
	node web1 192.0.2.1
	must "$LEAP" cert update
	must cp files/ca/client_ca.key.age files/ca/ca.key.age
	echo garbage | age -a -r "$(sed -n 's/.*"recipient": "\(.*\)".*/\1/p' vault/default.json)" >files/ca/client_ca.key.age
	leap cert update --force
	status_is 5
	stderr_is <<-'EOT'
	leap: files/ca/ca.key.age: the CA's private key does not belong to its certificate
	hint: git knows it as it was; "leap vault verify" says whether it was changed
	EOT
	leap cert client alice
	status_is 5
	stderr_is <<-'EOT'
	leap: files/ca/client_ca.key.age: the CA's private key cannot be read
	hint: git knows it as it was; "leap vault verify" says whether it was changed
	EOT
fi

it "lets no certificate outlive its CA"
instance
rm -r files/ca
provider '"ca": { "life_span": "100 days" }'
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
	must "$LEAP" cert ca --rotate
	must "$LEAP" cert update
	cp files/ca/ca-next.crt files/ca/ca.crt
	cp files/ca/ca-next.key.age files/ca/ca.key.age
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
leap deploy --yes --unsigned
status_is 4
stderr_has "warning: files/ca/ca.key.age: has changed since alice signed the vault"
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

it "a CA is limited to the provider's domains, and says whom else to ask"
instance
check test "$(openssl x509 -in files/ca/ca.crt -noout -ext nameConstraints | tr -d ' \n')" = \
    "X509v3NameConstraints:criticalPermitted:DNS:example.orgemail:example.orgemail:.example.org\
DNS:example.iemail:example.iemail:.example.iExcluded:IP:0.0.0.0/0.0.0.0IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0"
check_not grep -q NameConstraints <(openssl x509 -in files/ca/client_ca.crt -noout -text)
node web1 192.0.2.1 '"dns": { "aliases": ["shop.example.com"] }'
leap cert update
status_is 3
stderr_is <<'EOT'
nodes/web1.json:1:23: "shop.example.com" is outside of what the CA may sign for: example.org, example.i
    { "dns": { "aliases": ["shop.example.com"] }, "ip_address": "192.0.2.1" }
                          ^
hint: another CA may sign for it, see "leap cert csr shop.example.com"; or add its domain to provider.ca.domains and replace the CA with "leap cert ca --rotate"
EOT
check_not test -e files/nodes/web1/web1.crt
leap cert csr shop.example.com
leap cert update
status_is 0
stderr_is <<<"web1: made a certificate for 365 days: it had none"
check_not verifies -verify_hostname shop.example.com files/nodes/web1/web1.crt
rm -r files/ca files/cert
provider '"ca": { "domains": ["example.com"], "server_certificates": { "addresses": true } }'
leap cert ca
leap cert update
status_is 0
check verifies -verify_hostname shop.example.com files/nodes/web1/web1.crt
check verifies -verify_ip 192.0.2.1 files/nodes/web1/web1.crt

it "leap check tells of names outside of what the CA may sign for"
instance
node web1 192.0.2.1
leap cert update
node web1 192.0.2.1 '"dns": { "aliases": ["shop.example.com"] }'
leap check
status_is 3
stdout_has 'nodes/web1.json:1:23: error: "shop.example.com" is outside of what the CA may sign for: example.org, example.i [outside-ca]'

it "refuses settings that make no sense"
instance
node web1 192.0.2.1
provider '"ca": { "server_certificates": { "key_type": "dsa" } }'
leap cert update
status_is 3
stderr_is <<'EOT'
provider.json: ca.server_certificates.key_type "dsa" is not known
hint: there are "ecdsa-p256" and "rsa-3072"
EOT
for span in soon 0\ days 1year "200 years" "-1 days" "1 days "; do
	provider "\"ca\": { \"server_certificates\": { \"life_span\": \"$span\" } }"
	leap cert update
	status_is 3
	stderr_is <<'EOT'
provider.json: ca.server_certificates.life_span is no time of 1 to 36500 days
hint: write it as "90 days", "6 months" or "1 year"
EOT
done

it "lists what a node gets itself, as far as it can be known here"
instance
node web1 192.0.2.1 '"services": ["static"], "x509": { "acme": { "local": true } },
	"dns": { "aliases": ["shop.example.org", "www.example.org"] }, "static": { "domains": { "shop.example.org": {} } }'
node web2 192.0.2.2 '"services": ["static"]'
node web3 192.0.2.3 '"enabled": false, "services": ["static"], "x509": { "acme": { "local": true } }'
leap cert ls
status_is 0
check test "$(awk '$2 == "on" { print $1, $3, $4, $5, $6, $7, $8 }' "$OUT")" = "shop.example.org web1 - - unknown - -
web1.example.org web1 - - unknown - -"
leap cert ls --json
check test "$(jq -c '.[] | select(.state == "unknown")' "$OUT")" = \
    '{"name":"shop.example.org","path":"web1:/etc/leap/acme/shop.example.org.crt","state":"unknown","what":"on web1"}
{"name":"web1.example.org","path":"web1:/etc/leap/acme/web1.example.org.crt","state":"unknown","what":"on web1"}'
leap cert show shop.example.org
status_is 2
stderr_has 'leap: there is no certificate of "shop.example.org"'
must "$LEAP" cert csr shop.example.org
leap cert ls
check test "$(awk '$2 == "on" { print $1 }' "$OUT")" = web1.example.org

it "lists all that ends one day, sorted, and its status is for monitors"
instance
node web1 192.0.2.1
leap cert update
leap cert client alice --days 10
leap cert csr
leap cert ls
status_is 0
check test "$(awk 'NR > 1 { print $1 }' "$OUT" | tr '\n' ' ')" = "alice example.org web1 ca client_ca "
check test "$(awk '$1 == "example.org" { print $2, $5, $6 }' "$OUT")" = "stand-in good P-256"
leap cert ls --within 20
status_is 1
stderr_is <<<"leap: 1 of 5 has ended, or will before long: alice"
stdout_has "soon"
leap cert ls --within 9
status_is 0
leap cert ls --json --within 366
status_is 1
stderr_is <<<"leap: 3 of 5 have ended, or will before long: alice, example.org, web1"
check test "$(jq -r '.[] | select(.name == "web1") | .what + " " + .state + " " + .path' "$OUT")" = \
    "node soon files/nodes/web1/web1.crt"
check test "$(jq -r '.[0].sha256' "$OUT")" = \
    "$(openssl x509 -in files/clients/alice.crt -noout -fingerprint -sha256 | sed 's/.*=//')"
leap cert ls --within x
status_is 2

it "what a node that is disabled has troubles nobody, and is no reason to deploy there"
instance
provider '"x509": { "crl": true }'
node web1 192.0.2.1
node web2 192.0.2.2
leap cert update
sed -i 's/{/{ "enabled": false,/' nodes/web2.json
leap cert ls --within 366
status_is 1
stderr_is <<<"leap: 1 of 4 has ended, or will before long: web1"
check test "$(awk '$1 == "web2" { print $5 }' "$OUT")" = disabled

it "a certificate that a CA signed comes before one that stands in"
instance
put services/which/service.json <<<'{}'
node web1 192.0.2.1 '"services": ["which"]'
put services/which/recipe.lua <<<'file("/etc/which", { content = certificate("www.example.org") .. "\n" })'
leap cert csr www.example.org
status_is 0
must git add -A
must git -c user.name=x -c user.email=x@example.org commit -qm all
put services/which/recipe.lua <<<'file("/etc/what", { content = certificate("www.example.org") .. "\n" })'
leap impact -p
stdout_has '+www.example.org'
must openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/ca.key" -out "$WORK/ca.pem" -subj "/CN=x"
must openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/wild.key" -out files/cert/wild.crt \
    -subj "/CN=*.example.org" -addext "subjectAltName=DNS:*.example.org" -CA "$WORK/ca.pem" -CAkey "$WORK/ca.key"
leap impact -p
stdout_has '+wild'

it "what has expired is told"
instance
# Of the first months of 2020.
put files/cert/old.example.org.crt <<'EOT'
-----BEGIN CERTIFICATE-----
MIIBHDCBwgIBATAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA9vbGQuZXhhbXBsZS5v
cmcwHhcNMjAwMTAxMDAwMDAwWhcNMjAwNDAxMDAwMDAwWjAaMRgwFgYDVQQDDA9v
bGQuZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQy88Kmajqr
l1pgJ0b8kQXDKM54hw7SZ23Xu2PJV85rJW0gQ1vwqzTSy1pPSVwYiOXuYNX+F93o
4ZEfbVKselFFMAoGCCqGSM49BAMCA0kAMEYCIQCjq8afaXUrdeDdUwg/Czbzj0UE
U+c1Dzfbom0o9tyluQIhAJFbadjUM09/U5ofJ8rDT3/nMdrRjFUjm771BSgduSt+
-----END CERTIFICATE-----
EOT
leap cert ls
status_is 1
stderr_is <<<"leap: 1 of 3 has ended, or will before long: old.example.org"
check test "$(awk '$1 == "old.example.org" { print $2, $5 }' "$OUT")" = "stand-in expired"

it "shows what a certificate says, by its name or file"
instance
node web1 192.0.2.1
leap cert update
leap cert show web1
status_is 0
stdout_has "file: files/nodes/web1/web1.crt"
stdout_has "DNS:web1.example.org, DNS:web1.example.i"
leap cert show files/ca/ca.crt
stdout_has "Subject: O = Example, CN = Example Root CA"
leap cert show web2
status_is 2
stderr_is <<'EOT'
leap: there is no certificate of "web2"
hint: did you mean "web1"?
EOT
leap cert client web1
leap cert show web1
status_is 2
stderr_has 'leap: "web1" is files/clients/web1.crt and files/nodes/web1/web1.crt'

it "makes client certificates, which are clients' only"
instance
leap cert client alice
status_is 0
stderr_is <<'EOT'
alice: made a client certificate for 60 days: there was none
hand it over with: leap cert export alice -o FILE
EOT
check openssl verify -x509_strict -purpose sslclient -CAfile files/ca/client_ca.crt files/clients/alice.crt >/dev/null
check_not openssl verify -purpose sslserver -CAfile files/ca/client_ca.crt files/clients/alice.crt >/dev/null 2>&1
leap cert client alice
stderr_is <<<"alice: the certificate is good"
leap cert client alice --force --days 5
stderr_has "alice: made a client certificate for 5 days: as asked"
leap cert client ../alice
status_is 2
leap cert client alice --days 4000
status_is 5
stderr_has "leap: the client CA has 36"

it "exports a client's certificate as PEM, PKCS #12 and a profile for OpenVPN, for nobody else to read"
instance
leap cert export alice -o "$WORK/alice.pem"
status_is 2
stderr_is <<'EOT'
leap: there is no client certificate files/clients/alice.crt, or no key of it
hint: make it with "leap cert client alice"
EOT
leap cert client alice
leap cert export alice
status_is 2
umask 022
rm -f "$WORK"/alice.*
leap cert export alice -o "$WORK/alice.pem"
status_is 0
stdout_empty
check test "$(stat -c %a "$WORK/alice.pem")" = 600
check test "$(grep -c BEGIN "$WORK/alice.pem")" = 3
check test "$(openssl pkey -in "$WORK/alice.pem" -pubout)" = "$(openssl x509 -in files/clients/alice.crt -noout -pubkey)"
leap cert export alice -o "$WORK/alice.pem"
status_is 2
stderr_has "leap: there is a file $WORK/alice.pem already"
leap cert export alice --format p12 -o "$WORK/alice.p12"
status_is 2
stderr_has "hint: say --generate-password to have one made up and shown"
leap cert export alice --format p12 --generate-password -o "$WORK/alice.p12"
status_is 0
check test "$(stat -c %a "$WORK/alice.p12")" = 600
check test "$(openssl pkcs12 -in "$WORK/alice.p12" -nodes -passin "pass:$(cat "$OUT")" | grep -c -- -----BEGIN)" = 4
for format in pem ovpn; do
	leap cert export alice --format "$format" --generate-password -o "$WORK/alice.clear"
	status_is 2
	stderr_is <<-EOT
	leap: --generate-password: a file in $format has no password
	hint: --format p12 has one
	EOT
	check_not test -e "$WORK/alice.clear"
done
printf 'word-of-mine\nword-of-mine\n' |
    script -qec "'$LEAP' cert export alice --format p12 -o '$WORK/asked.p12'" /dev/null >"$OUT" 2>&1
stdout_has "password of the new file: "
stdout_lacks ": : "
leap cert export alice --format ovpn -o "$WORK/alice.ovpn"
status_is 3
stderr_has "leap: no node has openvpn properties: there is nothing to connect to"
node vpn1 192.0.2.5 '"openvpn": { "ports": [443, "1194"], "protocols": ["tcp", "udp"], "gateway_address": "192.0.2.6" }'
leap cert export alice --format ovpn -o "$WORK/alice.ovpn"
status_is 0
check test "$(grep '^remote ' "$WORK/alice.ovpn" | tr '\n' ';')" = \
    "remote 192.0.2.6 443 tcp;remote 192.0.2.6 1194 tcp;remote 192.0.2.6 443 udp;remote 192.0.2.6 1194 udp;"
leap cert export alice --format der -o "$WORK/alice.der"
status_is 2
stderr_is <<<"leap: --format der is not known: there are pem, p12 and ovpn"
must "$LEAP" cert revoke alice --yes
leap cert export alice -o "$WORK/revoked.pem"
status_is 0
stderr_is <<EOT
warning: the certificate of alice was revoked: nodes refuse it
hint: "leap cert client alice" makes another
alice: key and certificate are in $WORK/revoked.pem, readable for you only
EOT

it "revokes certificates: on record, in the list, and a node gets another"
instance
node web1 192.0.2.1
leap cert update
leap cert client alice
leap cert client bob
leap cert revoke alice
status_is 2
stderr_has "hint: say --yes to revoke it without a question"
leap cert revoke alice --yes
status_is 0
stderr_is <<'EOT'
files/ca/client_ca.crl: made for 180 days: there was none
alice: the certificate is revoked
no node has the list, so that nobody refuses it: see x509.crl and x509.client_ca
EOT
revoked() { openssl verify -crl_check -CAfile "files/ca/$1.crt" -CRLfile "files/ca/$1.crl" "$2" 2>&1 | grep -q revoked; }
check revoked client_ca files/clients/alice.crt
check_not revoked client_ca files/clients/bob.crt
leap cert revoke alice --yes
status_is 2
stderr_is <<<"leap: the certificate of alice is revoked already"
cp files/nodes/web1/web1.crt "$WORK/web1.crt"
# What is remembered as good is not, when it is revoked.
sleep 0.1
leap cert update
stderr_is <<<"the certificates of 1 node are good"
leap cert revoke web1 --yes
status_is 0
check revoked ca "$WORK/web1.crt"
leap cert update
stderr_is <<<"web1: made a certificate for 365 days: its old one was revoked"
check_not revoked ca files/nodes/web1/web1.crt
leap cert revoke ca --yes
status_is 2
stderr_is <<<"leap: files/ca/ca.crt: only certificates of nodes and clients can be revoked here"
leap cert ls
status_is 0
check test "$(awk '$1 == "alice" { print $5 }' "$OUT")" = revoked
check test "$(awk '$2 == "revocations" { print $1 }' "$OUT" | sort | tr '\n' ' ')" = "ca client_ca "
leap cert client alice
stderr_has "alice: made a client certificate for 60 days: was revoked"

it "a record of revocations that is broken stops all"
instance
node web1 192.0.2.1
echo '[ { "name": "x" } ]' >files/ca/revoked.json
leap cert update
status_is 5
stderr_is <<<"files/ca/revoked.json: entry 1 lacks name, serial, ca, revoked or ends"

it "nodes that want revocation lists get them"
instance
node web1 192.0.2.1 '"x509": { "crl": true, "client_ca": true }'
leap cert update
status_is 0
stderr_has "files/ca/ca.crl: made for 180 days: there was none"
stderr_has "files/ca/client_ca.crl: made for 180 days: there was none"
leap cert update
stderr_is <<<"the certificates of 1 node are good"
leap check
status_is 0
node web2 192.0.2.2 '"x509": { "crl": true }'
leap cert client alice
leap cert revoke alice --yes
status_is 0
stderr_has "who refuses it from then on: leap deploy web1
"
leap cert update
leap cert revoke web2 --yes
status_is 0
stderr_has "who refuses it from then on: leap deploy web1 web2"

it "a name is good that a certificate of another CA has as a wildcard, or beside others"
instance
node web1 192.0.2.1 '"dns": { "aliases": ["www.elsewhere.net", "elsewhere.org"] }'
mkdir -p files/cert
must openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/other.key" -days 90 \
    -subj /CN=elsewhere.net -addext 'subjectAltName=DNS:elsewhere.net,DNS:*.elsewhere.net' -out files/cert/elsewhere.net.crt
leap cert update
status_is 3
stderr_has '"elsewhere.org" is outside of what the CA may sign for: example.org, example.i'
stderr_lacks '"www.elsewhere.net" is outside'
must openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/other.key" -days 90 -subj /CN=elsewhere.net \
    -addext 'subjectAltName=DNS:elsewhere.net,DNS:*.elsewhere.net,DNS:elsewhere.org' -out files/cert/elsewhere.net.crt
leap cert update
status_is 0

it "a CA is replaced in steps"
instance
node web1 192.0.2.1
leap cert update
leap cert ca --client
status_is 2
cp files/ca/ca.crt "$WORK/old.crt"
leap cert ca --rotate
status_is 0
stderr_is <<'EOT'
made a successor of the CA; the next deploy makes nodes trust both
1. leap deploy
2. give the new bundle to all who trust the CA by themselves
3. leap cert ca --rotate: the successor signs
EOT
check test -e files/ca/ca-next.crt
leap cert update
stderr_is <<<"the certificates of 1 node are good"
leap cert ls
check test "$(awk '/successor/ { print $1 }' "$OUT")" = ca-next
leap cert ca --rotate
status_is 5
stderr_has "leap: 1 node has not been deployed to since the last step, and would break: web1"
leap node disable web1
leap cert ca --rotate
status_is 0
leap node enable web1
check cmp files/ca/ca-old.crt "$WORK/old.crt"
check_not test -e files/ca/ca-next.crt
leap cert update
stderr_is <<<"web1: made a certificate for 365 days: its old one is not signed by the CA"
check verifies files/nodes/web1/web1.crt
leap cert ca --rotate
status_is 5
leap node disable web1
leap cert ca --rotate
status_is 0
check_not test -e files/ca/ca-old.crt
check_not test -e files/ca/ca-old.key.age
check test "$(tr -d ' \n' <files/ca/rollover.json)" = "{}"

it "a switch that was cut off goes on where it was"
instance
leap cert ca --rotate
cp -a files/ca "$WORK/announced"
cp files/ca/ca.crt "$WORK/first.crt"
cp files/ca/ca-next.crt "$WORK/second.crt"
leap cert ca --rotate
status_is 0
# Cut before the record was written: all files are there, and the record says "announced".
cp "$WORK"/announced/ca-next.* "$WORK"/announced/rollover.json files/ca
leap cert ca --rotate
status_is 0
check cmp files/ca/ca-old.crt "$WORK/first.crt"
check cmp files/ca/ca.crt "$WORK/second.crt"
# Cut between key and certificate of the new place.
rm -r files/ca
cp -a "$WORK/announced" files/ca
cp files/ca/ca.crt files/ca/ca-old.crt
cp files/ca/ca.key.age files/ca/ca-old.key.age
cp files/ca/ca-next.key.age files/ca/ca.key.age
leap cert ca --rotate
status_is 0
check cmp files/ca/ca-old.crt "$WORK/first.crt"
check cmp files/ca/ca.crt "$WORK/second.crt"
node web1 192.0.2.1
leap cert update
status_is 0

it "the client CA is replaced likewise, and knows both its generations"
instance
leap cert client alice
leap cert ca --rotate --client
status_is 0
leap cert ca --rotate --client
status_is 0
leap cert revoke alice --yes
status_is 0
check test -e files/ca/client_ca-old.crl
check openssl crl -in files/ca/client_ca-old.crl -noout -CAfile files/ca/client_ca-old.crt -verify 2>/dev/null
check test "$(openssl crl -in files/ca/client_ca-old.crl -noout -text | grep -c 'Serial Number')" = 1
leap cert client alice
status_is 0
check openssl verify -CAfile files/ca/client_ca.crt files/clients/alice.crt >/dev/null

it "asks other CAs with a request, and stands in until they answer"
instance
leap cert csr
status_is 0
stderr_has "give files/cert/example.org.csr to the CA"
check test "$(openssl req -in files/cert/example.org.csr -noout -pubkey)" = \
    "$(openssl x509 -in files/cert/example.org.crt -noout -pubkey)"
leap cert csr '*.example.org'
status_is 2
stderr_is <<'EOT'
leap: there is a request or certificate already: files/cert/example.org.crt
hint: --force makes a new key, and what was signed for the old one is worthless then; example.org and *.example.org share a request: leap cert csr --force example.org '*.example.org'
EOT
leap cert csr --force example.org '*.example.org'
status_is 0
check grep -q 'DNS:example.org, DNS:\*.example.org' <(openssl req -in files/cert/example.org.csr -noout -text)
leap cert csr 'x y'
status_is 2

it "writes Diffie-Hellman parameters"
instance
leap cert dh
status_is 0
stderr_is <<<"wrote the group ffdhe3072 to files/ca/dh.pem"
check openssl dhparam -in files/ca/dh.pem -check -noout >/dev/null 2>&1
leap cert dh
stderr_is <<<"files/ca/dh.pem has the group ffdhe3072 already"
