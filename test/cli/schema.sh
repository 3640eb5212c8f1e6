#!/bin/bash
# test: what the platform's schemas find, and leap schema for editors.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# refused MEMBERS LINE: a node with these members is refused with this line.
refused() {
	node web1 192.0.2.1 "\"services\": [\"static\"], $1"
	leap compile
	status_is 3
	stderr_has "nodes/web1.json:1:$2"
}

it "the platform's schemas find what is wrong in a node, at its place"
instance
refused '"static": { "tls_olny": true }' '51: "static.tls_olny" is not known'
stderr_has 'hint: did you mean "tls_only"?'
refused '"static": { "!tls_only": "yes" }' '52: "static.tls_only" must be true or false, not "yes"'
refused '"static": { "domains": { "a_b": {} } }' '59: "static.domains.a_b" is no good name: it must be the name of a host'
refused '"service_type": "public_servce"' '43: "service_type" must be "internal_service", "public_service" or "user_service", not "public_servce"'
stderr_has 'hint: did you mean "public_service"?'
refused '"ssh": { "transport": "opensh" }' '49: "ssh.transport" must be "auto", "libssh2" or "ssh", not "opensh"'
refused '"ssh": { "prot": 22 }' '44: "ssh.prot" is not known'
refused '"location": { "nam": "x" }' '39: "location" must have "name"'
refused '"contacts": ["nobody"]' '40: "contacts.1" must be an e-mail address, not "nobody"'
refused '"x509": { "!use": 1 }' '45: "x509.use" must be true or false, not 1'
refused '"dns": { "aliases": ["a.example.org", "a.example.org"] }' '47: "dns.aliases" must not have the same element twice, as number 1 and number 2'
refused '"dns": { "alias": [] }' '45: "dns.alias" is not known'
refused '"domain": { "full_name": "x" }' '52: "domain.full_name" is not known'
refused '"firewall": { "x": { "ports": [80], "protocol": "tcp", "from": ["web1"] } }' '91: "firewall.x.from.1" must be "*", or an IPv4 or IPv6 address, or a network such as 192.0.2.0/24, not "web1"'
refused '"firewall": { "x": { "ports": ["90-80"], "protocol": "tcp", "from": ["*"] } }' '58: "firewall.x.ports.1" must be a range of ports such as 8000-8100, not "90-80"'
refused '"firewall": { "x": { "ports": [80], "from": ["*"] } }' '46: "firewall.x" must have "protocol"'
stderr_has 'hint: a rule is { "ports": [80], "protocol": "tcp", "from": ["*"] }'
refused '"stunnel": { "client": {} }' '50: "stunnel.client" is not known'
refused '"hosts": { "database": "db1" }' '50: "hosts.database" must be a list, not "db1"'

it "and in the provider"
instance
node web1 192.0.2.1
sed -i 's/"contacts"/"dns": { "ttl": 0 }, "languages": ["EN"], "contacts"/' provider.json
leap compile
status_is 3
stderr_has '"dns.ttl" must be at least 1, not 0'
stderr_has '"languages.1" must match "^[a-z]{2,3}(-[A-Z]{2})?$", but is "EN"'

it "no secret is quoted, whatever a macro made of it"
instance
refused '"service_type": "= (secret \"site\"):sub(1, 4)", "contacts": ["= (secret \"site\"):reverse()"]' '43: "service_type" must be "internal_service", "public_service" or "user_service", not "[secret]"'
stderr_has '"contacts.1" must be an e-mail address, not "[secret]"'
cut=$(head -c 4 secrets/*/site* 2>/dev/null || find secrets -type f -exec head -c 4 {} +)
[ -z "$cut" ] || stderr_lacks "\"$cut\""

it "a property that is wrong in a file for several nodes is said once"
instance
node web1 192.0.2.1
node web2 192.0.2.2
echo '{ "service_type": "x" }' | put common.json
leap compile
status_is 3
check test "$(grep -c '"service_type" must be' "$ERR")" -eq 1

it "an instance adds schemas of its own"
instance
node web1 192.0.2.1 '"rack": "7"'
echo '{ "properties": { "rack": { "type": "integer" } } }' | put schemas/common.json
leap compile
status_is 3
stderr_has 'nodes/web1.json:1:11: "rack" must be a whole number, not "7"'
echo '{ "properties": { "rack": { "tpye": "integer" } } }' | put schemas/common.json
leap compile
status_is 3
stderr_has 'schemas/common.json:1:37: "tpye" is no keyword of JSON Schema'
stderr_has 'hint: did you mean "type"?'

it "schema writes schemas, settings and a modeline, twice the same"
instance
git add -A
leap schema
status_is 0
stdout_is <<-'EOT'
	wrote    .leap/schema/common.json
	wrote    .leap/schema/layer.json
	wrote    .leap/schema/leapfile.json
	wrote    .leap/schema/node.json
	wrote    .leap/schema/provider.json
	wrote    .leap/schema/service.json
	wrote    .leap/schema/tag.json
	wrote    .vscode/settings.json
	wrote    Leapfile
EOT
# shellcheck disable=SC2016 # "$schema" is what it says
check test "$(head -n 1 Leapfile)" = '# yaml-language-server: $schema=.leap/schema/leapfile.json'
file_has .vscode/settings.json '"url": "./.leap/schema/node.json"'
file_has .vscode/settings.json '"**/nodes/*.json": "jsonc"'
file_has .leap/schema/layer.json 'platform.services.static'
check_not git check-ignore -q .leap/schema/node.json
cp -a . "$WORK/first"
leap schema
status_is 0
stdout_is <<<'9 files are as they should be'
check diff -r . "$WORK/first"
rm -rf "$WORK/first" .leap .vscode
leap schema --json
status_is 0
stdout_has '".leap/schema/tag.json"'
stdout_has '"removed": []'
leap list
status_is 0

it "schema keeps what others wrote into the settings, in its order"
instance
put .vscode/settings.json <<-'EOT'
	{ "z": 1, "json.schemas": [ { "fileMatch": ["x"], "url": "./x.json" }, { "url": "./.leap/schema/gone.json" } ],
	  "files.associations": { "*.foo": "foo" }, "a": [2] }
EOT
leap schema
status_is 0
file_has .vscode/settings.json '"url": "./x.json"'
file_has .vscode/settings.json '"*.foo": "foo"'
file_lacks .vscode/settings.json gone.json
check test "$(tr -d ' \n' <.vscode/settings.json | head -c 6)" = '{"z":1'
check test "$(grep -c '"fileMatch"' .vscode/settings.json)" -eq 6

it "schema leaves settings alone that it cannot keep"
instance
for text in '{ // mine
}' '[]' '{ "json.schemas": {} }' '{ "files.associations": 1 }'; do
	put .vscode/settings.json <<<"$text"
	leap schema
	status_is 0
	stderr_has '.vscode/settings.json is left as it is: it has '
	check test "$(cat .vscode/settings.json)" = "$text"
done

it "schema removes what it does not write any more, and nothing else"
instance
echo '{}' | put .leap/schema/old.json
echo x | put .leap/schema/README
leap schema
status_is 0
stdout_has 'removed  .leap/schema/old.json'
check test ! -e .leap/schema/old.json
check test -e .leap/schema/README

it "schema prints one, and knows which there are"
instance
leap schema --print provider
status_is 0
stdout_has '"enrollment_policy"'
check test ! -e .leap
leap schema --print nodes
status_is 2
stderr_is <<-'EOT'
	leap: no schema "nodes"
	hint: did you mean "node"?
EOT

it "schemas for editors refuse nothing that a new instance has"
instance
leap schema
node web1 192.0.2.1 '"services": ["static"], "dns": { "+aliases": ["www.example.org"] }'
leap compile
status_is 0

it "the Leapfile's schema has exactly the settings of Leapfile.example"
instance
leap schema --print leapfile
cp "$OUT" "$WORK/leapfile.json"
awk '/^[a-z_]+:/ { sub(/:.*/, ""); group = $0; print group; next }
	/^  [a-z_]+:/ { sub(/^ +/, ""); sub(/:.*/, ""); print group "." $0 }' "$TOP/Leapfile.example" | sort >"$WORK/example"
awk '/^    "properties"/ { inside = 1 }
	inside && match($0, /^        "[a-z_]+": \{/) { split($0, w, "\""); group = w[2]; print group }
	inside && match($0, /^                "[a-z_]+": \{/) { split($0, w, "\""); print group "." w[2] }' "$WORK/leapfile.json" |
	sort >"$WORK/schema"
check test -s "$WORK/schema"
check diff "$WORK/example" "$WORK/schema"
