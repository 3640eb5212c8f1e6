#!/bin/bash
# test: leap impact and leap diff: what follows from an edit, without a check out, without a secret.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=t
export GIT_COMMITTER_EMAIL=t@example.org

commit() {
	must git add -A
	must git commit -q -m "$1"
}

# Three nodes, a service that uses a secret, and one that does not; all of it committed.
fleet() {
	instance
	put services/app/service.json <<-'EOT'
		{ "app": { "password": "= secret \"app\"", "size": 1, "greeting": "hello" } }
	EOT
	put services/app/recipe.lua <<-'EOT'
		local config = template("/etc/app/app.conf", "app.conf")
		local secret = template("/etc/app/secret.conf", "secret.conf")
		local tool = file("/opt/app/tool", { from = "app/the tool", mode = "0755" })
		directory "/etc/app"
		directory "/opt/app"
		exec("compile", { command = "app-compile", on = config })
		unit("app", { restart_on = { config, secret }, reload_on = tool })
	EOT
	put services/app/templates/app.conf <<-'EOT'
		# greeting
		say <%= app.greeting %>
		size <%= app.size %>
	EOT
	put services/app/templates/secret.conf <<-'EOT'
		password <%= app.password %>
		size <%= app.size %>
	EOT
	printf 'tool\n' >"$WORK/i/files/tool.src"
	mkdir -p files/app files/real
	mv files/tool.src "files/real/the tool"
	ln -s "../real/the tool" "files/app/the tool"
	node web1 192.0.2.1 '"services": ["static"]'
	node web2 192.0.2.2 '"services": ["static"]'
	node app1 192.0.2.3 '"services": ["app"]'
	leap compile
	status_is 0
	commit start
}

# members NAME...: the values of these members in the report, in the order in which they stand there.
members() {
	local names

	names=$(printf '|%s' "$@")
	sed -nE "s/^ *\"(${names#|})\": \"(.*)\",?$/\2/p" "$OUT" | tr '\n' ' '
}

it "an unchanged instance has no impact"
fleet
leap impact
status_is 0
stderr_empty
stdout_is <<'EOT'
nothing changes on 3 nodes
EOT

it "an alias of one node changes that node and no other"
cd "$WORK/i" || exit 1
node web1 192.0.2.1 '"services": ["static"], "dns": { "aliases": ["www.example.org"] }'
commit alias
leap impact HEAD~1
status_is 0
stdout_is <<'EOT'
web1
  ~ update file:/etc/hosts: content +1 -1
  ~ update file:/etc/nginx/sites-available/leap.conf: content +1 -1
  ~ reload unit:nginx
1 of 3 nodes change: web1; 1 reload
EOT
stderr_is <<'EOT'
web1: a deploy makes a new certificate: its old one lacks www.example.org
EOT
leap impact HEAD~1 --json
status_is 0
check test "$(members node)" = "web1 "
check test "$(members manifest_before)" != "$(members manifest_after)"
check test "$(members action resource)" = \
    "update file:/etc/hosts update file:/etc/nginx/sites-available/leap.conf reload unit:nginx "

it "leap diff shows the lines"
cd "$WORK/i" || exit 1
leap diff HEAD~1 HEAD
status_is 0
stderr_empty
stdout_has '  ~ update file:/etc/hosts: content +1 -1'
stdout_has '      -127.0.1.1	web1.example.org web1.example.i web1'
stdout_has '      +127.0.1.1	web1.example.org web1.example.i web1 www.example.org'
stdout_has '1 of 3 nodes change: web1; 1 reload'
cp "$OUT" "$WORK/kept"
leap diff HEAD~1..HEAD
check cmp -s "$OUT" "$WORK/kept"
leap diff HEAD~1
check cmp -s "$OUT" "$WORK/kept"
must git tag v1 HEAD~1
leap diff v1 "$(git rev-parse HEAD)"
check cmp -s "$OUT" "$WORK/kept"
leap impact -p HEAD~1
check cmp -s "$OUT" "$WORK/kept"
leap diff --stat HEAD~1
status_is 0
stdout_lacks '@@'
leap diff HEAD HEAD~1
stdout_has '      +127.0.1.1	web1.example.org web1.example.i web1'

it "words after the revisions choose nodes"
cd "$WORK/i" || exit 1
leap diff HEAD~1 HEAD web2
status_is 0
stdout_is <<<'nothing changes on 1 node'
leap impact HEAD~1 web2 app1
stdout_is <<<'nothing changes on 2 nodes'
leap impact web1
stdout_is <<<'nothing changes on 1 node'
leap impact HEAD~1 static
stdout_has '1 of 2 nodes change: web1'

it "nodes with the same changes stand under one heading"
fleet
cd "$WORK/i" || exit 1
mkdir -p services/static/templates
cp "$TOP/platform/services/static/templates/provider.json" services/static/templates/
echo >>services/static/templates/provider.json
leap impact
status_is 0
stdout_is <<'EOT'
web1 web2
  ~ update file:/srv/static/provider.json: content +1 -0
2 of 3 nodes change: web1, web2
EOT

it "secrets are never shown, nor made"
fleet
cd "$WORK/i" || exit 1
secret=$(opened secrets/default/app)
check test "${#secret}" -ge 16
sed -i 's/"size": 1/"size": 2/' services/app/service.json
leap diff
status_is 0
stdout_is <<'EOT'
app1
  ~ update file:/etc/app/app.conf: content +1 -1
      @@ -1,3 +1,3 @@
       # greeting
       say hello
      -size 1
      +size 2
  ~ update file:/etc/app/secret.conf: secret content
  ~ run exec:compile
  ~ restart unit:app
1 of 3 nodes change: app1; 1 restart, 1 command
EOT
leap diff --json
stdout_lacks "$secret"
stdout_has '"detail": "secret content"'
printf 'password <%%= secret "fresh" %%>\n' >services/app/templates/secret.conf
leap diff
status_is 0
stdout_has '~ update file:/etc/app/secret.conf: secret content'
stdout_lacks "$secret"
check test ! -e secrets/default/fresh.age
leap impact --json
status_is 0
check test ! -e secrets/default/fresh.age

it "a node's private key is the same in both states"
fleet
cd "$WORK/i" || exit 1
leap diff
stdout_is <<<'nothing changes on 3 nodes'
key=$(opened files/nodes/web1/web1.key | sed -n 2p)
check test "${#key}" -ge 40
leap cert update web1
echo x >>services/app/templates/app.conf
leap diff
check_not grep -qF -- "$key" "$OUT" "$ERR"

it "a certificate that is not there yet is no error"
fleet
cd "$WORK/i" || exit 1
node web3 192.0.2.9 '"services": ["static"]'
check test ! -e files/nodes/web3
leap impact
status_is 0
stdout_is <<'EOT'
web3 (new: 26 resources)
1 of 4 nodes change: web3
EOT
commit web3
leap impact HEAD~1
status_is 0
stdout_has 'web3 (new: 26 resources)'
check test ! -e files/nodes/web3

it "the index, the work tree, and one file's edit"
fleet
cd "$WORK/i" || exit 1
node web1 192.0.2.1 '"services": ["static"], "dns": { "aliases": ["a.example.org"] }'
must git add -A
node web2 192.0.2.2 '"services": ["static"], "dns": { "aliases": ["b.example.org"] }'
sed -i 's/hello/goodbye/' services/app/service.json
leap impact --cached
stdout_has '1 of 3 nodes change: web1; 1 reload'
leap impact --cached web2
stdout_is <<<'nothing changes on 1 node'
leap impact
stdout_has '3 of 3 nodes change: app1, web1, web2; 1 restart, 2 reloads, 1 command'
leap impact nodes/web2.json
stdout_has '1 of 3 nodes change: web2; 1 reload'
leap impact services/app
stdout_has '1 of 3 nodes change: app1; 1 restart, 1 command'
cd services/app || exit 1
leap impact service.json -p
stdout_has '      +say goodbye'
leap impact ../../nodes/web1.json
stdout_has '1 of 3 nodes change: web1; 1 reload'
cd "$WORK/i" || exit 1
echo x >files/ca/lost.key
leap impact files/ca/lost.key
status_is 2
stderr_is <<'EOT'
leap: git ignores files/ca/lost.key
hint: what .gitignore excludes is the same in every state
EOT

it "a file with a space, behind a link"
fleet
cd "$WORK/i" || exit 1
echo more >>"files/real/the tool"
leap impact
stdout_is <<'EOT'
app1
  ~ update file:/opt/app/tool: content +1 -0
  ~ reload unit:app
1 of 3 nodes change: app1; 1 reload
EOT
commit tool
leap impact HEAD~1
stdout_has '~ update file:/opt/app/tool: content +1 -0'
printf 'a\0b' >"files/real/the tool"
leap diff
stdout_has '~ update file:/opt/app/tool: content, 10 -> 3 bytes'
must rm "files/app/the tool"
must ln -s ../../../../etc/passwd "files/app/the tool"
commit out
must rm "files/app/the tool"
must ln -s "../real/the tool" "files/app/the tool"
leap impact
status_is 3
stderr_has 'HEAD:services/app/recipe.lua:3: files/app/the tool: leads outside'
stdout_is <<'EOT'
nothing changes on 2 nodes
1 node could not be compared
EOT

it "nodes that are new, gone, renamed, disabled and enabled"
fleet
cd "$WORK/i" || exit 1
leap node disable web2
commit disabled
must git mv nodes/web1.json nodes/www.json
must git mv files/nodes/web1 files/nodes/www
mv files/nodes/www/web1.crt files/nodes/www/www.crt
mv files/nodes/www/web1.key.age files/nodes/www/www.key.age
node app2 192.0.2.33 '"services": ["app"]'
must git rm -q nodes/app1.json
leap node enable web2
leap impact
status_is 0
stdout_has 'app1 (gone: leap knows it no more, what it has stays)'
stdout_has 'app2 (new: '
stdout_has 'web2 (enabled: 26 resources)'
stdout_has 'www (was web1)'
stdout_has '  ~ update file:/etc/hostname: content +1 -1'
stdout_has '4 of 4 nodes change: app1, app2, web2, www'
leap impact --json
check test "$(members node change was)" = "gone app1 new app2 enabled web2 changed www web1 "
leap diff HEAD~1 HEAD
stdout_is <<'EOT'
web2 (disabled: deploys leave it as it is)
1 of 3 nodes change: web2
EOT

it "a state that does not compile says which it is"
fleet
cd "$WORK/i" || exit 1
cp nodes/web1.json "$WORK/good.json"
echo '{ "ip_address": }' >nodes/web1.json
commit broken
cp "$WORK/good.json" nodes/web1.json
leap impact
status_is 3
stdout_empty
stderr_has 'HEAD:nodes/web1.json:1:17: '
leap impact HEAD~1
status_is 0
commit mended
leap diff HEAD~1 HEAD
status_is 3
stderr_has 'HEAD~1:nodes/web1.json:1:17: '
echo '{ "ip_address": "192.0.2.1", "services": ["statik"] }' >nodes/web1.json
leap impact
status_is 3
stderr_has 'nodes/web1.json:1:43: unknown service "statik"'
stderr_lacks 'HEAD'
must git add -A
leap impact --cached
status_is 3
stderr_has 'index:nodes/web1.json:1:43: unknown service "statik"'

it "a node that did not compile does not hide the others"
fleet
cd "$WORK/i" || exit 1
sed -i 's/^size/size <%= nil .. 1 %>/' services/app/templates/app.conf
node web1 192.0.2.1 '"services": ["static"], "dns": { "aliases": ["a.example.org"] }'
commit wrong
leap diff --stat HEAD~1 HEAD
status_is 3
stdout_has '1 of 3 nodes change: web1; 1 reload'
stdout_has '1 node could not be compared'
stderr_has 'HEAD:services/app/templates/app.conf:3: '

it "an unknown revision gets a hint"
fleet
cd "$WORK/i" || exit 1
must git branch stable
leap impact stabel
status_is 2
stderr_is <<'EOT'
leap: "stabel" is neither a file, a revision nor a filter
hint: did you mean "stable"?
EOT
leap diff HEAD...HEAD~1
status_is 2
stderr_has 'no revisions "HEAD...HEAD~1": three dots'
leap diff HEAD HEAD~7
stderr_has 'no revision "HEAD~7"'
leap diff HEAD~7
status_is 2
stderr_has 'leap: no revision "HEAD~7"'
leap diff HEAD..nowhere
status_is 2
stderr_has 'leap: no revision "nowhere"'
leap impact webb1
status_is 2
stderr_has 'hint: did you mean "web1"?'
must git branch nodes
leap impact nodes
status_is 2
stderr_is <<'EOT'
leap: "nodes" is a file and a revision
hint: say "./nodes" for the file or "nodes^0" for the revision
EOT
leap impact ./nodes
stdout_is <<<'nothing changes on 3 nodes'
leap impact nodes^0
stdout_is <<<'nothing changes on 3 nodes'

it "an instance in a directory of a larger repository, its platform beside it"
fleet
mkdir -p "$WORK/large/our infra" && cd "$WORK/large" || exit 1
must git init -q
cp -a "$TOP/platform" platform
cp -a "$WORK/i/." "our infra"
rm -rf "our infra/.git"
echo 'platform: ../platform' >"our infra/Leapfile"
commit large
cd "our infra" || exit 1
leap impact
status_is 0
stdout_is <<<'nothing changes on 3 nodes'
echo '-- other' >>../platform/services/static/recipe.lua
sed -i 's/package "nginx"/package "nginx-light"/' ../platform/services/static/recipe.lua
leap impact
stdout_is <<'EOT'
web1 web2
  ~ leave package:nginx: it stays installed unless a deploy says --purge-packages
  + install package:nginx-light
2 of 3 nodes change: web1, web2
EOT
leap impact nodes
stdout_is <<<'nothing changes on 3 nodes'
leap impact ../platform
stdout_has '2 of 3 nodes change: web1, web2'
commit platform
node web1 192.0.2.1 '"services": ["static"], "dns": { "aliases": ["a.example.org"] }'
leap impact HEAD~1 -q
stdout_has '2 of 3 nodes change: web1, web2; 1 reload'

it "outside of git there is no other state"
fleet
cd "$WORK/i" || exit 1
rm -rf .git
leap impact
status_is 3
stderr_has ': not inside a git repository'
must git init -q
leap impact
status_is 2
stderr_is <<'EOT'
leap: no revision "HEAD": nothing was committed yet
hint: run "git add -A && git commit"
EOT

it "an index with conflicts is no state"
fleet
cd "$WORK/i" || exit 1
must git checkout -q -b other
node web1 192.0.2.8 '"services": ["static"]'
commit other
must git checkout -q -
node web1 192.0.2.9 '"services": ["static"]'
commit mine
git merge -q other >/dev/null 2>&1
leap impact --cached
status_is 1
stderr_is <<'EOT'
leap: a merge left conflicts in the index
hint: "git status" lists the files; edit them and "git add" them
EOT
