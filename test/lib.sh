# shellcheck shell=bash
# test: what the shell tests are written with.
# May know how `leap` is called and an instance is laid out.
# SPDX-License-Identifier: GPL-3.0-or-later
#
#	. "$(dirname "$0")/../lib.sh"
#
#	it "refuses an unknown service with a suggestion"
#	instance
#	put nodes/web1.json <<-'EOT'
#		{ "ip_address": "192.0.2.1", "services": ["webap"] }
#	EOT
#	leap compile
#	status_is 3
#	stderr_has 'nodes/web1.json:1:46: unknown service "webap"'
#
# it NAME starts a test; the next `it`, or the end of the file, prints "ok NAME"
# when every check held.  A check that fails prints "not ok NAME FILE:LINE ..."
# and the test goes on; what cannot go on says `must`.

set -u

TOP=${TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
BIN=${BIN:-bin}
LEAP=$TOP/$BIN/leap
WORK=$(mktemp -d "${TMPDIR:-/tmp}/leap.XXXXXX") || exit 1
OUT=$WORK/.stdout
ERR=$WORK/.stderr
HOME=$WORK/home
LC_ALL=C.UTF-8
export TOP BIN LEAP WORK HOME LC_ALL
mkdir -m 700 "$HOME"
unset SSH_AUTH_SOCK
STATUS=0
current='' wrong=0 failures=0

# What a test file wants done at its end, before its directory goes.
cleanup() { :; }

lib_end() {
	local status=$?

	trap - EXIT
	if [ "$status" -ne 0 ] && [ "$wrong" -eq 0 ] && [ -n "$current" ]; then
		echo "not ok $current was cut off with status $status"
		wrong=1
	fi
	lib_report
	cleanup
	cd / && rm -rf "$WORK"
	[ "$failures" -eq 0 ] || status=1
	exit "$status"
}
trap lib_end EXIT
trap 'exit 143' INT TERM HUP

lib_report() {
	[ -n "$current" ] || return 0
	if [ "$wrong" -eq 0 ]; then
		echo "ok $current"
	else
		failures=$((failures + 1))
	fi
	current=''
}

it() {
	lib_report
	current=$1
	wrong=0
	: >"$OUT"
	: >"$ERR"
	cd "$WORK" || exit 1
}

# skip WHY: the current test cannot run here.
skip() {
	echo "skip $current: $1"
	current=''
}

# fail TEXT: the current test failed, seen where the test file called the check.
fail() {
	local frame=0

	while [ "${BASH_SOURCE[frame + 1]:-}" = "${BASH_SOURCE[0]}" ]; do
		frame=$((frame + 1))
	done
	echo "not ok $current ${BASH_SOURCE[frame + 1]#"$TOP"/}:${BASH_LINENO[frame]} $1"
	wrong=$((wrong + 1))
}

show() {
	awk -v name="$1" '{ print "    " name " " $0 }' "$2" | head -n 60
}

# leap ARGS...: run the program under test; standard input is empty.
leap() {
	"$LEAP" "$@" </dev/null >"$OUT" 2>"$ERR"
	STATUS=$?
	# Whatever else is tested: no sanitizer report, no crash.
	if [ "$STATUS" -ge 128 ] || grep -qE 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$ERR"; then
		fail "leap $* died with status $STATUS"
		show err "$ERR"
	fi
}

# must COMMAND...: preparation without which the rest is senseless.
must() {
	if ! "$@" </dev/null >"$WORK/.must" 2>&1; then
		fail "cannot prepare: $*"
		show out "$WORK/.must"
		exit 1
	fi
}

check() {
	"$@" || fail "does not hold: $*"
}

# check_not COMMAND...: it ran and said no; a command that could not run (126 and more) is no answer.
check_not() {
	local status

	"$@"
	status=$?
	if [ "$status" -eq 0 ]; then
		fail "holds: $*"
	elif [ "$status" -ge 126 ]; then
		fail "cannot be told, status $status: $*"
	fi
}

status_is() {
	[ "$STATUS" -eq "$1" ] && return
	fail "exit status $STATUS, want $1"
	show out "$OUT"
	show err "$ERR"
}

lib_has() {
	case $3 in
	*$'\n'*) [[ $(cat "$2" && echo .) == *"$3"* ]] && return ;;	# each line would be a text of its own for grep
	*) grep -qF -- "$3" "$2" && return ;;
	esac
	fail "$1 lacks: $3"
	show "$1" "$2"
}

lib_lacks() {
	grep -qF -- "$3" "$2" || return 0
	fail "$1 has: $3"
	show "$1" "$2"
}

lib_is() {
	diff -u --label "want $1" --label "got $1" - "$2" >"$WORK/.diff" && return
	fail "$1 is not as wanted"
	show "" "$WORK/.diff"
}

stdout_has() { lib_has stdout "$OUT" "$1"; }
stderr_has() { lib_has stderr "$ERR" "$1"; }
stdout_lacks() { lib_lacks stdout "$OUT" "$1"; }
stderr_lacks() { lib_lacks stderr "$ERR" "$1"; }
file_has() { lib_has "$1" "$1" "$2"; }
file_lacks() { lib_lacks "$1" "$1" "$2"; }
stdout_is() { lib_is stdout "$OUT"; }		# the text on standard input, exactly
stderr_is() { lib_is stderr "$ERR"; }
stdout_empty() { lib_is stdout "$OUT" </dev/null; }
stderr_empty() { lib_is stderr "$ERR" </dev/null; }

# put FILE: write standard input to a file.
put() {
	mkdir -p "$(dirname "$1")" && cat >"$1"
}

# instance: a fresh instance with a sysadmin and CAs in the directory "i", and go there.
# It is made once for a test file, then copied.
instance() {
	cd "$WORK" || exit 1
	if [ ! -d "$WORK/.instance" ]; then
		must "$LEAP" new "$WORK/.instance" --domain example.org --name Example --contacts root@example.org
		must install -d -m 700 "$HOME/.ssh"
		must ssh-keygen -q -t ed25519 -N '' -C test -f "$HOME/.ssh/id_ed25519"
		must cp "$HOME/.ssh/id_ed25519" "$WORK/.key"
		must cp "$HOME/.ssh/id_ed25519.pub" "$WORK/.key.pub"
		must cd "$WORK/.instance"
		must "$LEAP" user add alice --ssh-pub-key "$WORK/.key.pub"
		must "$LEAP" cert ca
		cd "$WORK" || exit 1
	fi
	rm -rf "$WORK/i" "$HOME/.local/state/leap/vault"
	cp -a "$WORK/.instance" "$WORK/i"
	cd "$WORK/i" || exit 1
}

# opened PATH [ENV]: what the program age finds in PATH.age, with the sysadmin's SSH key by way of the environment's.
opened() {
	age -d -i "$HOME/.ssh/id_ed25519" "vault/${2:-default}.age" >"$WORK/.vault" &&
	    age -d -i "$WORK/.vault" "$1.age"
}

# node NAME ADDRESS [JSON MEMBERS]: write a node file; the members come first on line 1.
node() {
	put "nodes/$1.json" <<-EOT
		{ ${3:+$3, }"ip_address": "$2" }
	EOT
}
