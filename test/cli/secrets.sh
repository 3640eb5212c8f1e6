#!/bin/bash
# test: leap secret: what is in the vault, by hand.
# May know the vault's files.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# leap_with TEXT ARGS...: with that on standard input.
leap_with() {
	local text=$1

	shift
	printf '%s' "$text" | "$LEAP" "$@" >"$OUT" 2>"$ERR"
	STATUS=$?
}

value() { "$LEAP" secret show "$1"; }

# Two nodes share a password: one has it, the other has it in a text, and may not be told apart from a third.
shared() {
	instance
	node db1 192.0.2.1 '"app": { "password": "= secret(\"db\")" }'
	node web1 192.0.2.2 '"client": { "url": "= \"pg://\" .. nodes.db1.app.password", "port": 5432 }'
	node web2 192.0.2.3 '"client": { "port": "= nodes.web1.client.port" }'
	must "$LEAP" compile
}

it "lists secrets and who uses them, also through others, without any private key"
shared
leap secret generate spare
HOME=$WORK/nowhere leap secret ls
status_is 0
stdout_is <<'EOT'
ENVIRONMENT  NAME   MADE BY  USED BY
default      db     leap     db1, web1
default      spare  leap
EOT
leap secret ls --json
stdout_has '"name": "db"'
stdout_has '"given": false'
leap secret ls -e live
status_is 0
stdout_empty

it "shows one, and what a macro sees"
shared
leap secret show db
status_is 0
stderr_empty
check grep -qxE '[2-9A-HJ-NP-Za-km-z]{32}' "$OUT"
cp "$OUT" "$WORK/shown"
leap secret show default/db
check cmp -s "$OUT" "$WORK/shown"
leap secret show db --json
status_is 0
stdout_is <<EOT
{
    "environment": "default",
    "name": "db",
    "value": "$(cat "$WORK/shown")"
}
EOT
leap secret show dbb
status_is 2
stderr_is <<'EOT'
leap: there is no secret "default/dbb"
hint: did you mean "default/db"?
EOT
leap secret show -e live db
status_is 2
stderr_is <<'EOT'
leap: there is no secret "live/db"
hint: did you mean "default/db"?
EOT
leap secret show ../db
status_is 3
stderr_is <<<'leap: ".." is no name for an environment'

it "takes a value from standard input, without the newline at its end"
instance
leap_with $'p@ss word\n' secret set smtp
status_is 0
stderr_is <<<"made secrets/default/smtp.age; nodes get it with the next deploy"
check test "$(value smtp)" = 'p@ss word'
leap_with $'two\nlines\n\n' secret set default/smtp
status_is 0
stderr_is <<<"changed secrets/default/smtp.age; nodes get it with the next deploy"
value smtp >"$OUT"
printf 'two\nlines\n\n' | stdout_is
check_not grep -rqF 'lines' secrets vault
cp -a . "$WORK/before"
leap_with $'two\nlines\n\n' secret set default/smtp
status_is 0
stderr_is <<<"default/smtp stays as it is"
check diff -r "$WORK/before" .
rm -r "$WORK/before"
# Whoever cannot open it cannot tell, and sets it all the same.
cp secrets/default/smtp.age "$WORK/smtp.age"
HOME=$WORK/nowhere leap_with $'two\nlines\n\n' secret set default/smtp
status_is 0
stderr_has "changed secrets/default/smtp.age; nodes get it with the next deploy"
check_not cmp -s secrets/default/smtp.age "$WORK/smtp.age"
for text in '' $'\n'; do
	leap_with "$text" secret set smtp
	status_is 2
	stderr_is <<-'EOT'
	leap: an empty value
	hint: give it on standard input, or at the question
	EOT
done
printf 'not so \xff\xfe' | "$LEAP" secret set smtp >"$OUT" 2>"$ERR"
stderr_has "leap: the value is not text in UTF-8"
leap_with x secret set prod/smtp
status_is 2
stderr_is <<'EOT'
leap: there is no environment "prod"
hint: leap env ls
EOT
check_not test -e vault/prod.age
check test "$(value smtp)" = $'two\nlines'

it "asks twice, without an echo, on a terminal"
instance
cat >ask <<EOT
exec script -qec '"$LEAP" secret set tty' /dev/null
EOT
{ sleep 0.5; echo "$WORK-typed"; sleep 0.5; echo "$WORK-typed"; sleep 0.5; } | sh ask >"$OUT" 2>&1
stdout_has "value of default/tty: "
stdout_has "once more: "
stdout_lacks "$WORK-typed"
check test "$(value tty)" = "$WORK-typed"
{ sleep 0.5; echo one-value; sleep 0.5; echo other-value; sleep 0.5; } | sh ask >"$OUT" 2>&1
stdout_has "leap: these were two different values: nothing has changed"
check test "$(value tty)" = "$WORK-typed"

# until_shown TEXT [COUNT]: wait, ten seconds at most, until the terminal has shown it so often.
until_shown() {
	local tries=0

	until [ "$(grep -cF -- "$1" "$OUT")" -ge "${2:-1}" ] || [ $((tries += 1)) -gt 200 ]; do
		sleep 0.05
	done
}

it "ends at once by Ctrl-C, Ctrl-\ or a signal, and gives the terminal its echo back"
instance
ulimit -c 0
cat >ask <<'EOT'
trap : INT QUIT TERM HUP
sh -c 'echo $$ >pid; exec "$LEAP" secret set tty'
echo "status $?"
stty -a | grep -o ' echo '
echo over
EOT
for how in INT:130:'\003' QUIT:131:'\034' TERM:143: HUP:129:; do
	IFS=: read -r name code key <<<"$how"
	: >"$OUT"
	{
		until_shown "value of default/tty: "
		if [ -n "$key" ]; then
			printf 'half%b' "$key"
		else
			kill "-$name" "$(cat pid)"
		fi
		until_shown over
	} | script -qc "exec sh ask" /dev/null >"$OUT" 2>&1
	stdout_has "status $code"
	stdout_has " echo "
	stdout_lacks half
done
check_not test -e secrets/default/tty.age

it "asks anew after Ctrl-Z and fg"
instance
cat >ask <<'EOT'
set -m
"$LEAP" secret set tty
echo "status $?"
stty -a | grep -o ' echo '
fg
EOT
{
	until_shown "value of default/tty: "
	printf 'lost\032'
	until_shown "value of default/tty: " 2
	echo one-value
	until_shown "once more: "
	echo one-value
	until_shown "made "
} | script -qc "exec bash ask" /dev/null >"$OUT" 2>&1
stdout_has "status 148"
stdout_has " echo "
check test "$(value tty)" = one-value

it "names the argument that is missing"
instance
leap secret set
status_is 2
stderr_is <<'EOT'
leap: NAME is missing
hint: leap secret set NAME
EOT
leap node mv web1
status_is 2
stderr_is <<'EOT'
leap: NEW is missing
hint: leap node mv OLD NEW
EOT
leap user rm
status_is 2
stderr_is <<'EOT'
leap: NAME is missing
hint: leap user rm NAME...
EOT

it "makes one of each form"
instance
for form in text:'[2-9A-HJ-NP-Za-km-z]{20}' hex:'[0-9a-f]{20}' base32:'[A-Z2-7]{20}'; do
	leap secret generate "of_${form%%:*}" --form "${form%%:*}" --length 20
	status_is 0
	stderr_is <<<"made secrets/default/of_${form%%:*}.age"
	value "of_${form%%:*}" >"$OUT"
	check grep -qxE "${form#*:}" "$OUT"
done
leap secret generate of_hex
status_is 2
stderr_is <<'EOT'
leap: there is a secret "default/of_hex" already
hint: "leap secret rotate default/of_hex" replaces it, and says what has to be deployed
EOT
leap secret generate x --form octal
status_is 2
stderr_is <<'EOT'
leap: "octal" is no form of a secret
hint: text, hex or base32
EOT
leap secret generate x --length 7
status_is 2
stderr_is <<'EOT'
leap: "7" is no length of a secret
hint: from 8 to 1024 characters
EOT

it "makes one as macros ask for it"
instance
node web1 192.0.2.1 '"cookie": "= hex_secret(\"cookie\", 64)", "minute": "= rand_range(\"minute\", 3, 4)"'
leap secret generate cookie
status_is 0
value cookie >"$OUT"
check grep -qxE '[0-9a-f]{16}' "$OUT"
leap secret generate minute
status_is 0
value minute >"$OUT"
check grep -qxE '[34]' "$OUT"
leap secret rm cookie --yes
leap secret generate cookie --form base32
status_is 2
stderr_is <<'EOT'
leap: macros ask for "default/cookie" as hex, not as base32
hint: leave --form out
EOT

it "edits one in memory, and leaves nothing"
instance
leap_with old-value secret set it
cat >editor <<'EOT'
#!/bin/sh
echo "$1" >"$WORK/edited"
stat -f -c %T "$1" >"$WORK/kind"
stat -c %a "$1" "$(dirname "$1")" >"$WORK/modes"
sed -i s/old/new/ "$1"
EOT
chmod +x editor
WORK=$WORK EDITOR=./editor leap secret edit it
status_is 0
stderr_is <<<"changed secrets/default/it.age; nodes get it with the next deploy"
check test "$(value it)" = new-value
check test "$(cat "$WORK/kind")" = tmpfs
check test "$(paste -sd' ' "$WORK/modes")" = '600 700'
check_not test -e "$(dirname "$(cat "$WORK/edited")")"
before=$(cat secrets/default/it.age)
EDITOR=true leap secret edit it
status_is 0
stderr_is <<<"default/it stays as it is"
VISUAL='sh -c "exit 3"' leap secret edit it
status_is 1
stderr_is <<'EOT'
leap: the editor, sh -c "exit 3", ended with status 3: nothing has changed
hint: VISUAL or EDITOR says which one it is
EOT
EDITOR='rm -f' leap secret edit it
status_is 1
stderr_is <<'EOT'
leap: the editor removed the file: nothing has changed
hint: "leap secret rm default/it" removes a secret
EOT
check test "$(cat secrets/default/it.age)" = "$before"

it "removes what was edited however the editing ends"
for signal in INT TERM KILL; do
	rm -f "$WORK/edited"
	cat >"$WORK/slow" <<-EOT
	#!/bin/sh
	echo "\$1" >"$WORK/edited"
	exec sleep 3
	EOT
	chmod +x "$WORK/slow"
	cd "$WORK/i" || exit 1
	EDITOR=$WORK/slow setsid "$LEAP" secret edit it </dev/null >"$OUT" 2>"$ERR" &
	pid=$!
	for _ in $(seq 100); do
		[ -s "$WORK/edited" ] && break
		sleep 0.05
	done
	# As the terminal does for Ctrl-C: to all of the group.
	if [ "$signal" = INT ]; then kill -INT -- "-$pid"; else kill -"$signal" "$pid"; fi
	wait "$pid" 2>/dev/null
	for _ in $(seq 40); do
		[ -e "$(dirname "$(cat "$WORK/edited")")" ] || break
		sleep 0.05
	done
	check_not test -e "$(dirname "$(cat "$WORK/edited")")"
done

it "replaces secrets, and says which nodes get them"
shared
old=$(value db)
leap secret rotate db
status_is 2
stderr_has "no terminal to ask on: go on?"
check test "$(value db)" = "$old"
leap secret rotate db --yes
status_is 0
stderr_is <<'EOT'
these are replaced:
    secrets/default/db.age: used by db1, web1
replaced 1
until these are deployed to, in this order, their nodes have the old ones:
    leap deploy db1 web1
EOT
new=$(value db)
check test "$new" != "$old" -a ${#new} -eq 32
leap compile
status_is 0
leap secret rotate
status_is 2
stderr_is <<'EOT'
leap: which secrets?
hint: name them, or say --exposed-to USER or --all
EOT

it "puts those first whose services others need"
instance
put services/store.json <<<'{ "store": { "password": "= secret(\"store\")" } }'
put services/front/service.json <<<'{ "front": { "password": "= secret(\"store\")" } }'
put services/front/schema.json <<<'{ "x-leap-needs": ["store"] }'
node a1 192.0.2.1 '"services": ["front"]'
node z1 192.0.2.2 '"services": ["store"]'
must "$LEAP" compile
leap secret rotate store --yes
status_is 0
stderr_has "    leap deploy z1
    leap deploy a1"

it "keeps form and length, and leaves what a person gave"
instance
leap secret generate token --form hex --length 40
leap_with hunter2 secret set smtp
old=$(value token)
leap secret rotate smtp --yes
status_is 2
stderr_is <<'EOT'
leap: a person gave the secret "default/smtp": leap cannot make another one
hint: "leap secret set default/smtp" takes one; --form says that any will do
EOT
leap secret rotate --all --yes
status_is 3
stderr_is <<'EOT'
these are replaced:
    secrets/default/token.age: no node uses it
replaced 1
left for you to replace:
    secrets/default/smtp.age: a person gave it: leap secret set default/smtp
leap: 1 file could not be replaced
EOT
check test "$(value smtp)" = hunter2
check test "$(value token)" != "$old"
value token >"$OUT"
check grep -qxE '[0-9a-f]{40}' "$OUT"
leap secret rotate smtp --form base32 --length 16 --yes
status_is 0
value smtp >"$OUT"
check grep -qxE '[A-Z2-7]{16}' "$OUT"
leap secret ls
stdout_has "default      smtp   leap"

it "says what is made of one before it is removed"
shared
leap secret rm db
status_is 2
stderr_is <<'EOT'
these are made of it; the next deploy makes another one, which is all that they will have:
    db1: app.password
    web1: client.url
leap: no terminal to ask on: remove the secret default/db? [y/n]
hint: say it with --yes
EOT
check test -e secrets/default/db.age
leap secret rm db --yes
status_is 0
stderr_has "removed secrets/default/db.age; git still has it"
check_not test -e secrets/default/db.age

it "audits: one person alone, keys that came and went, files for others"
instance
leap secret generate db
HOME=$WORK/nowhere leap secret audit
status_is 0
stdout_is <<'EOT'
ENVIRONMENT  SECRETS  WHO CAN OPEN IT
default      1        alice (ssh-ed25519)

vault/default.age: warning: only one person can open it
hint: add another sysadmin, or a key that is kept off line: leap user add recovery --age-key age1...
EOT
must ssh-keygen -q -t rsa -b 3072 -N '' -C 'alice too' -f "$WORK/second"
cat "$WORK/second.pub" >>users/alice/alice_ssh.pub
leap secret audit
status_is 3
stdout_has "vault/default.age: it is not for a key of alice that is new in users/
hint: leap user add alice"
stderr_is <<<"leap: 1 thing is to be done"
leap user add alice
status_is 0
leap secret audit
status_is 0
stdout_has "default      1        alice (ssh-ed25519, ssh-rsa)"
cp "$WORK/second.pub" users/alice/alice_ssh.pub
leap secret audit --json
status_is 3
stdout_has '"problem": "it is for a key of alice that is not in users/ any more"'
rm -r users/alice
leap secret audit
status_is 3
stdout_has "vault/default.age: alice can open it, but has no key in users/ any more
hint: leap user rm alice"

it "audits: a recipient that somebody slipped in"
if command -v age >/dev/null; then
	instance
	leap secret generate db
	age -d -i "$HOME/.ssh/id_ed25519" vault/default.age >"$WORK/vault.key"
	must ssh-keygen -q -t ed25519 -N '' -f "$WORK/mallory"
	age -a -R "$HOME/.ssh/id_ed25519.pub" -R "$WORK/mallory.pub" -o vault/default.age "$WORK/vault.key"
	age -a -R "$WORK/mallory.pub" -o secrets/default/db.age "$WORK/vault.key"
	leap secret audit
	status_is 3
	stdout_has "vault/default.age: it is not for those whom vault/default.json names, but for ssh-ed25519 "
	stdout_has "secrets/default/db.age: it is not for a vault's key alone"
	stderr_is <<<"leap: 2 things are to be done"
else
	skip "needs age"
fi

it "passes over what is no secret by its name, and audits it"
instance
must "$LEAP" secret generate db
must cp secrets/default/db.age secrets/stray.age
must cp secrets/default/db.age 'secrets/default/BAD name.age'
must mkdir secrets/default/deep
must cp secrets/default/db.age secrets/default/deep/db.age
leap secret ls
status_is 0
stdout_is <<'EOT'
ENVIRONMENT  NAME  MADE BY  USED BY
default      db    leap
EOT
leap secret rotate --all --yes
status_is 0
stderr_has "replaced 1"
must ssh-keygen -q -t ed25519 -N '' -f bob
must "$LEAP" user add bob --ssh-pub-key bob.pub
must "$LEAP" secret rotate db --yes
must cp secrets/default/db.age 'secrets/default/BAD name.age'
must "$LEAP" user rm bob
leap secret rotate --exposed-to bob --yes
status_is 3
stderr_has "replaced 1"
stderr_has "    secrets/default/BAD name.age: nothing reads it: remove it"
must cp secrets/default/db.age "$WORK/outside.age"
must ln -s "$WORK/outside.age" secrets/default/link.age
leap secret audit
status_is 3
for file in stray 'default/BAD name' default/deep/db; do
	stdout_has "secrets/$file.age: nothing reads it: no secret can have this name
hint: rename it, or remove it"
done
stdout_has "secrets/default/link.age: it cannot be read: secrets/default/link.age: leads outside"
stderr_is <<<"leap: 5 things are to be done"

# Which files are lost, which one is named, and how that is known.
it "makes no other key in the place of a lost one, and writes for none that is lost"
instance
must "$LEAP" secret generate db
must cp -a . "$WORK/before"
while IFS=: read -r lost named why; do
	rm -rf "$WORK/i"
	cp -a "$WORK/before" "$WORK/i"
	cd "$WORK/i" || exit 1
	for file in $lost; do
		must rm "vault/$file"
	done
	must cp -a . "$WORK/lost"
	for command in 'secret generate other' 'secret set smtp' 'secret show db' 'cert client al'; do
		# shellcheck disable=SC2086
		"$LEAP" $command <<<longer-than-eight >"$OUT" 2>"$ERR"
		STATUS=$?
		status_is 5
		stderr_is <<-EOT
		$named: is missing, though $why
		hint: git knows the file as it was
		EOT
	done
	leap secret audit
	status_is 3
	stdout_has "$named: is missing, though $why"
	check diff -r "$WORK/lost" .
	rm -r "$WORK/lost"
done <<'EOT'
default.json:vault/default.json:vault/default.age is there
default.age:vault/default.age:vault/default.json is there
default.json default.age:vault/default.age:vault/SHA256SUMS has it
default.json default.age SHA256SUMS:vault/default.age:there are secrets in secrets/default
EOT
rm -r "$WORK/before"

# The canary is in a node's configuration and in a file of its manifest.
canary='k4narienvogel-im-bergwerk'
it "never lets a secret out"
instance
leap_with "$canary" secret set canary
node web1 192.0.2.1 '"app": { "password": "= secret(\"canary\")", "url": "= \"pg://u:\" .. secret(\"canary\") .. \"@db\"" }'
for words in 'compile' 'compile -v' 'inspect web1' 'inspect web1 --json' 'why web1 app.url' 'why web1 app.url --json' \
    'check' 'check --json' 'list --json' 'secret ls' 'secret audit' 'secret rotate canary --form hex --yes -h'; do
	# shellcheck disable=SC2086
	leap $words
	stdout_lacks "$canary"
	stderr_lacks "$canary"
done
put nodes/web2.json <<<'{ "ip_address": "192.0.2.2", "x": "= secret(\"canary\") + 1", "y": "= error(secret(\"canary\"))" }'
leap compile
status_is 3
stderr_lacks "$canary"
rm nodes/web2.json
must git add -A
must git -c user.name=x -c user.email=x@example.org commit -qm all
check_not grep -rqF "$canary" .
git cat-file --batch --batch-all-objects >"$WORK/objects"
file_lacks "$WORK/objects" "$canary"

it "never hands a secret to a program, a file or the environment"
if command -v strace >/dev/null; then
	cd "$WORK/i" || exit 1
	rm -r compiled
	export ASAN_OPTIONS=detect_leaks=0
	for words in 'compile' 'secret rotate --all --yes' 'user add bob --ssh-pub-key bob.pub' 'user rm bob'; do
		[ -e bob.pub ] || must ssh-keygen -q -t ed25519 -N '' -f bob
		# shellcheck disable=SC2086
		strace -f -qq -s 100000 -e trace=execve,openat,write,writev,pwrite64,sendto,sendmsg -o "$WORK/trace" \
		    "$LEAP" $words </dev/null >"$OUT" 2>"$ERR"
		file_has "$WORK/trace" "execve("
		file_lacks "$WORK/trace" "$canary"
	done
	unset ASAN_OPTIONS
	leap secret show canary
	stdout_has "$canary"
else
	skip "needs strace"
fi

it "never lets a secret out as JSON, a shell or a URL would write it, nor in base64 or hexadecimal digits"
instance
leap_with 'kan"ari\voe'"'"'gel 77' secret set bird
put services/aviary/service.json <<'EOT'
{ "aviary": { "bird": "= secret('bird')", "part": "= secret('bird'):sub(1, 4)", "back": "= secret('bird'):reverse()",
    "port": "= rand_range('port', 10000, 11000)" } }
EOT
node web1 192.0.2.1 '"services": ["aviary"]'
put services/aviary/recipe.lua <<<''
must git add -A
must git -c user.name=x -c user.email=x@example.org commit -qm all
put services/aviary/recipe.lua <<'EOT'
local function each(pattern, by) return (aviary.bird:gsub(pattern, by)) end
local function hex(format) return each(".", function(c) return format:format(c:byte()) end) end
file("/etc/aviary/back", { content = aviary.back })
file("/etc/aviary/double", { content = each('["\\\\]', "\\%0") })
file("/etc/aviary/hex", { content = hex("%02x") })
file("/etc/aviary/json", { content = json({ bird = aviary.bird }) })
file("/etc/aviary/quoted", { content = ("%q"):format(aviary.bird) })
file("/etc/aviary/single", { content = each("'", "'\\''") })
file("/etc/aviary/url", { content = each("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end) })
EOT
leap impact -p
status_is 0
stderr_empty
stdout_is <<'EOT'
web1
  + create file:/etc/aviary/back: secret content
  + create file:/etc/aviary/double: secret content
  + create file:/etc/aviary/hex: secret content
  + create file:/etc/aviary/json: secret content
  + create file:/etc/aviary/quoted: secret content
  + create file:/etc/aviary/single: secret content
  + create file:/etc/aviary/url: secret content
1 of 1 node change: web1
EOT
leap compile
status_is 0
sed -n '/^aviary:/,/^[b-z]/p' compiled/web1.yaml >"$OUT"
stdout_is <<'EOT'
aviary:
  back: "[secret]"
  bird: "[secret]"
  part: "[secret]"
  port: "[secret]"
contacts:
EOT
put services/aviary/recipe.lua <<'EOT'
error("no " .. aviary.bird .. aviary.bird:gsub(".", function(c) return ("%02x"):format(c:byte()) end) .. "!")
EOT
for words in 'plan --json' check 'check --json' 'check --sarif' 'impact HEAD --json'; do
	# shellcheck disable=SC2086
	leap $words -v
	for word in voe 6b616e22; do
		stdout_lacks "$word"
		stderr_lacks "$word"
	done
done
leap check --json
stdout_has 'no [secret][secret]!'

it "takes no secret that is too short to be hidden, but the number of a range"
instance
leap_with 'p%4!' secret set pin
status_is 2
stderr_is <<'EOT'
leap: a value of fewer than 6 characters
hint: in output it could not be told from other text, and hidden
EOT
check_not test -e secrets/default/pin.age
leap_with 10443 secret set port
status_is 0
node web1 192.0.2.1 '"port": "= rand_range(\"port\", 10000, 11000)"'
leap compile
status_is 0
node web1 192.0.2.1 '"pin": "= secret(\"port\")"'
leap compile
status_is 3
stderr_has 'secrets/default/port: a secret of fewer than 6 characters'
stderr_lacks 10443

it "refuses to commit a private key, or the value of a secret, in clear"
instance
leap_with canary-in-the-coal-mine secret set coal
echo 'all is well' >notes.txt
must git config user.name x
must git config user.email x@example.org
must git add -A
must git commit -qm all
echo 'the password is: canary-in-the-coal-mine.' >>notes.txt
git commit -qam notes >"$OUT" 2>"$ERR"
check test $? -ne 0
stderr_has "notes.txt: error: the value of a secret is in it in clear [tracked-secret]"
stderr_has 'take it out; if it was ever pushed, "leap secret rotate" replaces it'
stdout_lacks canary-in
stderr_lacks canary-in
# Only what is staged counts.
must git add notes.txt
echo 'all is well' >notes.txt
leap check --staged
status_is 3
must git add notes.txt
leap check --staged
status_is 0
stdout_empty
stderr_empty
printf '{ "key": "%s" }\n' "$(sed 's/$/\\n/' "$WORK/.key" | tr -d '\n')" >nodes/x.json
git add nodes/x.json
git commit -qm x >"$OUT" 2>"$ERR"
check test $? -ne 0
stderr_has "nodes/x.json: error: a private key that is in git: whoever has a clone has it [tracked-key]"
git rm -q --cached nodes/x.json
rm nodes/x.json
echo 'A key begins with -----BEGIN PRIVATE KEY----- and a line of letters; AGE-SECRET-KEY-1 begins another.' >notes.txt
must git commit -qam notes
# Whoever cannot open the vault can still commit, and private keys are seen nevertheless.
echo 'canary-in-the-coal-mine' >notes.txt
HOME=$WORK/nowhere git commit -qam notes >"$OUT" 2>"$ERR"
check test $? -eq 0
leap check
stdout_has "notes.txt: error: the value of a secret is in it in clear [tracked-secret]"

it "knows private keys of every kind that programs make, and no public half"
instance
node web1 192.0.2.1 '"wg": "= wireguard_public()", "onion": "= onion_address()", "dkim": { "record": "= dkim_record()" }'
must "$LEAP" compile
must git add -A
leap check --staged
status_is 0
stdout_empty
opened files/nodes/web1/web1_onion.key >onion
printf '[Interface]\nPrivateKey = %s\n' "$(opened files/nodes/web1/web1_wireguard.key)" >wg0.conf
kinds="onion wg0.conf"
for how in "RSA -pkeyopt rsa_keygen_bits:2048" "EC -pkeyopt ec_paramgen_curve:P-256" ED25519 X25519; do
	name=${how%% *}
	# shellcheck disable=SC2086 # words
	must openssl genpkey -algorithm $how -out "$WORK/$name.pem"
	must openssl pkey -in "$WORK/$name.pem" -outform DER -out "$name.der"
	must openssl pkey -in "$WORK/$name.pem" -pubout -outform DER -out "public-$name.der"
	kinds+=" $name.der"
done
for name in RSA EC; do
	must openssl pkey -in "$WORK/$name.pem" -traditional -outform DER -out "old-$name.der"
	must openssl req -new -x509 -key "$WORK/$name.pem" -subj /CN=x -outform DER -out "cert-$name.der"
	must openssl req -new -key "$WORK/$name.pem" -subj /CN=x -outform DER -out "request-$name.der"
	kinds+=" old-$name.der"
done
if command -v gpg >/dev/null; then
	gpg() { command gpg --homedir "$WORK/gpg" --batch --quiet --passphrase '' --pinentry-mode loopback "$@"; }
	install -d -m 700 "$WORK/gpg"
	must gpg --quick-generate-key x@example.org ed25519
	must gpg --armor --output gpg.asc --export-secret-keys
	must gpg --armor --output public.asc --export
	gpgconf --homedir "$WORK/gpg" --kill all
	kinds+=" gpg.asc"
fi
cp -r "$TOP/platform" "$TOP/templates" .
must git add -A
leap check --staged
status_is 3
sed -n 's/: error: a private key that is in git: whoever has a clone has it \[tracked-key\]$//p' "$OUT" >found
check diff <(tr ' ' '\n' <<<"$kinds" | sort) <(sort found)
