#!/bin/bash
# test: files that macros and recipes name stay inside the instance.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# names PATH: the node web1 has the file in a macro on line 3.
names() {
	put nodes/web1.json <<-EOT
		{
		  "ip_address": "192.0.2.1",
		  "text": "= file '$1'"
		}
	EOT
}

refused() {
	local text

	leap compile
	status_is 3
	for text in "$@"; do
		stderr_has "$text"
	done
	stderr_lacks "root:"
	stdout_lacks "root:"
	check test ! -e compiled/web1.yaml
}

it "a file of the instance is read"
instance
echo 'hello from a file' >files/hello
names hello
leap list web1 --print text
status_is 0
stdout_has 'hello from a file'

it "a file that is missing is refused with its name"
instance
names no/such
leap -q compile
status_is 3
stderr_is <<-'EOT'
	nodes/web1.json:3:11: there is no file "no/such"
	      "text": "= file 'no/such'"
	              ^
	hint: it was looked for as files/no/such and no/such in the instance, and as files/no/such in the platform
EOT

it "a path that leads outside is refused"
for path in ../../../../../../etc/passwd /etc/passwd files/../../outside; do
	instance
	echo root: >"$WORK/outside"
	names "$path"
	refused "nodes/web1.json:3:"
done

it "a link that leads outside is refused"
instance
ln -s /etc/passwd files/passwd
names passwd
refused "nodes/web1.json:3:" "passwd"

it "a directory that is a link to the outside is refused"
instance
ln -s /etc files/etc
names etc/passwd
refused "nodes/web1.json:3:" "etc/passwd"

it "a link inside the instance is followed"
instance
echo inside >files/real
ln -s real files/link
names link
leap list web1 --print text
status_is 0
stdout_has inside

it "a node file that is a link to the outside is refused"
instance
echo '{ "ip_address": "192.0.2.9" }' >"$WORK/outside.json"
ln -s "$WORK/outside.json" nodes/web1.json
refused "nodes/web1.json"

it "a private key is not a file for macros"
instance
names files/ca/ca.key
leap compile
if [ "$STATUS" -eq 0 ]; then
	check_not grep -rq 'PRIVATE KEY' compiled
fi
stdout_lacks 'PRIVATE KEY'
stderr_lacks 'PRIVATE KEY'
