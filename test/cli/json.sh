#!/bin/bash
# test: JSON files that are wrong are refused with their place.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# refused PLACE WORDS: compile ends with status 3, and an error line starts with PLACE and contains WORDS.
refused() {
	leap compile
	status_is 3
	stderr_has "$1"
	stderr_has "$2"
	check test ! -e compiled
}

it "broken JSON in a node file is refused with its line and column"
instance
put nodes/web1.json <<-'EOT'
	{
	  "ip_address": "192.0.2.1",
	  "services": ["static"
	}
EOT
leap compile
status_is 3
stderr_is <<-'EOT'
	nodes/web1.json:4:1: "," or "]" is expected here, not "}"
	    }
	    ^
EOT

it "broken JSON in every other kind of file is refused with its place"
instance
node web1 192.0.2.1 '"services": ["static"], "tags": ["production"], "environment": "production"'
for file in common.json provider.json services/static.json tags/production.json common.production.json \
    provider.production.json services/static.production.json tags/production.production.json; do
	[ -e "$file" ] && cp "$file" "$WORK/kept"
	printf '{ "a": 1,\n  b: 2 }\n' | put "$file"
	refused "$file:2:" ""
	rm "$file"
	[ -e "$WORK/kept" ] && mv "$WORK/kept" "$file"
done

it "a duplicate key is refused"
instance
put nodes/web1.json <<-'EOT'
	{
	  "ip_address": "192.0.2.1",
	  "ip_address": "192.0.2.2"
	}
EOT
leap compile
status_is 3
stderr_is <<-'EOT'
	nodes/web1.json:3:3: duplicate key "ip_address"
	      "ip_address": "192.0.2.2"
	      ^
	hint: an object has each key once; remove one of them
EOT

it "an empty file is refused"
instance
put nodes/web1.json </dev/null
refused "nodes/web1.json" ""

it "a file whose top is not an object is refused"
instance
echo '["static"]' | put nodes/web1.json
refused "nodes/web1.json" "object"

it "bytes that are not UTF-8 are refused"
instance
printf '{ "ip_address": "192.0.2.1", "comment": "\xff\xfe" }\n' | put nodes/web1.json
refused "nodes/web1.json:1" ""

it "a NUL in a file is refused"
instance
printf '{ "ip_address": "192.0.2.1",\n "comment": "a\0b" }\n' | put nodes/web1.json
refused "nodes/web1.json" ""

it "brackets without end are an error, not a crash"
instance
head -c 200000 /dev/zero | tr '\0' '[' | put nodes/web1.json
refused "nodes/web1.json:1" ""

it "a comment without end is refused"
instance
printf '{ "ip_address": "192.0.2.1" }\n/* never closed\n' | put nodes/web1.json
refused "nodes/web1.json:2" "comment"

it "comments are white space, but not in strings"
instance
put nodes/web1.json <<-'EOT'
	// the first machine
	{
	  /* over
	     lines */
	  "ip_address": "192.0.2.1", // where it is
	  "services": [],
	  "motto": "http://not // a comment /* nor this */"
	}
EOT
leap list web1 --print motto
status_is 0
stdout_has 'http://not // a comment /* nor this */'

it "a comment does not move the place of an error"
instance
put nodes/web1.json <<-'EOT'
	// one
	/* two
	   three */ { "services": [], "ip_address": }
EOT
refused "nodes/web1.json:3:" ""

it "all broken files are reported at once"
instance
echo '{' | put nodes/web1.json
echo '}' | put nodes/web2.json
leap compile
status_is 3
stderr_has "nodes/web1.json:"
stderr_has "nodes/web2.json:1:1"

it "a node file that cannot be read is an error"
instance
mkdir nodes/web1.json
refused "nodes/web1.json" ""
