#!/bin/bash
# test: leap list: tables, columns, order, CSV; and filters as they are typed.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

fleet() {
	instance
	node web1 192.0.2.9 '"services": ["static"], "tags": ["production"], "weight": 2, "note": "a, \"b\""'
	node web2 192.0.2.10 '"services": ["static"], "tags": ["production"], "weight": 10, "dns": { "aliases": ["x.org", "y.org"] }'
	node web10 192.0.2.1 '"services": ["static"], "enabled": false, "weight": 1'
	node ns1 192.0.2.3 '"services": ["dns"], "environment": "staging", "note": "=1+1"'
}

it "shows services, tags and nodes, in the order of people"
fleet
node web11 192.0.2.11 '"services": ["static"]'
leap list
status_is 0
stdout_is <<'EOT'
SERVICE  NODES
dns      ns1
static   web1, web2, web11

TAG         NODES
production  web1, web2

NODE   ADDRESS     ENVIRONMENT  SERVICES  TAGS
ns1    192.0.2.3   staging      dns
web1   192.0.2.9   production   static    production
web2   192.0.2.10  production   static    production
web11  192.0.2.11  -            static
EOT
stderr_empty

it "shows only nodes with a filter, and disabled ones where they are wanted"
fleet
leap list static --disabled
status_is 0
stdout_is <<'EOT'
NODE              ADDRESS     ENVIRONMENT  SERVICES  TAGS
web1              192.0.2.9   production   static    production
web2              192.0.2.10  production   static    production
web10 (disabled)  192.0.2.1   -            static
EOT

it "prints properties, in the order of one"
fleet
leap list --print weight,dns.aliases --sort weight --disabled
status_is 0
stdout_is <<'EOT'
NODE              weight  dns.aliases
web10 (disabled)  1
web1              2
web2              10      x.org, y.org
ns1               -
EOT
leap list --print ip_address --sort ip_address --disabled
status_is 0
stdout_is <<'EOT'
NODE              ip_address
web10 (disabled)  192.0.2.1
ns1               192.0.2.3
web1              192.0.2.9
web2              192.0.2.10
EOT

it "equal nodes are in the order of their names, and those without come last"
fleet
leap list --print environment --sort environment --disabled
stdout_is <<'EOT'
NODE              environment
web1              production
web2              production
ns1               staging
web10 (disabled)  null
EOT

it "gives CSV that other programs read"
fleet
leap list --csv
status_is 0
stdout_is <<'EOT'
node,ip_address,environment,enabled,services,tags
ns1,192.0.2.3,staging,true,dns,
web1,192.0.2.9,production,true,static,production
web2,192.0.2.10,production,true,static,production
EOT
leap list --csv --print note,dns.aliases,weight
status_is 0
stdout_is <<'EOT'
node,note,dns.aliases,weight
ns1,=1+1,,
web1,"a, ""b""",,2
web2,,"x.org, y.org",10
EOT

it "gives JSON"
fleet
leap list web1 --json
status_is 0
stdout_is <<'EOT'
{
    "web1": {
        "enabled": true,
        "environment": "production",
        "ip_address": "192.0.2.9",
        "services": [
            "static"
        ],
        "tags": [
            "production"
        ]
    }
}
EOT

it "refuses what does not go together, and what nothing has"
fleet
leap list --json --csv
status_is 2
stderr_is <<'EOT'
leap: --json and --csv exclude each other
EOT
leap list --json --sort weight
status_is 2
stderr_is <<'EOT'
leap: --json makes an object by the nodes' names, which --sort cannot sort
hint: --csv keeps the order
EOT
leap list --sort wieght
status_is 3
stderr_is <<'EOT'
leap: node ns1 has no property "wieght"
EOT
leap list web1 --print wieght
status_is 3
stderr_is <<'EOT'
leap: node web1 has no property "wieght"
hint: did you mean "weight"?
EOT

it "no secret is told by a column, nor by CSV"
instance
node web1 192.0.2.1 '"password": "= secret(\"pw\")", "pin": "= secret(\"pw\"):sub(1, 3)"'
leap compile
status_is 0
leap list --print password,pin --csv
status_is 0
stdout_is <<'EOT'
node,password,pin
web1,[secret],[secret]
EOT

it "makes no secret"
instance
node web1 192.0.2.1 '"password": "= secret(\"pw\")"'
leap list --print password
status_is 0
check test ! -e secrets

# chosen WORDS...: the names of the nodes that these arguments choose.
chosen() {
	leap list --csv "$@"
	[ "$STATUS" -eq 0 ] || fail "status $STATUS: $*"
	sed 1d "$OUT" | cut -d, -f1 | tr '\n' ' ' | sed 's/ $//'
}

it "a word of a filter may begin with -"
fleet
check test "$(chosen -static)" = ns1
check test "$(chosen static -web1)" = web2
check test "$(chosen static '!web1')" = web2
check test "$(chosen -- -static)" = ns1
check test "$(chosen '-/^web/')" = ns1
check test "$(chosen weight!=2 -ns1)" = web2
check test "$(chosen -q static -v -web1)" = web2

it "options of one letter stay options, together too"
fleet
leap list -qv web1
status_is 0
leap list -qz web1
status_is 2
stderr_is <<'EOT'
leap: no node, service, tag or environment "qz"
hint: "-qz" is no option, and leaves out nothing: "leap help" explains options, "leap list" shows what there is
EOT
leap list --web1
status_is 2
stderr_has 'leap: unknown option --web1'

it "letters that are options and a name are neither"
fleet
node qv 192.0.2.77
leap list -qv
status_is 2
stderr_is <<'EOT'
leap: -qv is several options, and all but "qv"
hint: write the options one by one, or "!qv" to leave that out
EOT
check test "$(chosen '!qv')" = "ns1 web1 web2"
check test "$(chosen -- -qv)" = "ns1 web1 web2"

it "every command with a filter takes such words, behind what comes before it"
fleet
leap help --all
status_is 0
checked=0
while IFS=$'\t' read -r _ name args; do
	case $args in *FILTER*) ;; *) continue ;; esac
	case $name in
	compile) before=(hosts) ;;
	run) before=(true) ;;
	lock) before=(--why test) ;;
	*) before=() ;;
	esac
	# shellcheck disable=SC2086 # a command may be two words
	leap $name "${before[@]}" -zzz
	status_is 2
	stderr_lacks 'unknown option'
	stderr_has zzz
	checked=$((checked + 1))
done < <(grep '^command' "$OUT")
check test "$checked" -ge 10

it "a command without a filter refuses the letters"
fleet
leap inspect -z
status_is 2
stderr_has 'unknown option -z'
leap run -z
status_is 2
stderr_has 'unknown option -z'
