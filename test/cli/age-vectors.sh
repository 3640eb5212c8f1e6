#!/bin/bash
# test: the published vectors of the format of age, as npm's package cctv-age has them.
# May know the unit tests.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# Each file is a head of "KEY: value", an empty line, and an age file, which may be compressed.
unpack='
import * as vectors from "./package/index.js";
import fs from "fs";
import zlib from "zlib";
for (const [name, bytes] of Object.entries(vectors)) {
	const file = Buffer.from(bytes), at = file.indexOf("\n\n") + 2;
	const head = file.subarray(0, at), body = file.subarray(at);
	fs.writeFileSync("vectors/" + name,
	    Buffer.concat([head, /^compressed: zlib$/m.test(head) ? zlib.inflateSync(body) : body]));
}'

it "every vector of C2SP's CCTV has the outcome that it asks for"
cd "$WORK" || exit 1
if ! command -v npm >/dev/null; then
	skip "npm is not installed: tools/install-dependencies --dev"
elif ! npm pack --silent cctv-age >"$WORK/archive" 2>"$WORK/errors"; then
	skip "npm has no package cctv-age for us: $(tail -n1 "$WORK/errors")"
else
	mkdir vectors
	tar -xzf "$(cat "$WORK/archive")" || fail "tar"
	echo "$unpack" >unpack.mjs
	command node unpack.mjs || fail "node"
	LEAP_AGE_VECTORS="$WORK/vectors" LEAP_AGE_ROUNDS=0 "$TOP/$BUILD/test/unit/age_test" >"$WORK/out" || show age_test "$WORK/out" >&2
	check grep -q '^ok published_vectors' "$WORK/out"
fi
