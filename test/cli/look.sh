#!/bin/bash
# test/cli: commands that only look at nodes write nothing into the instance: no secrets, no keys, no certificates.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# files: what the instance consists of, git's own files apart.
files() { find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort; }

# One node, where nobody listens, that wants a secret and a key of a service.
setup() {
	instance
	mkdir services/probe
	put services/probe/service.json <<-'EOT'
		{ "probe": { "password": "= secret('probe_password')", "record": "= dkim_record()" } }
	EOT
	put services/probe/recipe.lua <<-'EOT'
		file("/etc/probe", { content = probe.password .. "\n", mode = "0600" })
		file("/etc/probe.key", { content = private("nodes/" .. name .. "/" .. name .. "_dkim.key"), mode = "0600" })
	EOT
	node web1 127.0.0.1 '"services": ["probe"], "ssh": { "port": 1 }'
	put files/nodes/web1/web1_ssh.pub <"$WORK/.key.pub"
}

it "without a certificate there is no plan, and none is made"
setup
files >"$WORK/before"
leap plan
status_is 5
stderr_has 'leap cert update'
files >"$WORK/after"
check cmp "$WORK/before" "$WORK/after"

for command in plan "plan --json" "plan -o $WORK/plan" status; do
	it "leap ${command% *} makes nothing, and says what a deploy would make"
	setup
	must "$LEAP" cert update
	files >"$WORK/before"
	# shellcheck disable=SC2086
	leap $command
	status_is 4
	stderr_has 'secrets/default/probe_password.age does not exist yet: a deploy makes it, here a text stands in for it'
	stderr_has 'files/nodes/web1/web1_dkim.key.age does not exist yet'
	files >"$WORK/after"
	check cmp "$WORK/before" "$WORK/after"
done
