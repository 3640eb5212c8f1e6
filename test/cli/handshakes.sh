#!/bin/bash
# test: programs that speak TLS take the certificates made here, and refuse what the CA may not sign.
# May know where keys and certificates are.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 180

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

PORT=$((20000 + $$ % 20000))
SERVERS=()

cleanup() { stop_servers; }

stop_servers() {
	[ ${#SERVERS[@]} -eq 0 ] || kill "${SERVERS[@]}" 2>/dev/null
	wait 2>/dev/null
	SERVERS=()
}

# background COMMAND...: run it until stop_servers; its output is in $WORK/server.log.
background() {
	"$@" >"$WORK/server.log" 2>&1 </dev/null &
	SERVERS+=($!)
}

# poll COMMAND...: until it succeeds, five seconds at most.
poll() {
	local until=$((SECONDS + 5))

	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.1
	done
}

# needs PROGRAM...: whether they are all installed; else the test is skipped.
needs() {
	local program

	for program in "$@"; do
		if ! command -v "$program" >/dev/null; then
			skip "$program is not installed"
			return 1
		fi
	done
}

# material TYPE: certificates of this type for a node and a client, the keys in clear, all in $T.  Made once.
material() {
	T=$WORK/t-$1
	[ ! -e "$T" ] || return 0
	instance
	put provider.json <<-EOT
		{ "domain": "example.org", "name": { "en": "Example" }, "description": { "en": "Example" },
		  "contacts": { "default": ["root@example.org"] },
		  "ca": { "key_type": "$1", "server_certificates": { "key_type": "$1" }, "client_certificates": { "key_type": "$1" } } }
	EOT
	rm -r files/ca
	must "$LEAP" cert ca
	node web1 192.0.2.1
	must "$LEAP" cert update
	must "$LEAP" cert client alice
	mkdir -m 700 "$T"
	must "$LEAP" cert export alice -o "$T/alice.pem"
	must age -d -i "$WORK/.key" -o "$T/vault" vault/default.age
	must age -d -i "$T/vault" -o "$T/web1.key" files/nodes/web1/web1.key.age
	must age -d -i "$T/vault" -o "$T/ca.key" files/ca/ca.key.age
	cp files/nodes/web1/web1.crt files/ca/ca.crt files/ca/client_ca.crt files/clients/alice.crt "$T"
	cat "$T/web1.crt" "$T/web1.key" >"$T/web1.pem"
}

# intruder NAMES: $T/evil.pem, a certificate with these alternative names that the CA's stolen key has signed.
intruder() {
	must openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/evil.key" -out "$T/evil.crt" \
	    -subj /CN=evil -days 9 -CA "$T/ca.crt" -CAkey "$T/ca.key" -addext "subjectAltName=$1" \
	    -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth,clientAuth
	cat "$T/evil.crt" "$T/evil.key" >"$T/evil.pem"
}

gnutls_says() { certtool --verify --load-ca-certificate "$T/ca.crt" --infile "$1" 2>&1; }

for type in ecdsa-p256 rsa-3072; do
	it "openssl accepts every chain strictly: $type"
	needs age && {
		material "$type"
		check openssl verify -x509_strict -CAfile "$T/ca.crt" "$T/ca.crt" >/dev/null
		check openssl verify -x509_strict -CAfile "$T/client_ca.crt" "$T/client_ca.crt" >/dev/null
		check openssl verify -x509_strict -purpose sslserver -CAfile "$T/ca.crt" "$T/web1.crt" >/dev/null
		check openssl verify -x509_strict -purpose sslclient -CAfile "$T/client_ca.crt" "$T/alice.crt" >/dev/null
	}

	it "GnuTLS shakes hands with both sides: $type"
	needs age gnutls-serv gnutls-cli certtool && {
		material "$type"
		background gnutls-serv -q --echo -p "$PORT" --x509certfile "$T/web1.crt" --x509keyfile "$T/web1.key" \
		    --x509cafile "$T/client_ca.crt" --require-client-cert
		shake() {
			echo hello | gnutls-cli -p "$PORT" --x509cafile "$T/ca.crt" --sni-hostname web1.example.org \
			    --verify-hostname web1.example.org "$@" 127.0.0.1
		}
		check poll shake --x509certfile "$T/alice.pem" --x509keyfile "$T/alice.pem"
		check_not shake >"$WORK/refused" 2>&1
		check grep -q "Verified. The certificate is trusted" <(gnutls_says "$T/web1.crt")
		stop_servers
	}

	it "stunnel shakes hands with both sides: $type"
	needs age stunnel && {
		material "$type"
		put "$T/server.conf" <<-EOT
			foreground = yes
			pid =
			[s]
			accept = 127.0.0.1:$PORT
			exec = /bin/echo
			execArgs = echo through the tunnel
			cert = $T/web1.pem
			CAfile = $T/client_ca.crt
			verifyChain = yes
			requireCert = yes
		EOT
		put "$T/client.conf" <<-EOT
			foreground = yes
			pid =
			client = yes
			[c]
			accept = 127.0.0.1:$((PORT + 1))
			connect = 127.0.0.1:$PORT
			cert = $T/alice.pem
			CAfile = $T/ca.crt
			verifyChain = yes
			checkHost = web1.example.org
		EOT
		background stunnel "$T/server.conf"
		background stunnel "$T/client.conf"
		through() { curl -s -m 3 --http0.9 "http://127.0.0.1:$((PORT + 1))/" | grep -q "through the tunnel"; }
		check poll through
		stop_servers
	}

	it "OpenVPN shakes hands with both sides: $type"
	needs age openvpn && {
		material "$type"
		vpn=(openvpn --dev null --proto udp --verb 3 --ping 1 --ping-exit 8 --local 127.0.0.1 --remote 127.0.0.1)
		"${vpn[@]}" --lport "$PORT" --rport $((PORT + 1)) --tls-server --dh none --ca "$T/client_ca.crt" \
		    --cert "$T/web1.crt" --key "$T/web1.key" --remote-cert-tls client >"$T/server.log" 2>&1 </dev/null &
		SERVERS+=($!)
		"${vpn[@]}" --lport $((PORT + 1)) --rport "$PORT" --tls-client --ca "$T/ca.crt" --cert "$T/alice.crt" \
		    --key "$T/alice.pem" --remote-cert-tls server --verify-x509-name web1.example.org name \
		    >"$T/client.log" 2>&1 </dev/null &
		SERVERS+=($!)
		check poll grep -q "Initialization Sequence Completed" "$T/client.log"
		check poll grep -q "Initialization Sequence Completed" "$T/server.log"
		check grep -q "VERIFY OK: depth=0, CN=alice" "$T/server.log"
		check grep -q "VERIFY OK: depth=0, CN=web1.example.org" "$T/client.log"
		stop_servers
	}

	it "nginx shakes hands with both sides: $type"
	needs age nginx && {
		material "$type"
		put "$T/nginx.conf" <<-EOT
			daemon off;
			pid $T/nginx.pid;
			error_log stderr;
			events { }
			http {
				access_log off;
				client_body_temp_path $T/body;
				proxy_temp_path $T/proxy;
				fastcgi_temp_path $T/fastcgi;
				uwsgi_temp_path $T/uwsgi;
				scgi_temp_path $T/scgi;
				server {
					listen 127.0.0.1:$PORT ssl;
					ssl_certificate $T/web1.crt;
					ssl_certificate_key $T/web1.key;
					ssl_client_certificate $T/client_ca.crt;
					ssl_verify_client on;
					return 200 "hello \$ssl_client_s_dn";
				}
			}
		EOT
		chmod 711 "$WORK"
		background nginx -e stderr -c "$T/nginx.conf" -p "$T"
		visit() {
			curl -s -m 3 --cacert "$T/ca.crt" --resolve "web1.example.org:$PORT:127.0.0.1" "$@" \
			    "https://web1.example.org:$PORT/"
		}
		check poll visit --cert "$T/alice.pem"
		check test "$(visit --cert "$T/alice.pem")" = "hello CN=alice"
		check grep -q "No required SSL certificate" <(visit)
		stop_servers
	}
done

it "a stolen CA key passes for nobody else: OpenSSL, GnuTLS and stunnel refuse"
needs age certtool stunnel && {
	material ecdsa-p256
	intruder DNS:evil.example.org
	check openssl verify -CAfile "$T/ca.crt" "$T/evil.crt" >/dev/null
	check grep -q "Verified. The certificate is trusted" <(gnutls_says "$T/evil.crt")
	for names in DNS:evil.com DNS:badexample.org IP:192.0.2.9 email:root@evil.com; do
		intruder "$names"
		check_not openssl verify -CAfile "$T/ca.crt" "$T/evil.crt" >/dev/null 2>&1
		check grep -q "Not verified" <(gnutls_says "$T/evil.crt")
	done
	intruder DNS:evil.com
	printf 'foreground = yes\npid =\n[s]\naccept = 127.0.0.1:%s\nexec = /bin/echo\nexecArgs = echo in\ncert = %s\n' \
	    "$PORT" "$T/evil.pem" >"$T/server.conf"
	printf 'foreground = yes\npid =\nclient = yes\n[c]\naccept = 127.0.0.1:%s\nconnect = 127.0.0.1:%s\nCAfile = %s\n%s\n' \
	    $((PORT + 1)) "$PORT" "$T/ca.crt" "verifyChain = yes" >"$T/client.conf"
	background stunnel "$T/server.conf"
	stunnel "$T/client.conf" >"$T/client.log" 2>&1 </dev/null &
	SERVERS+=($!)
	refused() {
		curl -s -m 3 --http0.9 "http://127.0.0.1:$((PORT + 1))/" && return 1
		grep -q "permitted subtree violation" "$T/client.log"
	}
	check poll refused
	stop_servers
}

true	# the last test may have been skipped
