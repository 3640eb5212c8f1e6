#!/bin/bash
# test: the Leapfile, and finding the instance.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# refused PLACE WORDS: with the Leapfile on standard input.
refused() {
	cat >Leapfile
	leap list
	status_is 3
	stderr_has "$1"
	stderr_has "$2"
}

it "broken YAML is refused with its place"
instance
refused "Leapfile:2:" "" <<-'EOT'
	platform: x
	 ssh: [
EOT

it "an unknown setting is refused with a suggestion"
instance
printf 'ssh:\n  timout: 5\n' >Leapfile
leap list
status_is 3
stderr_is <<-'EOT'
	Leapfile:2:3: unknown key "timout" in "ssh"
	      timout: 5
	      ^
	hint: did you mean "timeout"?
EOT

it "a setting at the top that does not exist is refused with a suggestion"
instance
refused "Leapfile:1:1" 'did you mean "environment"?' <<-'EOT'
	enviroment: production
EOT

it "a setting of the wrong type is refused"
instance
refused "Leapfile:2:" "timeout" <<-'EOT'
	ssh:
	  timeout: soon
EOT

it "a setting that stands twice is refused"
instance
refused "Leapfile:2:" "environment" <<-'EOT'
	environment: a
	environment: b
EOT

it "aliases that multiply are an error, not a hang"
instance
refused "Leapfile:" "" <<-'EOT'
	a: &a [x,x,x,x,x,x,x,x,x,x]
	b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
	c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
	platform: *c
EOT

it "a second document is refused"
instance
refused "Leapfile:2:" "" <<-'EOT'
	---
	---
	platform: x
EOT

it "an empty Leapfile is all defaults"
instance
: >Leapfile
leap list
status_is 0

it "a platform that is not there is an error with its place"
instance
refused "Leapfile:1:" "/nonexistent/platform" <<-'EOT'
	platform: /nonexistent/platform
EOT

it "the instance is found from a directory below"
instance
node web1 192.0.2.1
mkdir -p files/deep/er
cd files/deep/er || exit 1
leap list
status_is 0
stdout_has web1

it "outside of any instance the message says what to do"
mkdir "$WORK/empty"
cd "$WORK/empty" || exit 1
leap list
status_is 2
stderr_is <<-'EOT'
	leap: no Leapfile in . or above it
	hint: go into a provider instance, or make one with "leap new DIR"
EOT
stdout_empty

it "an instance that is no git repository is refused with what to do"
instance
rm -rf .git
node web1 192.0.2.1
leap deploy --yes
status_is 3
stderr_has "git"
stderr_has "hint: "

it "a pinned environment restricts what commands see"
instance
echo 'environment: production' >>Leapfile
node web1 192.0.2.1 '"environment": "production"'
node web2 192.0.2.2 '"environment": "staging"'
leap list
status_is 0
stdout_has web1
stdout_lacks web2
