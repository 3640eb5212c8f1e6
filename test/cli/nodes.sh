#!/bin/bash
# test: leap node add, rm, mv, enable, disable.
# May know the layout of an instance.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

it "writes a node's file, sorted, with lists where lists belong"
instance
leap node add web1 ip_address:192.0.2.1 services:static dns.aliases:www.example.org ssh.port:2222 \
    firewall.ssh.from:192.0.2.9,192.0.2.10
status_is 0
stdout_empty
check diff -u - nodes/web1.json <<-'EOT'
	{
	    "dns": {
	        "aliases": [
	            "www.example.org"
	        ]
	    },
	    "firewall": {
	        "ssh": {
	            "from": [
	                "192.0.2.9",
	                "192.0.2.10"
	            ]
	        }
	    },
	    "ip_address": "192.0.2.1",
	    "services": [
	        "static"
	    ],
	    "ssh": {
	        "port": 2222
	    },
	    "tags": []
	}
EOT
check test -f files/nodes/web1/web1.crt -a -f files/nodes/web1/web1.key.age
leap list
stdout_has web1

it "takes IPv6 addresses, tags and numbers as they are meant"
instance
leap node add web1 ip_address:2001:db8::1 tags:production x.count:-12 x.version:007 x.on:true x.list:1,two,false,
status_is 0
check test "$(tr -d ' \n' <nodes/web1.json)" = '{"ip_address":"2001:db8::1","services":[],"tags":["production"],"x":{"count":-12,"list":[1,"two",false],"on":true,"version":"007"}}'

it "gives local nodes a tag and the next free address"
instance
sed -i 's|network: .*|network: 10.99.7.0/29|' Leapfile
for name in a1 a2 a3; do
	leap node add "$name" --local services:static
	status_is 0
done
file_has nodes/a1.json '"ip_address": "10.99.7.2"'
file_has nodes/a2.json '"ip_address": "10.99.7.3"'
file_has nodes/a3.json '"local"'
leap node rm a2 --yes
leap node add a4 --local
file_has nodes/a4.json '"ip_address": "10.99.7.3"'
leap node add a5 --local ip_address:10.99.7.6
status_is 0
leap node add a6 --local
status_is 0
leap node add a7 --local
status_is 1
stderr_is <<EOT
leap: no address is free in 10.99.7.0/29
hint: choose a larger local.network in the Leapfile
EOT
leap node add a8 --local ip_address:192.0.2.1
status_is 2
stderr_is <<EOT
leap: a local node cannot have the address 192.0.2.1
hint: without ip_address it gets one from local.network, 10.99.7.0/29
EOT

it "wants an address, a good one, that no other node has"
instance
leap node add web1
status_is 2
stderr_is <<EOT
leap: node web1 needs an address
hint: add ip_address:ADDRESS, or --local for a node on this machine
EOT
leap node add web1 ip_address:192.0.2.300
status_is 2
stderr_is <<<'leap: "192.0.2.300" is no IP address'
leap node add web1 ip_address:192.0.2.1
leap node add web2 ip_address:192.0.2.1
status_is 2
stderr_is <<<'leap: node web1 has the address 192.0.2.1 already'
check test "$(ls nodes)" = web1.json

it "refuses names that are no host names, names of services, and nodes that exist"
instance
for name in ../x a/b 'a b' -x X x_y '' "$(printf 'a%.0s' {1..64})"; do
	leap node add ip_address:192.0.2.1 -- "$name" 2>/dev/null
	leap node add -- "$name" ip_address:192.0.2.1
	status_is 2
done
check test -z "$(ls nodes)"
leap node add static ip_address:192.0.2.1
status_is 2
stderr_is <<EOT
leap: "static" is the name of a service: filters would take it for the node
hint: call it static1
EOT
leap node add web1 ip_address:192.0.2.1
leap node add web1 ip_address:192.0.2.2
status_is 2
stderr_is <<EOT
leap: there is a node web1 already: nodes/web1.json
hint: edit that file, or remove the node with "leap node rm web1"
EOT
file_has nodes/web1.json 192.0.2.1

it "refuses unknown services and tags with a suggestion"
instance
leap node add web1 ip_address:192.0.2.1 services:statik
status_is 2
stderr_is <<EOT
leap: unknown service "statik"
hint: did you mean "static"?
EOT
leap node add web1 ip_address:192.0.2.1 tags:produktion
status_is 2
stderr_is <<EOT
leap: unknown tag "produktion"
hint: did you mean "production"?
EOT
leap node add web1 ip_address:192.0.2.1 services:mumblefrotz
status_is 2
stderr_has "hint: a new one needs a file services/mumblefrotz.json"
check test -z "$(ls nodes)"

it "refuses what is no property"
instance
for word in web2 :x a..b:1 .a:1 a.:1 'a b:1' 'a"b:1'; do
	leap node add web1 ip_address:192.0.2.1 "$word"
	status_is 2
	stderr_has "leap: \"$word\" is no property of a node"
done
leap node add web1 ip_address:192.0.2.1 services:static services:dns
status_is 2
stderr_is <<EOT
leap: services is there twice
hint: put a comma between several values: services:A,B
EOT
leap node add web1 ip_address:192.0.2.1 x:1 x.y:2
status_is 2
stderr_is <<<'leap: x.y: "x" has a value already, so it can have no "y"'
check test -z "$(ls nodes)"

it "takes the file away again when the configuration does not load with it"
instance
leap node add web1 ip_address:192.0.2.1 dns:5
status_is 3
stderr_has "so nodes/web1.json was not written"
check test -z "$(ls nodes)"

it "removes a node with its files, after a question"
instance
leap node add web1 ip_address:192.0.2.1
leap node add web2 ip_address:192.0.2.2
leap node rm web1
status_is 2
stderr_is <<EOT
leap: no terminal to ask on: Remove the configuration, keys and certificate of web1? [y/n]
hint: say --yes to remove without a question
EOT
check test -f nodes/web1.json
mkdir -p compiled
echo x >compiled/web1.yaml
leap node rm web1 --yes
status_is 0
check_not test -e nodes/web1.json -o -e files/nodes/web1 -o -e compiled/web1.yaml
check test -f nodes/web2.json -a -f files/nodes/web2/web2.crt
leap node rm web3 --yes
status_is 2
stderr_is <<EOT
leap: there is no node "web3"
hint: did you mean "web2"?
EOT
leap node rm ../users --yes
status_is 2
check test -d users

it "renames a node and loses nothing"
instance
leap node add web1 ip_address:192.0.2.1
mkdir -p compiled
echo compiled >compiled/web1.yaml
echo pinned >files/nodes/web1/web1_ssh.pub
echo mine >files/nodes/web1/notes.txt
echo 'other' >files/nodes/web1/web10.txt
cp files/nodes/web1/web1.key.age "$WORK/key"
leap node mv web1 shop1
status_is 0
check test "$(cd files/nodes/shop1 && echo *)" = "notes.txt shop1.crt shop1.key.age shop1_ssh.pub web10.txt"
check cmp -s "$WORK/key" files/nodes/shop1/shop1.key.age
check test -f nodes/shop1.json -a -f compiled/shop1.yaml
check_not test -e nodes/web1.json -o -e files/nodes/web1 -o -e compiled/web1.yaml
leap node add web2 ip_address:192.0.2.2
leap node mv web2 shop1
status_is 2
stderr_is <<<'leap: nodes/shop1.json is in the way'
check test -f nodes/web2.json
leap node mv web2 'X Y'
status_is 2
leap node mv web9 web8
status_is 2
stderr_has 'leap: there is no node "web9"'

it "disables and enables a node without touching its comments"
instance
put nodes/web1.json <<-'EOT'
	// our first { server
	{
	    /* } */ "ip_address": "192.0.2.1" // here
	}
EOT
leap node disable web1
status_is 0
check diff -u - nodes/web1.json <<-'EOT'
	// our first { server
	{
	    "enabled": false,
	    /* } */ "ip_address": "192.0.2.1" // here
	}
EOT
leap node disable web1
status_is 0
stderr_is <<<"node web1 is disabled already"
leap node enable web1
status_is 0
file_has nodes/web1.json '    "enabled": true,'
put nodes/web2.json <<-'EOT'
	{ "ip_address": "192.0.2.2", "x": { "enabled": true }, "enabled" : /* yes */ true }
EOT
leap node disable web2
status_is 0
file_has nodes/web2.json '"x": { "enabled": true }, "enabled" : /* yes */ false }'
put nodes/web3.json <<<'{}'
leap node disable web3
status_is 0
file_has nodes/web3.json '{ "enabled": false }'
put nodes/web4.json <<<'{ "enabled": "no" }'
leap node enable web4
status_is 3
stderr_has 'nodes/web4.json: "enabled" is neither true nor false'
put nodes/web4.json <<<'{ "enabled": true'
leap node disable web4
status_is 3
stderr_has 'nodes/web4.json:'

it "asks about a node once that is named twice, and removes it"
instance
node web1 192.0.2.1
leap node rm web1 web1 --yes
status_is 0
stderr_is <<<"removed node web1; the server itself was not touched"

it "list --print wants properties, and a column tells nothing of a secret's length"
instance
node web1 192.0.2.1 '"short": "= secret(\"a\", 8)", "long": "= secret(\"b\", 90)"'
for properties in '' 'ip_address,' ','; do
	leap list --print "$properties"
	status_is 2
	stderr_has "leap: --print: a property without a name"
done
leap list --print short,long,ip_address
status_is 0
stdout_is <<'EOT'
NODE  short     long      ip_address
web1  [secret]  [secret]  192.0.2.1
EOT
