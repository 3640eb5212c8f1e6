#!/bin/bash
# test: the official JSON-Schema-Test-Suite, draft 2020-12.
# May know where Debian keeps the suite, and the program that runs its files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# The suite comes with a package of Debian's.  One that is not installed is downloaded, once for a build; that needs no root.
PACKAGE=libtest-json-schema-acceptance-perl
SHARE=usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance
RUNNER=$TOP/$BUILD/test/unit/schema_suite

suite=/$SHARE
if [ ! -d "$suite/tests/draft2020-12" ]; then
	suite=$TOP/$BUILD/schema-suite/$SHARE
fi
if [ ! -d "$suite/tests/draft2020-12" ]; then
	(cd "$WORK" && apt-get download "$PACKAGE" && dpkg-deb -x "$PACKAGE"_*.deb suite &&
		rm -rf "$TOP/$BUILD/schema-suite" && mv suite "$TOP/$BUILD/schema-suite") >"$WORK/download" 2>&1
fi

# What is not supported: other drafts, what this one replaced, and texts in more than ASCII that few programs check.
OTHER='cross-draft dependencies-compatibility'
REGEX='ecmascript-regex'		# PCRE2 has another \s, \a, and short names of properties only
FORMATS='ecmascript-regex idn-email idn-hostname iri iri-reference uri-template'

# files DIRECTORY EXCEPTIONS: the files of the suite, as lines.
files() {
	local file

	for file in "$1"/*.json; do
		case " $2 " in
		*" $(basename "$file" .json) "*) ;;
		*) echo "$file" ;;
		esac
	done
}

# run ARGUMENTS...: run files of the suite; every case must pass, and there must be at least $least.
run() {
	"$RUNNER" "$@" >"$OUT" 2>"$ERR"
	check test "$?" -eq 0
	if grep -q '^not ok' "$OUT"; then
		fail "cases failed"
		grep '^not ok' "$OUT" | sed 's/^not ok/    failed:/'
	fi
	cases=$(awk -F '\t' 'NF == 3 { sum += $2 } END { print sum + 0 }' "$OUT")
	check test "$cases" -ge "$least"
	echo "# $current: $cases cases in $(grep -c '	' "$OUT") files"
}

it "the keywords of the dialect that are refused are those that it has for the sake of older drafts"
"$RUNNER" --unsupported >"$OUT"
echo "# unsupported keywords: $(tr '\n' ' ' <"$OUT")"
stdout_is <<-'EOT'
	definitions
	dependencies
	$recursiveAnchor
	$recursiveRef
EOT

it "every case that the draft requires passes"
if [ -d "$suite/tests/draft2020-12" ]; then
	least=1100
	mapfile -t list < <(files "$suite/tests/draft2020-12" '')
	run "$suite/remotes" "${list[@]}"
else
	skip "the package $PACKAGE is not installed and cannot be downloaded"
fi

it "optional cases pass, but for what is not supported"
if [ -d "$suite/tests/draft2020-12" ]; then
	least=30
	mapfile -t list < <(files "$suite/tests/draft2020-12/optional" "$OTHER $REGEX")
	echo "# not supported: $OTHER $REGEX"
	run "$suite/remotes" "${list[@]}"
else
	skip "there is no suite"
fi

it "cases of formats that are checked pass"
if [ -d "$suite/tests/draft2020-12" ]; then
	least=300
	mapfile -t list < <(files "$suite/tests/draft2020-12/optional/format" "$FORMATS")
	echo "# formats that are annotations only: $FORMATS"
	run --formats "$suite/remotes" "${list[@]}"
else
	skip "there is no suite"
fi
