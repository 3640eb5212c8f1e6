#!/bin/bash
# test/lab: a node that gets its certificates itself, from Debian's pebble in strict mode, by uacme and a timer.
# May know the command line, an instance's files, and what Debian has.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 400

# shellcheck disable=SC2016 # programs in quotes are for the node
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

PEBBLE=''

lab_restore() { [ -z "$PEBBLE" ] || kill "$PEBBLE"; }

# pebble_start ADDRESS: the server, where nodes reach it.
pebble_start() {
	mkdir -p "$WORK/pebble" && cd "$WORK/pebble" || return 1
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
	    -subj "/CN=test TLS CA" -days 30 -addext basicConstraints=critical,CA:TRUE,pathlen:0 \
	    -addext keyUsage=critical,keyCertSign,cRLSign
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.pem \
	    -subj /CN=localhost -days 30 -CA ca.pem -CAkey ca.key -addext "subjectAltName=IP:$1" \
	    -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth
	put pebble.json <<-EOT
		{ "pebble": { "listenAddress": "$1:14000", "managementListenAddress": "$1:15000",
		    "certificate": "server.pem", "privateKey": "server.key", "httpPort": 80, "tlsPort": 443,
		    "ocspResponderURL": "", "externalAccountBindingRequired": false } }
	EOT
	env PEBBLE_VA_NOSLEEP=1 PEBBLE_AUTHZREUSE=0 PEBBLE_WFE_NONCEREJECT=0 pebble -config pebble.json \
	    -dnsserver "$(address ns1):53" -strict >"$WORK/pebble.log" 2>&1 </dev/null &
	PEBBLE=$!
	poll 10 curl -s --cacert ca.pem "https://$1:14000/dir"
}

# page NAME CAS: the site's page, for who trusts these.
page() {
	curl -sS -m 10 -o /dev/null --cacert "$2" --resolve "$1:443:$(address web1)" "https://$1/"
}

served() { openssl s_client -connect "$(address web1):443" -servername "$1" </dev/null 2>/dev/null | openssl x509 -noout "${@:2}"; }

it "the nodes boot"
lab_needed
if ! command -v pebble >/dev/null; then
	skip "pebble is not installed (tools/install-dependencies)"
	exit 0
fi
lab_instance web1=static ns1=dns
sed -i '1,/{/s/{/{ "dns": { "aliases": ["www.example.org"] },/' nodes/web1.json
lab_boot
host=$(on web1 'ip -4 route show default' | awk '{ print $3 }')
must pebble_start "$host"
must scp -q "${SSH_OPTIONS[@]}" "$WORK/pebble/ca.pem" "root@$(address web1):/usr/local/share/ca-certificates/pebble.crt"
must on web1 update-ca-certificates

it "the first deploy serves with the provider's certificate"
cd "$LAB" || exit 1
put services/static.json <<<"{ \"x509\": { \"acme\": { \"local\": true, \"server\": \"https://$host:14000/dir\" } } }"
leap deploy --yes
status_is 0
check on web1 'systemctl is-active leap-acme.timer'
check page web1.example.org files/ca/ca.crt

it "soon after it has one of the public CA, for all names of the site"
cd "$LAB" || exit 1
curl -sS --cacert "$WORK/pebble/ca.pem" "https://$host:15000/roots/0" >"$WORK/root.pem"
# The name server may have had the name only after the node's first try; the next would be a minute after the deploy.
check poll 60 on web1 systemctl start leap-acme.service
check poll 20 page www.example.org "$WORK/root.pem"
check page web1.example.org "$WORK/root.pem"
check test -z "$(on web1 'ls -A /run/leap-acme')"
check test "$(on web1 'stat -L -c %a:%U /etc/leap/acme/web1.example.org.key')" = 400:root
check test "$(on web1 'stat -c %a:%U /etc/leap/acme')" = 700:root
nothing_changes
check page www.example.org "$WORK/root.pem"

it "a run that finds it good asks nobody"
serial=$(served www.example.org -serial)
must on web1 systemctl start leap-acme.service
check test "$(served www.example.org -serial)" = "$serial"
must on web1 systemctl stop leap-acme.timer

it "it is renewed when two thirds of its life are over"
# A day before a third of it is left it is good, a day later it is due: date(1) tells the node what the time is.
late() {
	on web1 "printf '#!/bin/sh\n[ \"\$*\" = +%%s ] && exec /usr/bin/date -d \"$1\" +%%s\nexec /usr/bin/date \"\$@\"\n' >/usr/local/bin/date; chmod 755 /usr/local/bin/date"
	must on web1 'PATH=/usr/local/bin:$PATH /etc/leap/acme-renew'
}
renewed() { test "$(served www.example.org -serial)" != "$serial"; }	# nginx takes a moment with what is new
starts=$(served www.example.org -startdate | cut -d = -f 2) ends=$(served www.example.org -enddate | cut -d = -f 2)
third=$(($(date -d "$ends" +%s) - ($(date -d "$ends" +%s) - $(date -d "$starts" +%s)) / 3))
late "@$((third - 86400))"
check_not renewed
late "@$((third + 86400))"
check poll 20 renewed
on web1 rm /usr/local/bin/date

it "another name gets into it, and the CA's absence is no harm"
cd "$LAB" || exit 1
sed -i 's/"www.example.org"/"www.example.org", "blog.example.org"/' nodes/web1.json
leap deploy --yes
status_is 0
check poll 60 on web1 systemctl start leap-acme.service
check poll 20 page blog.example.org "$WORK/root.pem"
kill "$PEBBLE"
wait "$PEBBLE" 2>/dev/null
PEBBLE=''
must on web1 systemctl start leap-acme.service
check page blog.example.org "$WORK/root.pem"
