#!/bin/bash
# test: what leap compile makes for other programs, read by those programs where they are here.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

key_of() { cut -d' ' -f1,2 "$WORK/host.pub"; }

# pin NODE: pin the host key of these tests for the node.
pin() {
	[ -e "$WORK/host" ] || must ssh-keygen -q -t ed25519 -N '' -C host -f "$WORK/host"
	mkdir -p "files/nodes/$1"
	cp "$WORK/host.pub" "files/nodes/$1/$1_ssh.pub"
}

fleet() {
	instance
	node web1 192.0.2.1 '"services": ["static"], "tags": ["production"], "location": { "name": "ams" },
		"dns": { "aliases": ["www.example.org"] }'
	node ns1 2001:db8::53 '"services": ["dns"], "environment": "staging", "ssh": { "port": 2222, "user": "deploy" },
		"prometheus": { "port": 9199 }'
	node db-1 192.0.2.5 '"tags": ["production"], "firewall": { "db": { "ports": [5432, "6000-6010"], "protocol": "tcp",
		"from": "= nodes_like_me{ services = \"static\" }:field(\"ip_address\")" } }'
	node lab 10.9.9.9 '"services": ["static"], "tags": ["local"]'
	node off 192.0.2.9 '"services": ["static"], "enabled": false'
	pin web1
	pin ns1
	pin db-1
}

it "hosts has every node"
fleet
leap compile hosts
status_is 0
stdout_is <<'EOT'
192.0.2.5	db-1.example.org db-1.example.i db-1
10.9.9.9	lab.example.org lab.example.i lab
2001:db8::53	ns1.example.org ns1.example.i ns1
192.0.2.1	web1.example.org web1.example.i web1 www.example.org
EOT
leap compile hosts production -db-1
status_is 0
stdout_is <<'EOT'
192.0.2.1	web1.example.org web1.example.i web1 www.example.org
EOT
sed -i 's/"www.example.org"/"web1.example.org", "www.example.org", "web1"/' nodes/web1.json
leap compile hosts production -db-1
status_is 0
stdout_is <<'EOT'
192.0.2.1	web1.example.org web1.example.i web1 www.example.org
EOT

it "the zone is that of the world, or where asked that of this machine"
fleet
leap compile zone
status_is 0
stdout_has 'web1                    A     192.0.2.1'
stdout_lacks lab
leap compile zone local
status_is 3
stderr_has 'the zone example.org has no name server'

it "firewall tells who may reach what"
fleet
leap compile firewall
status_is 0
stdout_is <<'EOT'
TO    FOR      PROTOCOL  PORTS            FROM
db-1  db       tcp       5432, 6000-6010  192.0.2.1 (web1)
db-1  ssh      tcp       22               anybody
ns1   dns_tcp  tcp       53               anybody
ns1   dns_udp  udp       53               anybody
ns1   ssh      tcp       2222             anybody
web1  ssh      tcp       22               anybody
web1  static   tcp       80, 443          anybody
EOT
leap compile firewall db-1 --json
status_is 0
stdout_is <<'EOT'
{
    "db-1": {
        "db": {
            "from": [
                "192.0.2.1"
            ],
            "ports": [
                5432,
                "6000-6010"
            ],
            "protocol": "tcp"
        },
        "ssh": {
            "from": [
                "*"
            ],
            "ports": [
                22
            ],
            "protocol": "tcp"
        }
    }
}
EOT

it "ssh-config has the pinned key of each node, and names those without"
fleet
leap compile ssh-config ns1 lab
status_is 0
stdout_is <<EOT
# Written by leap: the nodes and their pinned host keys, for ssh_config(5).
# Include it at the top of ~/.ssh/config.

Host ns1 ns1.example.org ns1.example.i
    HostName 2001:db8::53
    Port 2222
    User deploy
    StrictHostKeyChecking yes
    UserKnownHostsFile /dev/null
    GlobalKnownHostsFile /dev/null
    CheckHostIP no
    UpdateHostKeys no
    VerifyHostKeyDNS no
    NoHostAuthenticationForLocalhost no
    KnownHostsCommand /bin/echo ns1 $(key_of)
    HostKeyAlias ns1
    HostKeyAlgorithms ssh-ed25519
EOT
stderr_is <<'EOT'
lab is left out, its host key is not pinned: leap node init lab
EOT

# ssh_says NODE OPTION VALUE: what ssh makes of the file.
ssh_says() {
	ssh -F "$OUT" -G "$1" 2>&1 | grep -i "^$2 " >"$WORK/said"
	[ "$(cut -d' ' -f2- "$WORK/said")" = "$3" ] || fail "ssh -G $1: $(cat "$WORK/said"), want $2 $3"
}

it "ssh reads its configuration, with a key in an odd place"
fleet
mkdir -p "$HOME/my \"keys\""
printf "ssh:\n  key: '~/my \"keys\"/100%%h'\n" >Leapfile
leap compile ssh-config
status_is 0
for name in web1 web1.example.org web1.example.i; do
	ssh_says $name hostname 192.0.2.1
	ssh_says $name port 22
	ssh_says $name hostkeyalias web1
	ssh_says $name stricthostkeychecking true
	ssh_says $name userknownhostsfile /dev/null
	ssh_says $name identitiesonly yes
	ssh_says $name knownhostscommand "/bin/echo web1 $(key_of)"
done
ssh_says ns1 port 2222
ssh_says ns1 user deploy
ssh_says elsewhere hostname elsewhere
stdout_has '    IdentityFile "~/my \"keys\"/100%%h"'
stdout_lacks "$WORK"

it "plain ssh finds a node and trusts its pinned key only"
if [ "$(id -u)" -ne 0 ] || [ ! -x /usr/sbin/sshd ]; then
	skip "needs root and openssh-server"
else
	fleet
	mkdir -p /run/sshd
	while port=$((20000 + RANDOM % 20000)) && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
	cp "$WORK/.key.pub" "$WORK/authorized"
	/usr/sbin/sshd -D -f /dev/null -h "$WORK/host" -o "Port=$port" -o ListenAddress=127.0.0.1 -o PidFile=none \
	    -o "AuthorizedKeysFile=$WORK/authorized" -o StrictModes=no 2>/dev/null &
	sshd=$!
	until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.05; done
	printf 'ssh:\n  key: %s\n' "$WORK/.key" >Leapfile
	node web1 127.0.0.1 "\"ssh\": { \"port\": $port }"
	leap compile ssh-config --write
	status_is 0
	check ssh -n -F compiled/ssh_config -o BatchMode=yes web1 true
	check ssh -n -F compiled/ssh_config -o BatchMode=yes web1.example.org true
	ssh-keygen -q -t ed25519 -N '' -C other -f "$WORK/other"
	cp "$WORK/other.pub" files/nodes/web1/web1_ssh.pub
	leap compile
	ssh -n -F compiled/ssh_config -o BatchMode=yes web1 true 2>"$WORK/refused"
	check test $? -eq 255
	check grep -q 'Host key verification failed' "$WORK/refused"
	check test ! -e "$HOME/.ssh/known_hosts"
	kill "$sshd"
fi

it "what has no form in JSON says so, what is JSON stays as it is"
fleet
for output in hosts zone ssh-config; do
	leap compile $output --json
	status_is 2
	stdout_empty
	stderr_is <<<"leap: $output has no form in JSON"
done
for output in prometheus ansible; do
	leap compile $output
	cp "$OUT" "$WORK/plain"
	leap compile $output --json
	status_is 0
	check cmp "$OUT" "$WORK/plain"
done
leap compile hosts --write --json
status_is 0

it "provider.json is one for each environment"
fleet
leap compile provider.json
status_is 2
stderr_is <<'EOT'
leap: each environment has its own provider.json: production, staging
hint: name one: leap compile provider.json production
EOT
leap compile provider.json production
status_is 0
fingerprint=$(openssl x509 -in files/ca/ca.crt -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)
stdout_is <<EOT
{
    "api_version": "1",
    "ca_cert_fingerprint": "SHA256: $fingerprint",
    "ca_cert_uri": "https://example.org/ca.crt",
    "default_language": "en",
    "description": {
        "en": "Example"
    },
    "domain": "example.org",
    "enrollment_policy": "open",
    "languages": [
        "en"
    ],
    "name": {
        "en": "Example"
    },
    "services": []
}
EOT

it "prometheus gets targets with labels"
fleet
leap compile prometheus -db-1
status_is 0
stdout_is <<'EOT'
[
    {
        "labels": {
            "domain": "lab.example.org",
            "environment": "local",
            "node": "lab",
            "services": ",static,",
            "tags": ",local,"
        },
        "targets": [
            "10.9.9.9:9100"
        ]
    },
    {
        "labels": {
            "domain": "ns1.example.org",
            "environment": "staging",
            "node": "ns1",
            "services": ",dns,",
            "tags": ""
        },
        "targets": [
            "[2001:db8::53]:9199"
        ]
    },
    {
        "labels": {
            "domain": "web1.example.org",
            "environment": "production",
            "location": "ams",
            "node": "web1",
            "services": ",static,",
            "tags": ",production,"
        },
        "targets": [
            "192.0.2.1:9100"
        ]
    }
]
EOT
leap compile prometheus
stdout_lacks '"lab"'
node web1 192.0.2.1 '"prometheus": { "port": 70000 }'
leap compile prometheus
status_is 3
stderr_has 'nodes/web1.json:1:27: "prometheus.port" must be a port, from 1 to 65535, not 70000'

it "ansible gets an inventory"
fleet
sed -i 's/^ssh:.*//' Leapfile
leap compile ansible ns1 db-1 lab
status_is 0
key=$(key_of)
common() {
	printf "'-oStrictHostKeyChecking=yes' '-oUserKnownHostsFile=/dev/null' '-oGlobalKnownHostsFile=/dev/null' "
	printf "'-oCheckHostIP=no' '-oUpdateHostKeys=no' '-oVerifyHostKeyDNS=no' '-oNoHostAuthenticationForLocalhost=no' "
	printf "'-oKnownHostsCommand=/bin/echo %s %s' '-oHostKeyAlias=%s' '-oHostKeyAlgorithms=ssh-ed25519'" "$1" "$key" "$1"
}
stdout_is <<EOT
{
    "all": {
        "children": {
            "environment_local": {
                "hosts": {
                    "lab": {}
                }
            },
            "environment_production": {
                "hosts": {
                    "db-1": {}
                }
            },
            "environment_staging": {
                "hosts": {
                    "ns1": {}
                }
            },
            "service_dns": {
                "hosts": {
                    "ns1": {}
                }
            },
            "service_static": {
                "hosts": {
                    "lab": {}
                }
            },
            "tag_local": {
                "hosts": {
                    "lab": {}
                }
            },
            "tag_production": {
                "hosts": {
                    "db-1": {}
                }
            }
        },
        "hosts": {
            "db-1": {
                "ansible_host": "192.0.2.5",
                "ansible_port": 22,
                "ansible_ssh_common_args": "$(common db-1)",
                "ansible_user": "root"
            },
            "lab": {
                "ansible_host": "10.9.9.9",
                "ansible_port": 22,
                "ansible_user": "root"
            },
            "ns1": {
                "ansible_become": true,
                "ansible_host": "2001:db8::53",
                "ansible_port": 2222,
                "ansible_ssh_common_args": "$(common ns1)",
                "ansible_user": "deploy"
            }
        }
    }
}
EOT
stderr_is <<'EOT'
lab has no pinned host key, Ansible will go by your known_hosts: leap node init lab
EOT

it "what is written is kept up to date, and goes with its environment"
fleet
leap compile hosts --write
status_is 0
stdout_is <<'EOT'
created  compiled/hosts
4 nodes compiled: 1 created, 0 changed, 0 removed
EOT
leap compile provider.json --write --json
status_is 0
stdout_is <<'EOT'
{
    "changed": [],
    "created": [
        "compiled/provider.production.json",
        "compiled/provider.staging.json"
    ],
    "nodes": 4,
    "removed": []
}
EOT
for output in zone firewall ssh-config prometheus ansible; do
	leap compile $output --write
	status_is 0
done
leap compile
status_is 0
check test "$(cd compiled && echo *)" = "ansible.json db-1.yaml firewall hosts lab.yaml ns1.yaml prometheus.json \
provider.production.json provider.staging.json ssh_config web1.yaml zone"
for output in hosts firewall ssh-config prometheus ansible; do
	leap compile $output
	file=$output
	case $output in ssh-config) file=ssh_config ;; prometheus | ansible) file=$output.json ;; esac
	check cmp -s "$OUT" "compiled/$file"
done
cp -a compiled "$WORK/first"
leap compile
stdout_is <<'EOT'
4 nodes compiled, nothing changed
EOT
check diff -r compiled "$WORK/first"
rm -rf "$WORK/first"
node ns1 192.0.2.3 '"services": ["dns"], "tags": ["production"]'
rm compiled/ansible.json
leap compile
status_is 0
stdout_is <<'EOT'
changed  compiled/ns1.yaml
changed  compiled/hosts
changed  compiled/zone
changed  compiled/firewall
changed  compiled/ssh_config
changed  compiled/prometheus.json
removed  compiled/provider.staging.json
4 nodes compiled: 0 created, 6 changed, 1 removed
EOT
check test ! -e compiled/ansible.json

it "an output that cannot be made leaves everything as it was"
fleet
leap compile zone --write
leap compile
cp -a compiled "$WORK/first"
node ns1 2001:db8::53 '"environment": "staging"'
leap compile
status_is 3
stderr_has 'has no name server'
check diff -r compiled "$WORK/first"

it "looking makes no secret"
instance
node web1 192.0.2.1 '"services": ["static"], "password": "= secret(\"pw\")"'
leap compile hosts
status_is 0
check test ! -e secrets

it "only this machine's nodes: then they are the ones"
instance
node lab 10.9.9.9 '"services": ["static"], "tags": ["local"]'
leap compile firewall
status_is 0
stdout_has lab

it "refuses what it cannot make"
fleet
leap compile host
status_is 2
stderr_is <<'EOT'
leap: cannot compile "host"
hint: did you mean "hosts"?
EOT
leap compile everything
status_is 2
stderr_is <<'EOT'
leap: cannot compile "everything"
hint: it is one of all, hosts, zone, firewall, ssh-config, provider.json, prometheus, ansible
EOT
leap compile all web1
status_is 2
stderr_has 'what is compiled is whole: "all" takes no filter'
leap compile hosts web1 --write
status_is 2
stderr_has 'what is written is whole: --write takes no filter'
leap compile --write
status_is 2
stderr_has '--write wants the name of an output'
node web1 192.0.2.5
leap compile hosts
status_is 3
stderr_has 192.0.2.5
