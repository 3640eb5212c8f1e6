#!/bin/bash
# test: the manual pages and the command table agree; so do completion and help.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# Commands and options that leap.1 documents: ".It Xo" lines are made by hand, so read what mdoc marks:
#	.Ss node add            starts a command
#	.It Fl -name Ar VALUE   is an option of it (or of all, in OPTIONS)
manual() {
	awk '
		/^\.Sh / { section = $2; command = "" }
		/^\.Ss / && section == "COMMANDS" {
			command = substr($0, 5)
			gsub(/"/, "", command)
			print "command\t" command
		}
		/^\.It (Fl [A-Za-z] , )?Fl -/ && (section == "OPTIONS" || section == "COMMANDS") {
			line = $0
			sub(/^\.It (Fl [A-Za-z] , )?Fl -/, "", line)
			count = split(line, words, " ")
			value = (count >= 3 && words[2] == "Ar") ? words[3] : ""
			print "option\t" command "\t--" words[1] "\t" value
		}
	' "$TOP/man/leap.1" | sort
}

it "leap.1 documents every command and option, and nothing else"
leap help --all
status_is 0
awk -F '\t' '$1 == "command" { print $1 "\t" $2 } $1 == "option" { print $1 "\t" $2 "\t" $3 "\t" $4 }' "$OUT" |
    sort >"$WORK/table"
manual >"$WORK/manual"
check test -s "$WORK/table"
if ! diff "$WORK/table" "$WORK/manual" >"$WORK/.diff"; then
	fail "only in the table: <, only in man/leap.1: >"
	show "" "$WORK/.diff"
fi

it "the usage of every command stands in leap.1 as the table has it"
leap help --all
status_is 0
grep '^command' "$OUT" | cut -f 2,3 >"$WORK/usages"
mandoc -Tascii "$TOP/man/leap.1" | sed 's/.\x08//g' | tr -s ' \n' ' ' >"$WORK/text"
while IFS=$'\t' read -r name args; do
	usage=$(echo "leap $name $args" | tr -s ' ' | sed 's/ $//')
	check grep -qF -- "$usage" "$WORK/text"
done <"$WORK/usages"

it "the manual pages are clean"
mandoc -Tlint -W warning "$TOP"/man/* >"$WORK/lint" 2>&1 || {
	fail "mandoc -Tlint"
	show "" "$WORK/lint"
}

it "Leapfile(5) documents every setting of Leapfile.example and nothing else"
settings() {
	awk '/^#? ?[a-z_]+:/ { sub(/^#? ?/, ""); sub(/:.*/, ""); group = $0; next_is = 0; print group; next }
	     /^#?  +[a-z_]+:/ { sub(/^#? +/, ""); sub(/:.*/, ""); print group "." $0 }' "$1" | sort -u
}
settings "$TOP/Leapfile.example" | grep -vxE 'ssh|local' >"$WORK/example"
sed -n 's/^\.It Va \([a-z_.]*\).*/\1/p' "$TOP/man/Leapfile.5" | sort -u >"$WORK/documented"
check test -s "$WORK/documented"
diff "$WORK/example" "$WORK/documented" >"$WORK/.diff" || {
	fail "only in Leapfile.example: <, only in Leapfile.5: >"
	show "" "$WORK/.diff"
}

it "Leapfile.example is a Leapfile"
instance
sed 's/^# \?\(  *[a-z_]*: \|[a-z_]*:\)/\1/' "$TOP/Leapfile.example" | grep -v '^platform:' >Leapfile
leap list
status_is 0

it "completion knows every command"
leap completion
status_is 0
cp "$OUT" "$WORK/completion"
check bash -n "$WORK/completion"
complete_words() {
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _leap; echo "${COMPREPLY[*]}"' - \
	    "$WORK/completion" leap "$@"
}
check test "$(complete_words dep)" = deploy
check test "$(complete_words node a)" = add
check test "$(complete_words list --js)" = --json
instance
node web1 192.0.2.1
check test "$(complete_words ssh we)" = web1
