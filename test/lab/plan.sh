#!/bin/bash
# test/lab: plans, saved plans, revisions, batches and retries on real nodes.
# May know the command line, an instance's files, and what Debian has.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# changes FILE: what a plan or deploy in JSON says of its nodes, one line "NODE CHANGED RESTARTED RESULT" each.
changes() {
	jq -r '(if type == "object" then .nodes else . end)[] | "\(.node) \(.changed) \(.restarted) \(.result)"' "$1"
}

# steps FILE NODE: every step that a plan or a deploy in JSON has for the node, without checks.
steps() {
	jq -r --arg node "$2" '(if type == "object" then .nodes else . end)[] | select(.node == $node) | .events[] |
	    select(.action != "check" and .action != "keep") | "\(.action) \(.resource)"' "$1" | sort
}

commit() { must git add -A && must git -c user.name=lab -c user.email=lab@example.org commit -q -m "$1"; }

it "three nodes are deployed to"
lab_needed
lab_instance web1=static web2=static ns1=dns
lab_boot
cd "$LAB" || exit 1
commit "three nodes"
leap plan --json
status_is 0
cp "$OUT" "$WORK/plan.json"
leap deploy --yes --json
status_is 0
cp "$OUT" "$WORK/deploy.json"

# Packages bring units and links of their own, so that some steps are others then.
it "a first deploy touches nothing that the plan did not name"
cd "$LAB" || exit 1
for name in web1 web2 ns1; do
	steps "$WORK/plan.json" "$name" | cut -d ' ' -f 2 | sort -u >"$WORK/planned"
	steps "$WORK/deploy.json" "$name" | cut -d ' ' -f 2 | sort -u >"$WORK/done"
	check test -s "$WORK/done"
	check test -z "$(comm -13 "$WORK/planned" "$WORK/done")"
done
leap plan --json
status_is 0
check test "$(changes "$OUT")" = $'ns1 0 0 ok\nweb1 0 0 ok\nweb2 0 0 ok'

it "a plan names the commit, the state of each node, and the lines of files"
cd "$LAB" || exit 1
sed -i '0,/{/s//{ "dns": { "aliases": ["www.example.org"] },/' nodes/web2.json
must "$LEAP" cert update
leap plan
status_is 0
stdout_has "commit $(git rev-parse HEAD | cut -c 1-12) and changes that are not committed"
check grep -qE '^ns1 \(state [0-9a-f]{12}\)$' "$OUT"
stdout_has "+www"
stdout_has "(secret content differs)"
check_not grep -q 'PRIVATE KEY' "$OUT"
check grep -qE '^[0-9]+ resources would change on [0-9] nodes, [0-9]+ bytes of content would be sent$' "$OUT"
commit "an alias"
leap plan
status_is 0
stdout_has "commit $(git rev-parse HEAD | cut -c 1-12)"
check_not grep -q "not committed" "$OUT"

it "a saved plan has no content in it, is for its owner only, and is done without a question"
cd "$LAB" || exit 1
leap plan -o "$WORK/alias.plan" --json
status_is 0
cp "$OUT" "$WORK/plan.json"
check test "$(stat -c %a "$WORK/alias.plan")" = 600
check_not grep -q 'www\|PRIVATE' "$WORK/alias.plan"
leap deploy "$WORK/alias.plan" --json
status_is 0
cp "$OUT" "$WORK/deploy.json"
check test -n "$(steps "$WORK/plan.json" web2)"
for name in web1 web2 ns1; do
	check test "$(steps "$WORK/plan.json" "$name")" = "$(steps "$WORK/deploy.json" "$name")"
done
check test "$(changes "$WORK/plan.json")" = "$(changes "$WORK/deploy.json")"
nothing_changes

it "a saved plan is refused where the node or the manifest is another now"
cd "$LAB" || exit 1
sed -i 's/www\.example\.org/www2.example.org/' nodes/web2.json
must "$LEAP" cert update
leap plan -o "$WORK/moved.plan"
status_is 0
must on ns1 "echo '; mine' >>/etc/nsd/leap.zone"
before=$(on ns1 "cat /var/lib/leap/managed.json | sha256sum")
leap deploy "$WORK/moved.plan"
status_is 4
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" "ns1: the node is not as it was when the plan was made; nothing was changed"
check test "$(on ns1 "cat /var/lib/leap/managed.json | sha256sum")" = "$before"
leap plan -o "$WORK/changed.plan" ns1
status_is 0
sed -i 's/www2\.example\.org/www3.example.org/' nodes/web2.json
must "$LEAP" cert update
leap deploy "$WORK/changed.plan"
status_is 4
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" "ns1: what would be deployed is not what was planned; nothing was changed"
leap deploy --yes
status_is 0
commit "another alias"

it "a revision is planned and deployed without a check out"
cd "$LAB" || exit 1
git rev-parse HEAD >"$WORK/head"
leap plan --rev HEAD
status_is 0
stdout_has "nothing would change on 3 nodes"
leap plan --rev HEAD~1
status_is 0
stdout_has "commit $(git rev-parse HEAD~1 | cut -c 1-12)"
stdout_has "+www "
stdout_has "-www3 "
leap deploy --rev HEAD~1 --yes
status_is 0
check test "$(git rev-parse HEAD)" = "$(cat "$WORK/head")"
check test -z "$(git status --porcelain)"
leap plan --rev HEAD~1
stdout_has "nothing would change on 3 nodes"
leap plan --rev nowhere
status_is 2
leap deploy --yes
status_is 0

it "a deploy that changes nothing is one command and one round trip after the login"
cd "$LAB" || exit 1
leap deploy --yes --json
status_is 0
check test "$(grep -c '"commands": 1' "$OUT")" -eq 3
check test "$(grep -c '"round_trips": 1' "$OUT")" -eq 3
leap deploy --yes --timing
status_is 0
check grep -qE '^NODE +CONNECT +KEX +AUTH +TRIPS +SENT +RECEIVED +LOOK +APPLY +RESTARTS +CHECKS +ALL' "$OUT"

it "never all nodes of a service at once, and a batch that fails is the last"
cd "$LAB" || exit 1
mkdir -p services/probe
echo '{}' >services/probe/service.json
# shellcheck disable=SC2028
echo 'file("/etc/leap-test", { content = "one\n" })' >services/probe/recipe.lua
sed -i 's/"static"/"static", "probe"/' nodes/web1.json nodes/web2.json
leap deploy --yes
status_is 0
stderr_has "batch 1 of 2: 1 node"
stderr_has "batch 2 of 2: 1 node"
check test "$(on web2 cat /etc/leap-test)" = one
sed -i 's/"one\\n"/"two\\n"/' services/probe/recipe.lua
echo 'check.command("never", { command = "false", timeout = 1 })' >>services/probe/recipe.lua
leap deploy --yes
status_is 4
cat "$OUT" "$ERR" >"$WORK/all"
file_has "$WORK/all" "web2: not begun, because nodes before it failed"
check test "$(on web2 cat /etc/leap-test)" = one

it "--retry-failed goes on where the last deploy failed"
cd "$LAB" || exit 1
sed -i '$d' services/probe/recipe.lua
leap deploy --yes --retry-failed --json
status_is 0
changes "$OUT" >"$WORK/changes"
check test "$(cut -d ' ' -f 1 "$WORK/changes" | xargs)" = "web1 web2"
check test "$(on web2 cat /etc/leap-test)" = two
leap deploy --yes --retry-failed
status_is 0
stderr_has "no deploy of yours failed on any node"

it "a canary goes first and alone, and --max-fail lets others follow"
cd "$LAB" || exit 1
sed -i 's/"two\\n"/"three\\n"/' services/probe/recipe.lua
echo 'check.command("never", { command = "false", timeout = 1 })' >>services/probe/recipe.lua
leap deploy --yes --canary 1
status_is 4
check test "$(on web2 cat /etc/leap-test)" = two
leap deploy --yes --max-fail 1
status_is 4
check test "$(on web2 cat /etc/leap-test)" = three

it "a node that is lost in the middle is the last"
cd "$LAB" || exit 1
sed -i -e '$d' -e 's/"three\\n"/"four\\n"/' services/probe/recipe.lua
echo 'exec("lose", { command = "sleep 1; pkill -9 sshd", creates = "/etc/leap-lost" })' >>services/probe/recipe.lua
leap deploy --yes --json
status_is 4
check test "$(jq -r '.[] | "\(.node) \(.result)"' "$OUT")" = $'ns1 ok\nweb1 unreachable\nweb2 not begun'
stderr_has "the last it said in this apply was file:/etc/leap-test"
stderr_has "web2: not begun, because nodes before it failed"
check test "$(on web2 cat /etc/leap-test)" = three
must poll 20 on web1 true

it "a saved plan remembers which nodes it could not be made for"
cd "$LAB" || exit 1
mv files/nodes/web2/web2_ssh.pub "$WORK/pin"
leap plan -o "$WORK/most.plan"
status_is 5
check test "$(jq -c '[(.nodes | keys), .failed]' "$WORK/most.plan")" = '[["ns1","web1"],["web2"]]'
mv "$WORK/pin" files/nodes/web2/web2_ssh.pub

it "a plan makes no secret, and is kept only when those that it needs are there"
cd "$LAB" || exit 1
sed -i '$d' services/probe/recipe.lua
put services/probe/service.json <<<"{ \"probe\": { \"password\": \"= secret('probe_password')\" } }"
cat >>services/probe/recipe.lua <<'EOT'
file("/etc/leap-secret", { content = probe.password .. "\n", mode = "0600" })
EOT
leap plan web1 -o "$WORK/plan"
status_is 1
stdout_has "file:/etc/leap-secret"
stderr_has "secrets/local/probe_password.age does not exist yet: a deploy makes it, here a text stands in for it"
stderr_has "plan: not written, because what it needs is not made yet: secrets/local/probe_password"
stderr_has "hint: leap compile makes it; then plan anew"
check test ! -e secrets/local/probe_password.age
check test ! -e "$WORK/plan"
must "$LEAP" compile
check test -s secrets/local/probe_password.age
must "$LEAP" plan web1 -o "$WORK/plan"
leap deploy "$WORK/plan"
status_is 0
check test "$(on web1 cat /etc/leap-secret)" = "$(opened secrets/local/probe_password local)"
