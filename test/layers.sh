#!/bin/bash
# test: the house's order: what may include what, and that every header stands alone.
# May know the directories of src/ and the compiler.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$TOP" || exit 1

# A room may include itself and those behind it.  node/ is a program of its own.
ROOMS="cmd push cert recipe config acme schema lua pki vault age ssh repo local node wire base"

# upward ROOM: every room that files of ROOM may not include.
upward() {
	local room

	for room in $ROOMS; do
		[ "$room" = "$1" ] && break
		echo "$room"
	done
	case $1 in
	node | wire | base) ;;
	*) echo node ;;
	esac
}

# forbid HEADER-PATTERN HOME...: the library's headers are included in these rooms only.
forbid() {
	local pattern=$1 homes
	shift
	homes=$(printf '|%s' "$@")
	grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<$pattern" src | grep -vE "^src/(${homes#|})/" |
	    sed 's/^/    /' >"$WORK/found"
	[ ! -s "$WORK/found" ] || fail "<$pattern> outside of $*: $(cat "$WORK/found")"
}

it "no include points upwards"
cd "$TOP" || exit 1
for room in $ROOMS; do
	for other in $(upward "$room"); do
		found=$(grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*\"$other/" "src/$room") &&
		    fail "$room includes $other: $found"
	done
done
check test -n "$(grep -rlE '#include "base/' src/cmd)"

it "every include names its room"
cd "$TOP" || exit 1
found=$(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' src | grep -vE "\"($(echo "$ROOMS" | tr ' ' '|'))/[a-z0-9_]+\.h\"")
[ -z "$found" ] || fail "$found"

it "every directory of src/ is a known room"
cd "$TOP" || exit 1
for directory in src/*/; do
	room=$(basename "$directory")
	case " $ROOMS " in
	*" $room "*) ;;
	*) fail "src/$room is not in the order of rooms" ;;
	esac
done

it "each library has one home"
cd "$TOP" || exit 1
forbid 'libssh2' ssh
forbid 'git2' repo
forbid 'yaml\.h' repo
forbid '(lua|lauxlib|lualib)\.h' lua config recipe
forbid 'pcre2' schema
forbid 'graphviz/' cmd
forbid 'openssl/' pki vault age ssh
forbid 'curl/' acme

it "every header compiles alone"
cd "$TOP" || exit 1
flags=$(pkg-config --cflags libgit2 libssh2 jansson lua5.4 yaml-0.1 libzstd libcrypto libpcre2-8 2>"$WORK/pkg") ||
    fail "$(cat "$WORK/pkg")"
for header in src/*/*.h; do
	# shellcheck disable=SC2086
	"${CC:-gcc}" -std=c17 -D_GNU_SOURCE -Isrc $flags -Wall -Wextra -Wstrict-prototypes -Werror -fsyntax-only \
	    -x c "$header" 2>"$WORK/errors" || {
		fail "$header"
		show gcc "$WORK/errors"
	}
done

it "every source file says its room and its licence"
cd "$TOP" || exit 1
for file in src/*/*.[ch] src/*.c test/unit/*.[ch] test/fuzz/*.c; do
	[ -e "$file" ] || continue
	[ "$(sed -n 3p "$file")" = "/* SPDX-License-Identifier: GPL-3.0-or-later */" ] ||
	    fail "$file: third line is not the licence"
	case $file in
	src/*/*) case $(sed -n 1p "$file") in "/* $(basename "$(dirname "$file")"): "*) ;; *)
		fail "$file: first line does not start with its room" ;; esac ;;
	esac
done

# Two functions of one name link without a word when each comes from an archive of its own, and one is never called.
it "no two rooms define one symbol"
cd "$TOP" || exit 1
for archive in "$BUILD"/*.a; do
	nm --defined-only "$archive" 2>/dev/null | awk '$2 ~ /^[TDBR]$/ { print $3 }' | sort -u
done >"$WORK/symbols"
check test -s "$WORK/symbols"
found=$(sort "$WORK/symbols" | uniq -d)
[ -z "$found" ] || fail "$found"
