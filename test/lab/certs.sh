#!/bin/bash
# test/lab: the CA of real nodes is replaced, and nobody who trusts what was deployed ever notices.
# May know the command line, an instance's files, and where nodes have their certificates.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 400

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

issuer_key() { openssl x509 -in "$1" -noout -ext authorityKeyIdentifier | tail -n 1; }

# page NAME BUNDLE: whether the node shows its page to a client that trusts these CAs.
page() {
	curl -sS -m 10 -o /dev/null --cacert "$2" --resolve "$1.example.org:443:$(address "$1")" \
	    "https://$1.example.org/provider.json"
}

# Clients that go on and on.  The lazy one trusts $WORK/lazy.crt, which is the bundle of the last deploy that is over;
# the eager one asks web1 for its bundle every time, over what it trusts so far.
lazy_client() {
	local name

	while [ ! -e "$WORK/stop" ]; do
		for name in web1 web2; do
			cp "$WORK/lazy.crt" "$WORK/lazy.now" && page "$name" "$WORK/lazy.now" && echo "$name" >>"$WORK/lazy.good"
		done
	done
}

eager_client() {
	local name

	while [ ! -e "$WORK/stop" ]; do
		curl -sS -m 10 -o "$WORK/eager.new" --cacert "$WORK/eager.crt" \
		    --resolve "web1.example.org:443:$(address web1)" https://web1.example.org/ca.crt &&
		    mv "$WORK/eager.new" "$WORK/eager.crt"
		for name in web1 web2; do
			page "$name" "$WORK/eager.crt" && echo "$name" >>"$WORK/eager.good"
		done
	done
}

start_clients() {
	cp files/ca/ca.crt "$WORK/lazy.crt"
	cp files/ca/ca.crt "$WORK/eager.crt"
	rm -f "$WORK/stop"
	lazy_client 2>"$WORK/lazy.bad" &
	LAZY=$!
	eager_client 2>"$WORK/eager.bad" &
	EAGER=$!
}

stop_clients() {
	touch "$WORK/stop"
	wait "$LAZY" "$EAGER"
}

lab_restore() { touch "$WORK/stop"; }

# deployed: a deploy of all, after which the lazy client learns the bundle that nodes have.
deployed() {
	leap deploy --yes
	status_is 0
	on web1 cat /etc/leap/x509/ca.crt >"$WORK/next" && mv "$WORK/next" "$WORK/lazy.crt"
}

it "nodes have the CA's bundle, and show it to their users"
lab_needed
lab_instance web1=static web2=static
lab_boot
leap deploy --yes
status_is 0
check page web1 files/ca/ca.crt
check test "$(on web1 cat /etc/leap/x509/ca.crt)" = "$(cat files/ca/ca.crt)"
check test "$(on web1 'openssl verify -x509_strict /etc/leap/x509/node.crt')" = "/etc/leap/x509/node.crt: OK"
nothing_changes

it "a CA that nodes lack cannot be switched to"
cd "$LAB" || exit 1
old=$(issuer_key files/nodes/web1/web1.crt)
leap cert ca --rotate
status_is 0
leap cert ca --rotate
status_is 5
stderr_is <<EOT
leap: 2 nodes have not been deployed to since the last step, and would break: web1 web2
hint: leap deploy, then again; a node that is gone for good: leap node disable NAME
EOT
leap deploy --yes web1
status_is 0
leap cert ca --rotate
status_is 5
stderr_has "leap: 1 node has not been deployed to since the last step, and would break: web2"

it "two deploys replace the CA, and no client sees an error"
cd "$LAB" || exit 1
start_clients
deployed
check test "$(on web2 'grep -c BEGIN /etc/leap/x509/ca.crt')" = 2
check test "$(issuer_key files/nodes/web1/web1.crt)" = "$old"
leap cert ca --rotate
status_is 0
stderr_has "the successor signs from now on; the old CA is still trusted"
deployed
check_not test "$(issuer_key files/nodes/web1/web1.crt)" = "$old"
leap cert ca --rotate
status_is 0
stderr_is <<<"the old CA is gone; the next deploy takes it from the nodes"
deployed
stop_clients
check test "$(cat "$WORK/lazy.bad" "$WORK/eager.bad")" = ""
check test "$(grep -c web1 "$WORK/lazy.good")" -gt 20
check test "$(grep -c web2 "$WORK/eager.good")" -gt 20
check test "$(on web2 cat /etc/leap/x509/ca.crt)" = "$(cat files/ca/ca.crt)"
check_not test -e files/ca/ca-old.crt
check test "$(on web1 'ls /usr/local/share/ca-certificates')" = leap_ca.crt
check test "$(on web1 'openssl verify /etc/leap/x509/node.crt')" = "/etc/leap/x509/node.crt: OK"
nothing_changes

it "a revoked certificate is made anew, and nodes that want the list get it"
cd "$LAB" || exit 1
sed -i 's/{/{ "x509": { "crl": true, "client_ca": true },/' nodes/web1.json
leap cert client alice
leap cert revoke alice --yes
status_is 0
leap cert revoke web2 --yes
status_is 0
leap deploy --yes
status_is 0
stderr_has "web2: made a certificate for 365 days: its old one was revoked"
check test "$(on web1 'openssl crl -in /etc/leap/x509/client_ca.crl -noout -text | grep -c "Serial Number"')" = 1
check test "$(on web1 'openssl crl -in /etc/leap/x509/ca.crl -noout -text | grep -c "Serial Number"')" = 1
nothing_changes
