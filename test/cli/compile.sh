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
	secret=$(opened "${file%.age}")
	check_not grep -qF -- "$secret" "$WORK/all"
done < <(find secrets -type f)
check test "$found" -eq 1
file_has compiled/web1.yaml '[secret]'

it "a secret is made once, is long, and is nobody else's"
fleet
leap compile
file=$(find secrets -name '*.age' | head -n 1)
cp "$file" "$WORK/kept"
leap compile
check cmp -s "$file" "$WORK/kept"
check test "$(opened "${file%.age}" | tr -d '\n' | wc -c)" -ge 16
check_not git check-ignore -q "$file"

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

it "recipes run for nodes whose configuration changed, leap check runs those of all"
fleet
leap compile
put services/static/recipe.lua <<-'EOT'
	error "no recipe"
EOT
leap compile
status_is 0
stdout_has 'nothing changed'
leap check
status_is 3
stdout_has 'services/static/recipe.lua:1: '
stdout_has 'no recipe'
node web1 192.0.2.1 '"services": ["static"], "dns": { "aliases": ["other.example.org"] }'
cp -a compiled "$WORK/before"
leap compile
status_is 3
stderr_has 'services/static/recipe.lua:1: no recipe'
check diff -r compiled "$WORK/before"
rm services/static/recipe.lua
leap compile
status_is 0
stdout_has 'changed  compiled/web1.yaml'
rm -rf "$WORK/before"

it "a certificate that was good is looked at again when a file of it changes"
fleet
leap compile
sleep 0.1
leap compile
stderr_empty
check test "$(find "$HOME/.cache/leap/certificates" -name '*.json' | wc -l)" -eq 1
check grep -rq '"web2"' "$HOME/.cache/leap/certificates"
cp files/nodes/web1/web1.crt files/nodes/web2/web2.crt
leap compile
status_is 0
stderr_has 'web2: made a certificate for '
stderr_has 'does not belong to its private key'
sleep 0.1
leap compile
node web2 192.0.2.2 '"services": ["static"], "dns": { "aliases": ["more.example.org"] }'
leap compile
stderr_has 'web2: made a certificate for '
stderr_has 'lacks more.example.org'
rm -rf "$HOME/.cache"
leap compile
status_is 0
stderr_empty

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

# refused FIREWALL COLUMN WHAT [KEY]: a node with this firewall is refused at the column, by a message with WHAT.
refused() {
	put nodes/web1.json <<-EOT
		{ "ip_address": "192.0.2.1", "${4:-firewall}":
		$1 }
	EOT
	leap compile
	status_is 3
	stderr_has "nodes/web1.json:2:$2: $3"
}

it "a firewall lets nothing but ports, protocols and addresses pass"
instance
refused '{ "x": { "ports": [70000], "protocol": "tcp", "from": ["*"] } }' 20 \
	'"firewall.x.ports.1" must be a port, from 1 to 65535, not 70000'
rule() { printf '{ "x": { "ports": %s, "protocol": %s, "from": %s } }' "$@"; }
for port in 0 -1 65536; do
	refused "$(rule "[$port]" '"tcp"' '["*"]')" 20 "\"firewall.x.ports.1\" must be a port, from 1 to 65535, not $port"
done
for port in 80.5 true '[80]'; do
	refused "$(rule "[$port]" '"tcp"' '["*"]')" 20 '"firewall.x.ports.1" must be a whole number, or a text, not '
done
for port in '"80"' '"9090 accept; tcp dport 1-65535"' '"90-80"' '"1-65536"' '"0-5"' '"-"' \
	'"1-99999999999999999999"' '"80-90\n"'; do
	refused "$(rule "[$port]" '"tcp"' '["*"]')" 20 \
		"\"firewall.x.ports.1\" must be a range of ports such as 8000-8100, not $port"
done
refused "$(rule 80 '"tcp"' '["*"]')" 19 '"firewall.x.ports" must be a list, not 80'
refused "$(rule '{ "a": 80 }' '"tcp"' '["*"]')" 19 '"firewall.x.ports" must be a list, not an object'
refused "$(rule '[80]' '"sctp"' '["*"]')" 37 '"firewall.x.protocol" must be "tcp" or "udp", not "sctp"'
for from in '"web1"' '"192.0.2.1/33"' '"2001:db8::/129"' '"* accept"' '""'; do
	refused "$(rule '[80]' '"tcp"' "[$from]")" 53 "\"firewall.x.from.1\" must be \"*\", or an IPv4 or IPv6 address, or a \
network such as 192.0.2.0/24, not $from"
done
for from in 1 '["*"]'; do
	refused "$(rule '[80]' '"tcp"' "[$from]")" 53 '"firewall.x.from.1" must be a text, not '
done
refused "$(rule '[80]' '"tcp"' '"*"')" 52 '"firewall.x.from" must be a list, not "*"'
refused '{ "x": { "ports": [80], "protocol": "tcp" } }' 8 '"firewall.x" must have "from"'
refused '{ "x": { "ports": [80], "from": ["*"] } }' 8 '"firewall.x" must have "protocol"'
refused '{ "x": { "protocol": "tcp", "from": ["*"] } }' 8 '"firewall.x" must have "ports"'
refused '{ "x": [] }' 8 '"firewall.x" must be an object, not a list'
refused '{ "x": { "port": 80 } }' 18 '"firewall.x.port" is not known'
refused '{ "x": 80 }' 8 '"firewall.x" must be an object, not 80'
refused '{ "x\"; accept": { "ports": [80], "protocol": "tcp", "from": ["*"] } }' 18 '"firewall.x"; accept" is no good name'

it "no firewall locks leap out"
instance
refused '{}' 1 'firewall.ssh is missing: you would lock yourself out' '!firewall'
refused '{ "ssh": { "ports": [2222] } }' 10 'firewall.ssh does not let anybody in at ssh.port'
refused '{ "ssh": { "protocol": "udp" } }' 10 'firewall.ssh does not let anybody in at ssh.port'
refused '{ "ssh": { "from": [] } }' 10 'firewall.ssh does not let anybody in at ssh.port'
refused '{ "!ssh": { "ports": [22], "protocol": "tcp" } }' 11 '"firewall.ssh" must have "from"'
refused '7' 1 '"firewall" must be an object, not 7' '!firewall'

it "ranges of ports, networks of both families, and rules without ports are good"
instance
node web1 192.0.2.1 '"firewall": { "ssh": { "ports": ["20-30"] },
	"x": { "ports": [80, "70-90", "8000-8100"], "protocol": "udp", "from": ["192.0.2.0/24", "2001:db8::1"] },
	"none": { "ports": [], "protocol": "tcp", "from": ["*"] } }'
leap compile
status_is 0

it "a path below a file, and paths that no recipe may write, are refused at their lines"
instance
node web1 192.0.2.1 '"services": ["own"]'
put services/own/service.json <<<'{}'
printf 'file("/srv/a", { content = "x" })\nfile("/srv/a/b", { content = "x" })\n' | put services/own/recipe.lua
leap compile
status_is 3
stderr_has "services/own/recipe.lua:2: file:/srv/a/b: lies below file:/srv/a, which is no directory"
echo 'directory "/var/lib/leap/generations"' | put services/own/recipe.lua
leap compile
status_is 3
stderr_has "services/own/recipe.lua:1: directory:/var/lib/leap/generations: /var/lib/leap is not for recipes to write to"
