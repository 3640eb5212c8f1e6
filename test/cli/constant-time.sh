#!/bin/bash
# test: comparing codes of authenticity takes no branch that depends on a key, seen by valgrind's memcheck.
# May know the room age, how it is compiled, and OpenSSL's functions.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# What everybody learns anyway: OpenSSL's own verdict, whether the code is right.
put "$WORK/suppressions" <<'EOT'
{
   the verdict on Poly1305's code
   Memcheck:Cond
   obj:*/libcrypto.so*
   ...
   fun:EVP_DecryptFinal_ex
}
EOT

# built NAME COMPARE: the program, with a room of age whose keys can be unknown and that compares with COMPARE.
built() {
	# shellcheck disable=SC2046 # words
	(cd "$TOP" && gcc -std=c17 -D_GNU_SOURCE -Isrc -O2 -g -DLEAP_MEMCHECK "-DCRYPTO_memcmp=$2" \
	    $(pkg-config --cflags jansson openssl) -o "$WORK/$1" test/valgrind/constant_time.c src/age/primitive.c \
	    src/age/header.c src/base/*.c $(pkg-config --libs jansson openssl libmd) -pthread) >"$OUT" 2>&1
}

# errors NAME: how many branches depended on what is unknown.
errors() {
	valgrind -q --suppressions="$WORK/suppressions" --log-file="$WORK/$1.log" "$WORK/$1"
}

it "no branch depends on the key when a header or a payload is authenticated"
if ! command -v valgrind >/dev/null || [ ! -e /usr/include/valgrind/memcheck.h ]; then
	skip "valgrind is not installed (tools/install-dependencies --dev)"
	exit 0
fi
check built good CRYPTO_memcmp
check test "$(errors good)" = 0

it "the same is seen where there is one"
check built bad memcmp
check test "$(errors bad)" -gt 0
file_has "$WORK/bad.log" "Conditional jump or move depends on uninitialised value"
file_has "$WORK/bad.log" "tag_equal (primitive.c:"
