#!/bin/bash
# test: shutting two sysadmins out of the vault, killed or out of space at every step: all old or all new, always openable.
# May know the vault's files.  Needs strace and age.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 600
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# What changes something on a disk; each is cut at its first, second, ... call.
calls='mkdir mkdirat write fchmod fsync syncfs rename renameat unlink unlinkat'
export ASAN_OPTIONS=detect_leaks=0	# which ptrace(2) does not allow

prepare() {
	instance
	must ssh-keygen -q -t ed25519 -N '' -C bob -f "$WORK/bob"
	must "$LEAP" user add bob --ssh-pub-key "$WORK/bob.pub"
	must ssh-keygen -q -t ed25519 -N '' -C carol -f "$WORK/carol"
	must "$LEAP" user add carol --ssh-pub-key "$WORK/carol.pub"
	for name in a b; do
		must "$LEAP" secret generate "$name"
	done
	node web1 192.0.2.1
	must "$LEAP" compile
	echo 'given by hand' | "$LEAP" secret set smtp 2>"$ERR" || fail "cannot prepare"
	age -d -i "$WORK/bob" vault/default.age >"$WORK/old.key"
	for file in $(files); do
		mkdir -p "$WORK/clear/$(dirname "$file")"
		age -d -i "$WORK/old.key" "$file" >"$WORK/clear/$file" || fail "cannot prepare $file"
	done
	cp -a . "$WORK/before"
}

files() { find files secrets -name '*.age' | sort; }

# opened KEY: how many files it opens, and they have what they had.
opened() {
	local count=0

	for file in $(files); do
		age -d -i "$1" "$file" >"$WORK/text" 2>"$WORK/why" || continue
		cmp -s "$WORK/text" "$WORK/clear/$file" || fail "$file has changed"
		count=$((count + 1))
	done
	echo "$count"
}

# The next run sees all of it; then either all three are users and members, of the old key, or alice is, of another.
whole() {
	local old new members users all

	all=$(files | wc -l)
	"$LEAP" secret show smtp >"$OUT" 2>"$ERR" || { fail "$1: cannot be opened"; show err "$ERR"; return; }
	check test "$(cat "$OUT")" = 'given by hand'
	check_not test -e vault/.new
	"$LEAP" vault verify >"$OUT" 2>"$ERR" || { fail "$1: somebody else seems to have changed it"; show out "$OUT"; }
	check test "$all" -eq "$(cd "$WORK/before" && files | wc -l)"
	age -d -i "$HOME/.ssh/id_ed25519" vault/default.age >"$WORK/new.key" || fail "$1: no key"
	new=$(opened "$WORK/new.key")
	old=$(opened "$WORK/old.key")
	members=$(sed -n '/^    "members": {$/,/^    }/p' vault/default.json | grep -c '": \[$')
	users=$(find users -name '*_ssh.pub' | wc -l)
	[ "$new" -eq "$all" ] || fail "$1: the key of today opens $new of $all"
	case $users/$members/$old in
	3/3/"$all") olds=$((olds + 1)) ;;
	1/1/0) news=$((news + 1)) ;;
	*) fail "$1: $users users, $members members, and the old key opens $old of $all" ;;
	esac
}

# Either all that was seen and can be made anew has been, or none of it.
replaced() {
	local same=0

	"$LEAP" secret show smtp >"$OUT" 2>"$ERR" || { fail "$1: cannot be opened"; show err "$ERR"; return; }
	check_not test -e vault/.new
	"$LEAP" vault verify >"$OUT" 2>"$ERR" || { fail "$1: somebody else seems to have changed it"; show out "$OUT"; }
	for file in secrets/default/{a,b}.age files/nodes/web1/web1.{key.age,crt}; do
		cmp -s "$file" "$WORK/before/$file" && same=$((same + 1))
	done
	case $same in
	4) olds=$((olds + 1)) ;;
	0) news=$((news + 1)) ;;
	*) fail "$1: $same of 4 are as they were" ;;
	esac
}

# cut_all CALL WHAT JUDGE ARGS...: in each run of leap another call of this name fails, until there are none left.
cut_all() {
	local number=0 status call=$1 what=$2 judge=$3

	shift 3
	while :; do
		number=$((number + 1))
		rm -rf "$WORK/i"
		cp -a "$WORK/before" "$WORK/i"
		cd "$WORK/i" || exit 1
		strace -f -qq -o "$WORK/trace" -e trace="$call" -e inject="$call:$what:when=$number" \
		    "$LEAP" "$@" </dev/null >"$OUT" 2>"$ERR" &
		wait $! 2>/dev/null
		status=$?
		grep -q -e INJECTED -e 'killed by SIGKILL' "$WORK/trace" || break
		cuts=$((cuts + 1))
		"$judge" "$call $number $what ($status)"
		[ "$wrong" -lt 5 ] || return
	done
}

it "comes through kill -9 at every step"
if ! command -v strace >/dev/null || ! command -v age >/dev/null; then
	skip "needs strace and age"
	exit
fi
prepare
cuts=0 olds=0 news=0
for call in $calls; do
	cut_all "$call" signal=KILL whole user rm bob carol
done
echo "    $cuts cuts: $olds all old, $news all new"
check test "$cuts" -gt 30
check test "$olds" -gt 0
check test "$news" -gt 0

it "comes through a full disk at every step"
cuts=0 olds=0 news=0
for call in mkdir mkdirat write fsync syncfs rename renameat; do
	cut_all "$call" error=ENOSPC whole user rm bob carol
done
echo "    $cuts cuts: $olds all old, $news all new"
check test "$cuts" -gt 20
check test "$olds" -gt 0
check test "$news" -gt 0

it "replaces all that somebody has seen, or none of it"
rm -rf "$WORK/i"
cp -a "$WORK/before" "$WORK/i"
cd "$WORK/i" || exit 1
must "$LEAP" user rm bob carol
rm -rf "$WORK/before"
cp -a . "$WORK/before"
cuts=0 olds=0 news=0
for call in rename renameat; do
	cut_all "$call" signal=KILL replaced secret rotate --exposed-to bob --yes
done
echo "    $cuts cuts: $olds all old, $news all new"
check test "$cuts" -gt 4
check test "$olds" -gt 0
check test "$news" -gt 0
