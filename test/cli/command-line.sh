#!/bin/bash
# test: the command line itself: usage, suggestions, output that cannot be written, narrow terminals.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

it "without arguments there is help, and it is no error"
leap
status_is 0
stdout_has "leap deploy"
stderr_empty

it "an unknown command is refused with a suggestion"
leap dploy
status_is 2
stdout_empty
stderr_is <<-'EOT'
	leap: unknown command "dploy"
	hint: did you mean "leap deploy"?
EOT

it "an unknown command of a group is refused with a suggestion"
leap node ad
status_is 2
stderr_is <<-'EOT'
	leap: unknown command "node ad"
	hint: did you mean "leap node add"?
EOT

it "an unknown option is refused with a suggestion"
leap list --jsn
status_is 2
stderr_is <<-'EOT'
	leap: unknown option --jsn
	hint: did you mean --json?
EOT

it "an unknown letter is refused"
leap inspect -Z
status_is 2
stderr_has "unknown option -Z"

it "an option without its value is refused"
leap list --directory
status_is 2
stderr_has "option --directory needs a value: --directory DIR"

it "a switch takes no value"
leap list --json=yes
status_is 2
stderr_has "option --json takes no value"

it "too many and too few arguments are refused with the usage"
leap new a b
status_is 2
stderr_has "hint: leap new"
leap node rm
status_is 2
stderr_has "hint: leap node rm"

it "every command has help that names its options and needs no instance"
leap help --all
status_is 0
grep '^command' "$OUT" | cut -f 2 >"$WORK/commands"
grep '^option' "$OUT" | cut -f 2,3 >"$WORK/options"
check test "$(wc -l <"$WORK/commands")" -ge 25
while read -r name; do
	# shellcheck disable=SC2086
	leap $name --help
	status_is 0
	stdout_has "leap $name"
	stderr_empty
	grep -P "^$name\t" "$WORK/options" | cut -f 2 >"$WORK/own"
	while read -r option; do
		stdout_has "$option"
	done <"$WORK/own"
done <"$WORK/commands"

it "--version says the version alone"
leap --version
status_is 0
check grep -qxE 'leap [0-9]+\.[0-9.]+' "$OUT"
stderr_empty

it "-C works in another directory"
instance
node web1 192.0.2.1
cd / || exit 1
leap -C "$WORK/i" list
status_is 0
stdout_has web1
leap -C /nonexistent list
status_is 2
stderr_has "/nonexistent"

it "a reader that leaves early is no reason for words"
instance
for n in $(seq 1 200); do
	node "web$n" "192.0.2.$n" "\"comment\": \"$(printf 'x%.0s' $(seq 1 400))\""
done
"$LEAP" list --print comment 2>"$ERR" | head -c 1 >"$OUT"
stderr_empty
# shellcheck disable=SC2034
"$LEAP" help 2>"$ERR" | true
stderr_empty

it "output that cannot be written is an error"
"$LEAP" help --all >/dev/full 2>"$ERR"
STATUS=$?
status_is 1
stderr_has "No space left on device"

it "why output could not be written is not forgotten over what follows"
instance
node web1 192.0.2.1
"$LEAP" list --json >/dev/full 2>"$ERR"
STATUS=$?
status_is 1
stderr_has "leap: cannot write the output: No space left on device"

it "what follows the node of leap ssh is the command's, options too"
instance
node web1 192.0.2.1
mkdir -p files/nodes/web1 "$WORK/bin"
cut -d ' ' -f 1,2 "$WORK/.key.pub" >files/nodes/web1/web1_ssh.pub
# shellcheck disable=SC2016
put "$WORK/bin/ssh" <<<'#!/bin/sh
while [ "$1" != -- ]; do shift; done; echo "$*"'
chmod 755 "$WORK/bin/ssh"
PATH=$WORK/bin:$PATH leap ssh web1 ls -l --json --help
stdout_is <<<"-- 192.0.2.1 ls -l --json --help"
PATH=$WORK/bin:$PATH leap ssh web1 -- ls -l -- x
stdout_is <<<"-- 192.0.2.1 ls -l -- x"
PATH=$WORK/bin:$PATH leap ssh -q -- web1
stdout_is <<<"-- 192.0.2.1"
leap ssh --jsn web1
status_is 2
stderr_has "unknown option --jsn"

it "closed standard streams are no crash"
"$LEAP" help <&- >&- 2>&-
STATUS=$?
check test "$STATUS" -lt 128

# in_terminal COLUMNS COMMAND: run on a pty of that width; what it wrote goes to $OUT.
in_terminal() {
	script -qec "stty cols $1 rows 24; $2" /dev/null </dev/null 2>&1 | tr -d '\r' >"$OUT"
}

it "a narrow terminal cuts the last column and breaks nothing"
instance
node a-node-with-a-rather-long-name 192.0.2.1 '"services": ["static", "dns"]'
for columns in 1 5 20 40; do
	in_terminal "$columns" "NO_COLOR=1 $LEAP list; echo status \$?"
	stdout_has "a-node"
	stdout_has "status 0"
done
in_terminal 200 "NO_COLOR=1 $LEAP list"
stdout_has "a-node-with-a-rather-long-name"

it "output that is no terminal is never cut and never coloured"
instance
node a-node-with-a-rather-long-name 192.0.2.1 '"services": ["static", "dns"]'
COLUMNS=20 leap list
stdout_has "192.0.2.1"
check_not grep -q $'\033' "$OUT"

it "NO_COLOR and --no-color silence colours on a terminal"
instance
node web1 192.0.2.1 '"services": ["nope"]'
in_terminal 80 "TERM=xterm NO_COLOR=1 $LEAP list"
check_not grep -q $'\033' "$OUT"
in_terminal 80 "TERM=xterm $LEAP list --no-color"
check_not grep -q $'\033' "$OUT"

it "control characters of a file are made visible"
instance
node web1 192.0.2.1 '"comment": "a\u001b[31mred\u0007"'
leap list web1 --print comment
status_is 0
check_not grep -q $'\033' "$OUT"
check_not grep -q $'\a' "$OUT"

it "a question without a terminal says how to answer it"
instance
node web1 192.0.2.1
leap node rm web1
status_is 2
stderr_has "--yes"
check test -e nodes/web1.json
