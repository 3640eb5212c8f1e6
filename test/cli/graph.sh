#!/bin/bash
# test: leap graph: nodes, boxes and arrows, as DOT, SVG and JSON.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

fleet() {
	instance
	node web1 192.0.2.1 '"services": ["static"], "tags": ["production"], "location": { "name": "ams" },
		"hosts": { "database": ["db1"], "mail": ["mx1", "web1"] }'
	node web2 192.0.2.2 '"services": ["static", "dns"], "tags": ["production"], "hosts": { "database": ["db1"] },
		"stunnel": { "clients": { "sql": "= stunnel_client(nodes_like_me{ services = \"sql\" }, 5432)" } }'
	put services/sql.json <<<'{}'
	node db1 192.0.2.3 '"services": ["sql"], "tags": ["production"], "location": { "name": "fra" }, "firewall": {
		"db": { "ports": [5432], "protocol": "tcp", "from": ["192.0.2.1", "198.51.100.1"] } }'
	node mx1 192.0.2.4
}

header=$(
	cat <<'EOT'
digraph leap {
	graph [rankdir=LR, ranksep=1, fontname="Helvetica", fontsize=12, color="#808080", style=rounded];
	node [shape=box, style="rounded,filled", fillcolor="#eef3f8", color="#406080", fontname="Helvetica", fontsize=12];
	edge [fontname="Helvetica", fontsize=10, color="#606060"];
EOT
)

it "puts nodes into boxes and draws what connects them"
fleet
leap graph --dot
status_is 0
stdout_is <<EOT
$header
	subgraph cluster_0 {
		label="production";
		subgraph cluster_1 {
			label="ams";
			"web1" [label="web1\\n192.0.2.1\\nstatic"];
		}
		subgraph cluster_2 {
			label="fra";
			"db1" [label="db1\\n192.0.2.3\\nsql"];
		}
		"web2" [label="web2\\n192.0.2.2\\nstatic, dns"];
	}
	"mx1" [label="mx1\\n192.0.2.4"];
	"web1" -> "db1" [label="database\\ndb, let in"];
	"web1" -> "mx1" [label="mail"];
	"web2" -> "db1" [label="database\\nsql, tunnel to 5432"];
}
EOT

it "leaves out what leads to nodes that were not chosen"
fleet
leap graph --dot static
status_is 0
stdout_has '"web1" [label='
stdout_lacks db1
stdout_lacks '->'

it "gives JSON"
fleet
leap graph --json db1 web1
status_is 0
stdout_is <<'EOT'
{
    "connections": [
        {
            "from": "web1",
            "to": "db1",
            "why": [
                "database",
                "db, let in"
            ]
        }
    ],
    "nodes": {
        "db1": {
            "address": "192.0.2.3",
            "environment": "production",
            "location": "fra",
            "services": [
                "sql"
            ]
        },
        "web1": {
            "address": "192.0.2.1",
            "environment": "production",
            "location": "ams",
            "services": [
                "static"
            ]
        }
    }
}
EOT

# text_of_svg: the texts in the picture on standard output, a line each.
text_of_svg() { sed -n 's/^<text [^>]*>\(.*\)<\/text>$/\1/p' "$OUT"; }

it "draws SVG"
fleet
leap graph
status_is 0
stderr_empty
stdout_has '<svg '
stdout_has '</svg>'
for text in production ams fra web1 192.0.2.1 'static, dns' 'sql, tunnel to 5432'; do
	text_of_svg | grep -qxF -- "$text" || fail "no $text in the picture"
done
check test "$(grep -c 'class="node"' "$OUT")" -eq 4
check test "$(grep -c 'class="edge"' "$OUT")" -eq 3
check test "$(grep -c 'class="cluster"' "$OUT")" -eq 3

it "draws the same twice"
fleet
leap graph
status_is 0
cp "$OUT" "$WORK/first"
leap graph
check cmp "$OUT" "$WORK/first"

it "a name that is Graphviz' or XML's own language is only a name"
instance
put nodes/web1.json <<'EOT'
{ "ip_address": "192.0.2.1", "location": { "name": "\"];\nevil [label=\"x\\N\\" }, "hosts": { "<b> & \\l\u001b[31m": ["web2"] } }
EOT
node web2 192.0.2.2
leap graph --dot
status_is 0
stdout_is <<EOT
$header
	subgraph cluster_0 {
		label="\\"];\\nevil [label=\\"x\\\\N\\\\";
		"web1" [label="web1\\n192.0.2.1"];
	}
	"web2" [label="web2\\n192.0.2.2"];
	"web1" -> "web2" [label="<b> & \\\\l\\\\x1b[31m"];
}
EOT
leap graph
status_is 0
text_of_svg >"$WORK/text"
check grep -qxF '&quot;];' "$WORK/text"
check grep -q '^evil .label=&quot;x.N.$' "$WORK/text"
check grep -qxF '&lt;b&gt; &amp; \l\x1b[31m' "$WORK/text"
check test "$(grep -c 'class="node"' "$OUT")" -eq 2

it "secrets are not in it"
instance
node web1 192.0.2.1 '"location": { "name": "= secret(\"place\")" }'
leap compile
leap graph
status_is 0
text_of_svg >"$WORK/text"
check grep -qxF '[secret]' "$WORK/text"
check_not grep -qF -- "$(cat secrets/*/*)" "$OUT"

it "without Graphviz there is an error that helps, and DOT"
fleet
printf 'int x;\n' >"$WORK/empty.c"
must "${CC:-gcc}" -shared -fPIC -o "$WORK/libgvc.so.6" "$WORK/empty.c"
LD_LIBRARY_PATH=$WORK leap graph
status_is 1
stderr_has 'leap: cannot load Graphviz: '
stderr_has 'hint: apt-get install libgvc6; without it there is: leap graph --dot'
LD_LIBRARY_PATH=$WORK leap graph --dot
status_is 0

it "the error of a property that is drawn is said at its place"
fleet
node web1 192.0.2.1 '"hosts": "= error(\"no hosts\")"'
leap graph
status_is 3
stderr_has 'nodes/web1.json:1:12: no hosts'
