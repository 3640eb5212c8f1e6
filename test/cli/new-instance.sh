#!/bin/bash
# test: leap new.
# May know what the templates write.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

new() {
	leap new "$@" --domain example.org --name 'Exämple "&" Söhne' --contacts root@example.org,bob+leap@mail.example.org
}

it "makes an instance that compiles, in git, with nothing left to commit"
new demo
status_is 0
stdout_empty
stderr_has "made $WORK/demo, a git repository with a first commit"
must cd demo
check test -z "$(git status --porcelain)"
check test "$(git log --format=%s)" = "leap new"
check test -d nodes -a -d services -a -d tags -a -d users -a -d files
file_has provider.json '"domain": "example.org"'
file_has provider.json '"en": "Exämple \"&\" Söhne"'
file_has provider.json '"default": ["root@example.org","bob+leap@mail.example.org"]'
file_has README.md '# Exämple "&" Söhne'
check grep -qE '^  network: 10\.[0-9]+\.[0-9]+\.0/24$' Leapfile
check test "$(stat -c %a .)" = "$(printf '%o' $((0777 & ~$(umask))))"
leap list
status_is 0

it "keeps private keys out of git"
must cd demo
mkdir -p files/nodes/web1 vault/.new
echo x >files/nodes/web1/web1.key
echo x >vault/.new/0
check test -z "$(git status --porcelain)"
rm -r files/nodes vault

it "fills an empty directory in place"
mkdir empty
must cd empty
new .
status_is 0
check test -f Leapfile -a -d .git -a -d nodes
check test -z "$(find . -maxdepth 1 -name ".leap-new*")"

it "takes another platform, whose templates may be elsewhere"
must cp -R "$TOP/platform/." "$WORK/ours"
new with-platform --platform ours
status_is 0
file_has with-platform/Leapfile "platform: \"$WORK/ours\""
new no-platform --platform nowhere
status_is 2
stderr_is <<EOT
leap: --platform nowhere: No such file or directory
EOT
check_not test -e no-platform

it "refuses a directory that is not empty"
mkdir full
echo keep >full/file
new full
status_is 2
stderr_is <<EOT
leap: full: not empty, it has "file"
hint: choose a new directory
EOT
check test "$(ls -A full)" = file

it "refuses a file and a parent that is missing"
echo x >plain
new plain
status_is 2
stderr_has "leap: plain: not a directory"
new a/b
status_is 2
stderr_has "leap: a/b: the directory that it is to be in: No such file or directory"
check_not test -e a

it "refuses what is no domain, e-mail address or name, and leaves nothing"
for domain in 'exa mple.org' '-a.org' 'a..org' '10.0.0.1' 'x_y.org' "$(printf 'a%.0s' {1..64}).org" ''; do
	leap new bad --domain "$domain" --name N --contacts a@example.org
	status_is 2
	stderr_has "is no domain name"
done
for contact in 'root' 'root@' '@example.org' 'a b@example.org' 'a@b@c d' 'x@-a.org'; do
	leap new bad --domain example.org --name N --contacts "root@example.org,$contact"
	status_is 2
	stderr_has "\"$contact\" is no e-mail address"
done
leap new bad --domain example.org --name "$(printf 'n%.0s' {1..49})" --contacts a@example.org
status_is 2
stderr_has "hint: 1 to 48 characters"
check_not test -e bad
check test -z "$(find . -maxdepth 1 -name ".leap-new*")"

it "says which option is missing when there is no terminal to ask on"
leap new quiet --domain example.org
status_is 2
stderr_is <<EOT
leap: no terminal to ask on: Name of the provider [example.org]:
hint: say it with --name
EOT
check_not test -e quiet

it "takes what it would propose with --yes"
leap new yes --domain Example.ORG --yes
status_is 0
file_has yes/provider.json '"domain": "example.org"'
file_has yes/provider.json '"default": ["root@example.org"]'

it "asks on a terminal"
if command -v script >/dev/null; then
	printf 'example.net\nExample\n\n' | script -qec "\"$LEAP\" new asked" /dev/null >"$OUT" 2>&1
	check test -f asked/Leapfile
	file_has asked/provider.json '"domain": "example.net"'
	file_has asked/provider.json '"default": ["root@example.net"]'
else
	skip "the program script is not here"
fi

it "leaves nothing when the templates are missing"
mkdir -p bare/platform
new failed --platform bare/platform
status_is 0
mkdir -p bare/templates
new failed2 --platform bare/platform
status_is 1
stderr_has "no templates for an instance: there is no $WORK/bare/templates/instance"
check_not test -e failed2
check test -z "$(find . -maxdepth 1 -name ".leap-new*")"
