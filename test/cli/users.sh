#!/bin/bash
# test: leap user.
# May know where users' keys are.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

unset SSH_AUTH_SOCK SUDO_USER
mkdir -p "$HOME/.ssh"
me=$(id -un)
for type in ed25519 ecdsa rsa; do
	must ssh-keygen -q -t "$type" -N '' -C "$type of $me" -f "$WORK/$type"
done
fingerprint() { ssh-keygen -lf "$1" | cut -d' ' -f2; }

it "takes a key from a file and lists it with ssh-keygen's fingerprint"
instance
leap user add bob --ssh-pub-key "$WORK/rsa.pub"
status_is 0
check cmp -s "$WORK/rsa.pub" users/bob/bob_ssh.pub
leap user ls
status_is 0
stdout_is <<EOT
USER   TYPE         FINGERPRINT
alice  ssh-ed25519  $(fingerprint "$WORK/.key.pub")
bob    ssh-rsa      $(fingerprint "$WORK/rsa.pub")
EOT
leap user ls --json
stdout_has "\"fingerprint\": \"$(fingerprint "$WORK/rsa.pub")\""
stdout_has '"user": "bob"'

it "takes one's own key with --self, the best of ~/.ssh first"
instance
alice=$HOME
HOME=$WORK/home-self
mkdir -p "$HOME/.ssh"
cp "$WORK/rsa.pub" "$HOME/.ssh/id_rsa.pub"
cp "$WORK/rsa" "$HOME/.ssh/id_rsa"
leap user add --self
status_is 0
check cmp -s "$WORK/rsa.pub" "users/$me/${me}_ssh.pub"
must rm -r "users/$me"
leap user add carol --self
status_is 0
check cmp -s "$WORK/rsa.pub" users/carol/carol_ssh.pub
cp "$WORK/ecdsa.pub" "$HOME/.ssh/id_ecdsa.pub"
leap user add dave --self
check cmp -s "$WORK/ecdsa.pub" users/dave/dave_ssh.pub
rm -r "$HOME"/.ssh "$HOME/.config"

it "takes the agent's first key when there is none in ~/.ssh"
instance
eval "$(ssh-agent -s)" >/dev/null
must ssh-add -q "$WORK/ed25519"
leap user add --self
status_is 0
stderr_has "taking your agent's key"
check cmp -s "$WORK/ed25519.pub" "users/$me/${me}_ssh.pub"
ssh-agent -k >/dev/null
unset SSH_AUTH_SOCK

it "says how to make a key when there is none"
instance
leap user add --self
status_is 1
stderr_is <<EOT
leap: you have no SSH key: none in $HOME/.ssh, none in an agent
hint: make one with "ssh-keygen -t ed25519"
EOT
check_not test -e "users/$me"

HOME=$alice
it "changes nothing when the key is there already, and refuses another"
instance
leap user add alice --ssh-pub-key "$WORK/.key.pub"
status_is 0
stderr_has "alice is a user with this key already"
leap user add alice --ssh-pub-key "$WORK/rsa.pub"
status_is 2
stderr_is <<EOT
leap: there is a user alice with another key already
hint: for a second key add a line to users/alice/alice_ssh.pub and say "leap user add alice"; "leap user rm alice" removes the user
EOT

it "never takes a private key"
instance
leap user add eve --ssh-pub-key "$WORK/ed25519"
status_is 2
stderr_is <<EOT
$WORK/ed25519:1: a private key, which leap must never see
hint: give the public one, most often $WORK/ed25519.pub
EOT
check_not test -e users/eve
secret=AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ
for option in --age-key --ssh-pub-key; do
	for text in "$secret" "${secret,,}" "# created: today
$secret" "$(cat "$WORK/ed25519")"; do
		leap user add eve "$option" "$text"
		status_is 2
		stderr_is <<-EOT
		leap: $option: a private key, which leap must never see
		hint: make another one, your shell's history has this; --age-key takes the public half: age-keygen -y FILE
		EOT
	done
done
check_not test -e users/eve

it "refuses what is no key, keys with options, and empty files"
instance
echo 'ssh-ed25519 AAAA' >bad.pub
leap user add eve --ssh-pub-key bad.pub
status_is 2
stderr_has 'bad.pub:1: not a public SSH key: '
{ echo '# ours'; echo; echo "no-pty $(cat "$WORK/ed25519.pub")"; } >bad.pub
leap user add eve --ssh-pub-key bad.pub
status_is 2
stderr_is <<EOT
bad.pub:3: options before a key are not supported
hint: begin the line with the key: ssh-ed25519 ...
EOT
echo '# nothing' >bad.pub
leap user add eve --ssh-pub-key bad.pub
status_is 2
stderr_is <<<"bad.pub: no key in it"
leap user add eve --ssh-pub-key nowhere.pub
status_is 2
stderr_has "leap: nowhere.pub: No such file or directory"
check_not test -e users/eve

it "takes a key from a pipe"
instance
leap user add bob --ssh-pub-key <(cat "$WORK/rsa.pub")
status_is 0
check cmp -s "$WORK/rsa.pub" users/bob/bob_ssh.pub
"$LEAP" user add carol --ssh-pub-key /dev/stdin <"$WORK/ecdsa.pub" >"$OUT" 2>"$ERR"
check cmp -s "$WORK/ecdsa.pub" users/carol/carol_ssh.pub
leap user add dave --ssh-pub-key <(yes)
status_is 2
stderr_has "more than 256 KiB, no public key is that long"
leap user add dave --ssh-pub-key "$WORK"
status_is 2
stderr_has "$WORK: Is a directory"
check_not test -e users/dave

it "takes keys that a security key holds, and every node gets them"
instance
cat >held.pub <<'EOT'
sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNzaDo= bob's token
sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8AAAAEc3NoOg==
EOT
leap user add bob --ssh-pub-key held.pub
status_is 0
check cmp -s held.pub users/bob/bob_ssh.pub
leap user ls
stdout_has "bob    sk-ssh-ed25519@openssh.com          $(head -n 1 held.pub | fingerprint -)"
node web1 192.0.2.1
leap compile
status_is 0
echo "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAHwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4AAAAEc3NoOg==" >held.pub
leap user add carol --ssh-pub-key held.pub
status_is 2
stderr_is <<<"held.pub:1: not a public SSH key: the key's data is no sk-ssh-ed25519@openssh.com key"

it "refuses names that are no login names"
instance
for name in ../x a/b 'a b' -x .x Eve ''; do
	leap user add --ssh-pub-key "$WORK/rsa.pub" -- "$name"
	status_is 2
	stderr_has "\"$name\" is no name for a user"
done

it "wants a name and a key"
instance
leap user add
status_is 2
stderr_is <<EOT
leap: who? neither a name nor --self was given
hint: leap user add --self, or leap user add NAME --ssh-pub-key FILE
EOT
leap user add eve
status_is 2
stderr_has "leap: which key has eve?"

it "removes users, but not the last one"
instance
leap user add bob --ssh-pub-key "$WORK/rsa.pub"
leap user rm bbo
status_is 2
stderr_is <<EOT
leap: there is no user "bbo"
hint: did you mean "bob"?
EOT
leap user rm bob alice
status_is 2
stderr_has "leap: nobody would be left to log in to the nodes"
check test -e users/bob -a -e users/alice
leap user rm bob
status_is 0
check_not test -e users/bob

# Two sysadmins, each with a home and a key of their own.
as() {
	local name=$1

	shift
	HOME=$WORK/home-$name leap "$@"
}
home() {
	must install -d -m 700 "$WORK/home-$1/.ssh"
	rm -rf "$WORK/home-$1"/.ssh/* "$WORK/home-$1/.config"
	[ -n "${2:-}" ] || return 0
	must cp "$2" "$2.pub" "$WORK/home-$1/.ssh/"
}

it "lets a newcomer in: they add themselves, another sysadmin lets them into the vault"
instance
must "$LEAP" secret generate db
cp "$WORK/rsa" "$WORK/id_rsa" && cp "$WORK/rsa.pub" "$WORK/id_rsa.pub"
home bob "$WORK/id_rsa"
as bob secret show db
status_is 5
stderr_is <<EOT
secrets/default/db.age: none of your keys opens the vault of environment "default", which is for alice
hint: tried were $WORK/home-bob/.ssh/id_rsa; one of them can let you in with "leap user add NAME"
EOT
as bob user add bob --self
status_is 0
stderr_is <<EOT
taking $WORK/home-bob/.ssh/id_rsa.pub
added user bob: users/bob/bob_ssh.pub
you cannot open the vault of default yet: commit this, and have another sysadmin run "leap user add bob"
EOT
as bob user add carol --ssh-pub-key "$WORK/ed25519.pub"
status_is 5
stderr_has 'none of your keys opens the vault of environment "default"'
rm -r users/carol
leap user add bob
status_is 0
stderr_is <<<"bob can open the vault of default"
as bob secret show db
status_is 0
cp "$OUT" "$WORK/value"
leap secret show db
check cmp -s "$OUT" "$WORK/value"

it "shuts one out: the old key opens nothing written afterwards, what it has seen is listed and replaced"
cd "$WORK/i" || exit 1
must "$LEAP" secret generate other
echo by-hand | "$LEAP" secret set smtp 2>"$ERR"
node web1 192.0.2.1 '"p": "= secret(\"db\")"'
must "$LEAP" compile
if command -v age >/dev/null; then
	age -d -i "$WORK/id_rsa" vault/default.age >"$WORK/old.key"
fi
leap user rm bob
status_is 0
stderr_is <<'EOT'
the vault has new keys; bob has seen what is in these:
    files/ca/ca.key.age
    files/ca/client_ca.key.age
    files/nodes/web1/web1.key.age
    secrets/default/db.age
    secrets/default/other.age
    secrets/default/smtp.age
"leap secret rotate --exposed-to bob" replaces them, or says how
removed user bob; the nodes know it after the next deploy
warning: only alice can open the vault of default: should that key be lost, all in it is
hint: add another sysadmin, or a key that is kept off line: leap user add recovery --age-key age1...
EOT
as bob secret show db
status_is 5
leap secret generate fresh
if [ -s "$WORK/old.key" ]; then
	while read -r file; do
		check_not age -d -i "$WORK/old.key" -i "$WORK/id_rsa" -o /dev/null "$file" 2>"$ERR"
	done < <(find files secrets vault -name '*.age')
fi
leap secret audit
status_is 3
stdout_has "bob has seen, of environment default:
    files/ca/ca.key.age
    files/ca/client_ca.key.age
    files/nodes/web1/web1.key.age
    secrets/default/db.age
    secrets/default/other.age
    secrets/default/smtp.age"
stdout_has "vault/default.json: bob, who left, has seen 6 files that nobody has replaced since
hint: leap secret rotate --exposed-to bob"
cp files/nodes/web1/web1.crt secrets/default/fresh.age "$WORK"
leap secret show db
cp "$OUT" "$WORK/value"
must cp files/ca/ca.key.age "$WORK/ca.key.age"
must cp files/ca/client_ca.key.age files/ca/ca.key.age
must cp -a . "$WORK/before"
leap secret rotate --exposed-to bob --yes
status_is 5
stderr_has "leap: files/ca/ca.key.age: the CA's private key does not belong to its certificate"
check diff -r "$WORK/before" .
must cp "$WORK/ca.key.age" files/ca/ca.key.age
rm -r "$WORK/before"
leap secret rotate --exposed-to bob --yes
status_is 3
stderr_has "these are replaced:
    secrets/default/db.age: used by web1
    secrets/default/other.age: no node uses it
    files/nodes/web1/web1.key.age: with the certificate"
stderr_has "replaced 3
until these are deployed to, in this order, their nodes have the old ones:
    leap deploy web1
left for you to replace:
    files/ca/ca.key.age: leap cert ca --rotate
    files/ca/client_ca.key.age: leap cert ca --rotate --client
    secrets/default/smtp.age: a person gave it: leap secret set default/smtp
leap: 3 files could not be replaced"
leap secret show db
check_not cmp -s "$OUT" "$WORK/value"
check_not cmp -s files/nodes/web1/web1.crt "$WORK/web1.crt"
check cmp -s secrets/default/fresh.age "$WORK/fresh.age"
echo another-one | "$LEAP" secret set smtp 2>"$ERR"
leap secret audit
stdout_has "vault/default.json: bob, who left, has seen 2 files that nobody has replaced since"
stdout_lacks "secrets/default/db.age"
leap secret rotate --exposed-to alice --yes
status_is 2
stderr_is <<'EOT'
leap: alice can still open the vault of default
hint: "leap user rm alice" comes first; --all replaces everything
EOT

# Who has whose key: refused when it is told to leap; found when it came by hand.
it "says for every key that somebody has seen the command that makes another"
instance
must "$LEAP" user add bob --ssh-pub-key "$WORK/rsa.pub"
node web1 192.0.2.1 '"wg": "= wireguard_public()", "onion": "= onion_address()",
	"dkim": { "record": "= dkim_record()" }, "other": "= dkim_record(\"ed25519\")"'
node web2 192.0.2.2
must "$LEAP" compile
sed -i 's/{/{ "enabled": false,/' nodes/web2.json
must "$LEAP" cert ca --ssh
must "$LEAP" cert client ann
must "$LEAP" cert csr
must "$LEAP" cert csr shop.example.org '*.shop.example.org' www.example.org
must "$LEAP" user rm bob
leap secret rotate --exposed-to bobb
status_is 2
stderr_is <<'EOT'
leap: nothing is on record that bobb has seen
hint: did you mean "bob"?
EOT
leap secret rotate --exposed-to bob --yes
status_is 3
stderr_has "left for you to replace:
    files/ca/ca.key.age: leap cert ca --rotate
    files/ca/client_ca.key.age: leap cert ca --rotate --client
    files/ca/ssh_ca.key.age: leap cert ca --ssh --rotate
    files/cert/example.org.key.age: leap cert csr --force example.org
    files/cert/shop.example.org.key.age: leap cert csr --force shop.example.org '*.shop.example.org' www.example.org
    files/clients/ann.key.age: leap cert client ann --force
    files/nodes/web1/web1_dkim.key.age: rm files/nodes/web1/web1_dkim.key.age files/nodes/web1/web1_dkim.txt; leap deploy web1
    files/nodes/web1/web1_dkim_ed25519.key.age: rm files/nodes/web1/web1_dkim_ed25519.key.age files/nodes/web1/web1_dkim_ed25519.txt; leap deploy web1
    files/nodes/web1/web1_onion.key.age: rm files/nodes/web1/web1_onion.key.age files/nodes/web1/web1_onion.txt; leap deploy web1
    files/nodes/web1/web1_wireguard.key.age: rm files/nodes/web1/web1_wireguard.key.age files/nodes/web1/web1_wireguard.pub; leap deploy web1
    files/nodes/web2/web2.key.age: rm files/nodes/web2/web2.key.age; leap vault sign: no node is enabled that has it
leap: 11 files could not be replaced"
# They do what they say, but for the CAs, which take several steps.  To compile makes what a deploy makes.
sed -n 's/^    [^ ]*: \(leap\|rm\) /\1 /p' "$ERR" | grep -v -- '--rotate' |
    sed "s/leap deploy web1/leap compile/; s/vault sign: .*/vault sign --yes/" >commands
must env PATH="${LEAP%/*}:$PATH" sh -e commands
must "$LEAP" cert ca --ssh --rotate
leap secret audit
stdout_has "bob has seen, of environment default:
    files/ca/ca.key.age
    files/ca/client_ca.key.age
"

it "knows one key under two names, and does not take it from one of them alone"
instance
must "$LEAP" secret generate db
must "$LEAP" user add bob --ssh-pub-key "$WORK/rsa.pub"
leap user add bob2 --ssh-pub-key "$WORK/rsa.pub"
status_is 2
stderr_is <<'EOT'
leap: bob has this key already
hint: a key is one person's: with two names it could not be taken away from one of them
EOT
check_not test -e users/bob2
recovery=age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj
must "$LEAP" user add vera --age-key "$recovery"
leap user add vera2 --age-key "$recovery"
status_is 2
stderr_has "leap: vera has this key already"
check_not test -e users/vera2
leap secret audit
status_is 0
must mkdir users/bob2 users/dave users/vera2
echo "$(cut -d' ' -f1,2 "$WORK/rsa.pub") another comment" >users/bob2/bob2_ssh.pub
echo "$recovery" >users/vera2/vera2.age
must "$LEAP" user add bob2
must "$LEAP" user add vera2
leap secret audit
status_is 0
stdout_has "vault/default.age: warning: bob and bob2 have the same key
hint: give each a key of their own: none can be removed without the other"
stdout_lacks "only one person"
leap check
stdout_has "users/bob2/bob2_ssh.pub: warning: users bob and bob2 have the same key [shared-user-key]"
stdout_has "users/vera2/vera2.age: warning: users vera and vera2 have the same key [shared-user-key]"
cp -a . "$WORK/before"
for words in 'bob:bob2' 'bob2:bob' 'vera:vera2' 'bob alice:bob2' 'bob bob2 vera:vera2'; do
	# shellcheck disable=SC2086
	leap user rm ${words%:*}
	status_is 2
	leaving=${words%:*}
	stderr_is <<-EOT
	leap: ${words#*:} has the same key as ${leaving// /, }, and would still log in and open the vault with it
	hint: "leap user rm ${words/:/ }" removes all who have it; who is to stay needs another key in users/ first, and "leap user add NAME"
	EOT
	check diff -r "$WORK/before" .
done
leap user rm bob bob2
status_is 0
stderr_has "the vault has new keys; bob, bob2 have seen what is in these:
    files/ca/ca.key.age
    files/ca/client_ca.key.age
    secrets/default/db.age
\"leap secret rotate --exposed-to bob\" replaces them, or says how
\"leap secret rotate --exposed-to bob2\" replaces them, or says how
removed user bob; the nodes know it after the next deploy
removed user bob2; the nodes know it after the next deploy"
check_not test -e users/bob -o -e users/bob2
if command -v age >/dev/null; then
	check_not age -d -i "$WORK/rsa" -o /dev/null vault/default.age 2>"$ERR"
fi

it "knows a key that is in users/ no more, but still opens the vault"
instance
must "$LEAP" secret generate db
must "$LEAP" user add bob --ssh-pub-key "$WORK/rsa.pub"
must cp "$WORK/ed25519.pub" users/bob/bob_ssh.pub
must mkdir users/carol
must cp "$WORK/rsa.pub" users/carol/carol_ssh.pub
leap user rm bob
status_is 2
stderr_has "leap: carol has the same key as bob"

it "knows one person by their key when it says who can open the vault alone"
instance
must "$LEAP" secret generate db
must mkdir users/alice2
must cp "$WORK/.key.pub" users/alice2/alice2_ssh.pub
leap user add alice2
status_is 0
stderr_has "warning: only alice can open the vault of default"
leap secret audit
stdout_has "vault/default.age: warning: only one person can open it"
leap secret audit --json
stdout_has '"people": 1'

it "does not leave a vault that nobody can open"
instance
must "$LEAP" secret generate db
must cp "$WORK/ecdsa.pub" "$WORK/sign.pub"
leap user add dave --ssh-pub-key "$WORK/sign.pub"
status_is 0
stderr_has "dave can log in, but not open the vault: an SSH key of this kind only signs"
leap user rm alice
status_is 5
stderr_has 'nobody could open the vault of environment "default"'
check test -e users/alice
leap secret show db
status_is 0

it "makes a key of age for whose SSH key can only sign"
cd "$WORK/i" || exit 1
home erin
must ssh-keygen -q -t ecdsa -N '' -f "$WORK/home-erin/.ssh/id_ecdsa"
as erin user add erin --self
status_is 0
stderr_has "your SSH key can only sign: made a key of age that opens the vault, $WORK/home-erin/.config/leap/identity; keep a copy of it"
check test "$(stat -c %a "$WORK/home-erin/.config/leap/identity")" = 600
leap user add erin
status_is 0
as erin secret show db
status_is 0
leap user ls
stdout_has "erin   age                  age1"

it "takes a recovery key that is off line, and nodes never hear of it"
instance
must "$LEAP" secret generate db
node web1 192.0.2.1 '"keys": "= authorized_keys()"'
home safe
must install -d -m 700 "$WORK/home-safe/.config/leap"
if ! command -v age-keygen >/dev/null; then
	skip "needs age-keygen"
else
	must age-keygen -o "$WORK/home-safe/.config/leap/identity"
	chmod 600 "$WORK/home-safe/.config/leap/identity"
	leap user add recovery --age-key "$(age-keygen -y "$WORK/home-safe/.config/leap/identity")"
	status_is 0
	stderr_is <<-'EOT'
	added a key of age of recovery: users/recovery/recovery.age
	recovery can open the vault of default
	EOT
	as safe secret show db
	status_is 0
	leap secret audit
	status_is 0
	stdout_has "default      1        alice (ssh-ed25519), recovery (age)"
	stdout_lacks "only one person"
	leap check
	stdout_lacks "recovery"
	leap compile
	status_is 0
	file_lacks compiled/web1.yaml recovery
	file_has compiled/web1.yaml alice
	leap user rm alice
	status_is 2
	stderr_has "leap: nobody would be left to log in to the nodes"
	leap user add recovery --age-key age1nonsense
	status_is 3
	leap user rm recovery
	status_is 0
	stderr_has "removed user recovery"
	as safe secret show db
	status_is 5
fi

it "says what is wrong with a key that it does not use"
instance
must "$LEAP" secret generate db
home gus
identity=$WORK/home-gus/.config/leap/identity
must install -d -m 700 "$(dirname "$identity")"
opens_nothing() {
	as gus secret show db
	status_is 5
	stderr_is <<-EOT
	secrets/default/db.age: none of your keys opens the vault of environment "default", which is for alice
	hint: $1
	EOT
}
opens_nothing 'no private key was found: an agent cannot decrypt, "leap user add --self" makes one that can'
while IFS='|' read -r text why; do
	rm -f "$identity"
	(umask 077 && echo "$text" >"$identity")
	opens_nothing "$why; put the right key into $identity"
done <<EOT
garbage|$identity is no private key that can be used
|$identity is no private key that can be used
AGE-SECRET-KEY-1QQQQ|the identity in $identity is mistyped or cut
EOT
must rm "$identity"
must cp "$WORK/.key" "$identity"
as gus secret show db
status_is 0
for mode in 640 604; do
	must chmod $mode "$identity"
	opens_nothing "$identity can be read by others and is not used: chmod 600 $identity; put the right key into $identity"
done
must cp "$WORK/rsa" "$WORK/home-gus/.ssh/id_rsa"
opens_nothing "tried were $WORK/home-gus/.ssh/id_rsa; $identity can be read by others and is not used: chmod 600 $identity; one of them can let you in with \"leap user add NAME\""
must rm "$WORK/home-gus/.ssh/id_rsa" "$identity"
must cp "$WORK/ecdsa" "$WORK/home-gus/.ssh/id_ecdsa"
opens_nothing "$WORK/home-gus/.ssh/id_ecdsa: files cannot be encrypted to SSH keys of type \"ecdsa-sha2-nistp256\": they only sign; \"leap user add --self\" makes one that can"

it "asks for a key's passphrase once a run, through SSH_ASKPASS"
instance
must ssh-keygen -q -t ed25519 -N 'open sesame' -f "$WORK/locked"
home frank
must cp "$WORK/locked" "$WORK/home-frank/.ssh/id_ed25519"
must cp "$WORK/locked.pub" "$WORK/home-frank/.ssh/id_ed25519.pub"
must "$LEAP" user add frank --ssh-pub-key "$WORK/locked.pub"
for name in a b c; do
	must "$LEAP" secret generate $name
done
put "$WORK/ask" <<EOT
#!/bin/sh
echo "\$1" >>"$WORK/asked"
echo "open sesame"
EOT
chmod +x "$WORK/ask"
export SSH_ASKPASS="$WORK/ask" SSH_ASKPASS_REQUIRE=force
as frank secret rotate --all --yes
status_is 0
check test "$(cat "$WORK/asked")" = "passphrase of $WORK/home-frank/.ssh/id_ed25519: "
stderr_lacks sesame
sed -i 's/open sesame/mellon/' "$WORK/ask"
as frank secret show a
status_is 5
stderr_has "wrong passphrase for $WORK/home-frank/.ssh/id_ed25519"
stderr_lacks mellon
unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
HOME=$WORK/home-frank setsid -w "$LEAP" secret show a </dev/null >"$OUT" 2>"$ERR"
check test $? -ne 0
stderr_has "no terminal to ask on: passphrase of $WORK/home-frank/.ssh/id_ed25519"

it "asks on the terminal, whatever standard input is"
cd "$WORK/i" || exit 1
{ sleep 0.7; echo "open sesame"; sleep 0.3; } |
    HOME=$WORK/home-frank script -qec "'$LEAP' secret show a </dev/null" /dev/null >"$OUT" 2>&1
stdout_has "passphrase of $WORK/home-frank/.ssh/id_ed25519: "
stdout_lacks sesame
leap secret show a
tr -d '\r' <"$OUT" >"$WORK/value"
check grep -qxE '[2-9A-HJ-NP-Za-km-z]{32}' "$WORK/value"
