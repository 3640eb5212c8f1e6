#!/bin/bash
# test: Project Wycheproof's vectors for each cryptographic primitive that keys and signatures here are made with.
# May know the source package of Debian's that has the vectors, and the program that runs its files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# No binary package has them; this source package does.  It is downloaded once for a build; that needs no root.
PACKAGE=android-platform-external-boringssl
RELEASE=bookworm
VECTORS=$TOP/$BUILD/wycheproof

# download: the vectors to $VECTORS, from a mirror that is asked beside whatever this machine's apt is set up for.
download() {
	local options=(-o "Dir::Etc::sourcelist=$WORK/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
	    -o "Dir::State=$WORK/apt" -o "Dir::Cache=$WORK/apt" -o "APT::Sandbox::User=$(id -un)")

	mkdir -p "$WORK/apt/lists/partial" "$WORK/apt/archives/partial" "$WORK/vectors" && cd "$WORK/apt" || return 1
	echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
	    "http://deb.debian.org/debian $RELEASE main" >sources.list
	apt-get "${options[@]}" -q update && apt-get "${options[@]}" -q source --download-only "$PACKAGE" || return 1
	tar -C "$WORK/vectors" -xJf "$PACKAGE"_*.orig.tar.xz --strip-components=4 --wildcards \
	    '*/wycheproof_testvectors/*_test.json' && mkdir -p "$TOP/$BUILD" && mv "$WORK/vectors" "$VECTORS"
}

it "every vector for what is used here has the outcome that it asks for"
if [ -d "$VECTORS" ] || download >"$WORK/download" 2>&1; then
	"$TOP/$BUILD/test/unit/wycheproof" "$VECTORS" >"$OUT" 2>"$ERR"
	check test "$?" -eq 0
	check_not grep -q '^not ok' "$OUT"
	grep '^not ok' "$OUT" | sed 's/^not ok/    failed:/'
	check test "$(awk -F '\t' '{ sum += $2 } END { print sum }' "$OUT")" -gt 2000
	sed 's/^/# /' "$OUT"
else
	skip "the source package $PACKAGE cannot be had: $(tail -n 1 "$WORK/download")"
fi
