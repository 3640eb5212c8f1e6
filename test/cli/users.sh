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
cp "$WORK/rsa.pub" "$HOME/.ssh/id_rsa.pub"
leap user add --self
status_is 0
check cmp -s "$WORK/rsa.pub" "users/$me/${me}_ssh.pub"
leap user add carol --self
status_is 0
check cmp -s "$WORK/rsa.pub" users/carol/carol_ssh.pub
cp "$WORK/ecdsa.pub" "$HOME/.ssh/id_ecdsa.pub"
leap user add dave --self
check cmp -s "$WORK/ecdsa.pub" users/dave/dave_ssh.pub
rm "$HOME"/.ssh/id_*

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

it "changes nothing when the key is there already, and refuses another"
instance
leap user add alice --ssh-pub-key "$WORK/.key.pub"
status_is 0
stderr_has "alice is a user with this key already"
leap user add alice --ssh-pub-key "$WORK/rsa.pub"
status_is 2
stderr_is <<EOT
leap: there is a user alice with another key already
hint: for a second key add a line to users/alice/alice_ssh.pub, or remove the user with "leap user rm alice"
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
