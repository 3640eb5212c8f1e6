#!/bin/bash
# test: leap env: the environment that a user works in.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

pins=$HOME/.local/state/leap/pins.json

fleet() {
	rm -rf "$HOME/.local"
	instance
	node web1 192.0.2.1 '"services": ["static"], "tags": ["production"]'
	node web2 192.0.2.2 '"services": ["static"], "tags": ["production"], "enabled": false'
	node dev1 192.0.2.3 '"services": ["static"], "environment": "staging"'
	node bare 192.0.2.4
}

names() { sed -n '/^NODE /,$p' "$OUT" | sed 1d | cut -d' ' -f1 | tr '\n' ' '; }

it "lists environments, their nodes, and who pins"
fleet
leap env ls
status_is 0
stdout_is <<'EOT'
ENVIRONMENT  NODES  DISABLED  PINNED
default      1      0
development  0      0
local        0      0
production   1      1
staging      1      0
EOT
leap env pin staging
status_is 0
stdout_empty
stderr_is <<'EOT'
from now on you work on 1 node in environment staging
EOT
echo 'environment: production' >>Leapfile
leap env ls
status_is 0
stdout_is <<'EOT'
ENVIRONMENT  NODES  DISABLED  PINNED
default      1      0
development  0      0
local        0      0
production   1      1         by the Leapfile, but you pinned another
staging      1      0         by you
EOT
leap env ls --json
status_is 0
stdout_is <<'EOT'
{
    "by": "user",
    "environments": {
        "default": {
            "disabled": 0,
            "nodes": 1
        },
        "development": {
            "disabled": 0,
            "nodes": 0
        },
        "local": {
            "disabled": 0,
            "nodes": 0
        },
        "production": {
            "disabled": 1,
            "nodes": 1
        },
        "staging": {
            "disabled": 0,
            "nodes": 1
        }
    },
    "pinned": "staging"
}
EOT

it "a pin restricts, says so, and goes before the Leapfile's"
fleet
echo 'environment: production' >>Leapfile
leap list
status_is 0
check test "$(names)" = "web1 "
stderr_is <<'EOT'
only nodes in environment production: pinned by the Leapfile
EOT
leap env pin default
status_is 0
stderr_is <<'EOT'
from now on you work on 1 node in environment default
the Leapfile pins production for everybody else
EOT
leap list
check test "$(names)" = "bare "
stderr_is <<'EOT'
only nodes in environment default: pinned by you, "leap env unpin" ends that
EOT
leap list dev1
check test "$(names)" = "dev1 "
stderr_empty
leap list staging
check test "$(names)" = "dev1 "
stderr_empty
leap list -q
stderr_empty
leap env unpin
status_is 0
stderr_is <<'EOT'
the Leapfile still pins environment production
EOT
leap list
check test "$(names)" = "web1 "

it "a plan tells that a pin restricts it"
fleet
leap env pin staging
leap plan
stderr_has 'only nodes in environment staging: pinned by you, "leap env unpin" ends that'
leap plan web1
stderr_lacks 'pinned by you'

it "a pin may keep local nodes out"
fleet
leap env pin staging
leap local start
status_is 2
stderr_is <<'EOT'
leap: no node has the tag "local"
hint: environment staging is pinned: "leap env ls" shows by whom
EOT

it "what is compiled is whole, whatever is pinned"
fleet
leap env pin staging
leap compile
status_is 0
stderr_lacks pinned
check test -e compiled/web1.yaml
leap compile hosts
stdout_has web1
stderr_empty
leap compile hosts static
stdout_lacks web1
stderr_has 'only nodes in environment staging'

it "the pin is the user's, not the instance's"
fleet
leap env pin staging
check test -z "$(find . -newer nodes/bare.json -name '*pin*')"
check test "$(stat -c %a "$pins")" = 600
check test "$(stat -c %a "$(dirname "$pins")")" = 700
cp -a "$WORK/i" "$WORK/other"
cd "$WORK/other" || exit 1
leap list
check test "$(names)" = "bare dev1 web1 "
rm -rf "$WORK/other"
cd "$WORK/i/nodes" || exit 1
leap list
check test "$(names)" = "dev1 "
ln -sfn "$WORK/i" "$WORK/link"
cd "$WORK/link" || exit 1
leap list
check test "$(names)" = "dev1 "

it "an environment that is none is not pinned"
fleet
leap env pin stagin
status_is 2
stderr_is <<'EOT'
leap: unknown environment "stagin"
hint: did you mean "staging"?
EOT
leap env pin nonsense
status_is 2
stderr_is <<'EOT'
leap: unknown environment "nonsense"
hint: there are default, development, local, production, staging
EOT
check test ! -e "$pins"

it "an environment that goes away leaves a pin that is told of"
fleet
leap env pin staging
rm nodes/dev1.json
leap list
status_is 2
stderr_is <<'EOT'
leap: there are no nodes that are enabled in environment staging
hint: environment staging is pinned: "leap env ls" shows by whom
EOT
leap env ls
status_is 0
stderr_is <<'EOT'
you pinned "staging", which is no environment any more: leap env unpin
EOT
leap env unpin
status_is 0
leap list
status_is 0

it "a broken file of pins is an error, and not the end"
fleet
leap env pin staging
echo '{' >"$pins"
leap list
status_is 1
stderr_is <<EOT
$pins:2: not JSON: string or '}' expected near end of file
hint: it says which environments you pinned; remove it to begin anew
EOT
echo "{ \"$WORK/i\": 7 }" >"$pins"
leap list
status_is 1
stderr_is <<EOT
$pins: "$WORK/i" must be an environment's name
hint: "leap env unpin" removes it
EOT
leap env unpin
status_is 0
leap list
status_is 0

it "unpins even when the configuration is broken"
fleet
leap env pin staging
echo '{' >nodes/web1.json
leap env unpin
status_is 0
stderr_is <<'EOT'
no environment is pinned
EOT
