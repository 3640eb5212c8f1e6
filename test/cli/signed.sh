#!/bin/bash
# test: the signature of the vault: who changed what behind it is told, and refused.
# May know the vault's files.  Needs ssh-keygen.
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

unset SSH_AUTH_SOCK

fingerprint() { ssh-keygen -lf "$1" | cut -d' ' -f2; }

# person NAME [TYPE]: a home with an SSH key.
person() {
	must install -d -m 700 "$WORK/home-$1/.ssh"
	rm -rf "$WORK/home-$1/.ssh/"* "$WORK/home-$1/.local" "$WORK/home-$1/.config"
	must ssh-keygen -q -t "${2:-ed25519}" -N "${3:-}" -C "$1" -f "$WORK/home-$1/.ssh/id_${2:-ed25519}"
}

# as NAME ARGS...: leap, run by that person.
as() {
	local name=$1

	shift
	HOME=$WORK/home-$name leap "$@"
}

# signed: alice's instance with a secret and a node, in git, which she has seen.
signed() {
	instance
	must "$LEAP" secret generate db
	node web1 192.0.2.1
	must ssh-keygen -q -t ed25519 -N '' -f "$WORK/.host"
	mkdir -p files/nodes/web1
	mv "$WORK/.host.pub" files/nodes/web1/web1_ssh.pub
	rm "$WORK/.host"
	must git add -A
	must git -c user.name=a -c user.email=a commit -qm signed
}

# attacker: mallory, who can push to git and knows how age works, has a home, and a recipient of the vault.
attacker() {
	person mallory
	recipient=$(sed -nE 's/.*"recipient": "(age1[a-z0-9]*)".*/\1/p' vault/default.json)
}

refused() {
	leap vault verify
	status_is 5
	cp "$OUT" "$WORK/verified"
	leap deploy --yes
	status_is 5
	stdout_empty
	{
		echo 'leap: the vault is not as a sysadmin signed it: nothing was deployed'
		sed -e '/^signed by/d' -e 's/^/    /' "$WORK/verified"
		echo 'hint: "git log -p PATH" shows who did that; "leap vault sign" signs it as it is, --unsigned deploys it for once'
	} | stderr_is
	leap check
	cp "$WORK/verified" "$OUT"
}

it "signs what leap itself changes, as ssh-keygen and sha256sum check it"
signed
alice=$(fingerprint "$WORK/.key.pub")
leap vault verify
status_is 0
stdout_is <<<"signed by alice with $alice"
printf 'alice %s' "$(cat "$WORK/.key.pub")" >"$WORK/allowed"
check sha256sum --quiet --strict -c vault/SHA256SUMS
ssh-keygen -Y verify -f "$WORK/allowed" -I alice -n leap-vault -s vault/SHA256SUMS.sig <vault/SHA256SUMS >"$OUT" 2>&1 ||
    fail "ssh-keygen does not verify it"
find files secrets users vault -name '*.age' -o -path 'users/*/*' -o -path 'vault/*.json' -o -name '*.serial' | LC_ALL=C sort >"$WORK/files"
cut -c67- vault/SHA256SUMS >"$WORK/listed"
check diff "$WORK/files" "$WORK/listed"
before=$(cat vault/SHA256SUMS.sig)
leap vault sign
status_is 0
stderr_is <<<"the vault is signed as it is"
leap compile
must git add -A
HOME=$WORK/nowhere leap vault verify --json
status_is 0
check jq -e '.signer == "alice" and .first and .problems == []' "$OUT"
leap secret ls
check test "$before" != "$(cat vault/SHA256SUMS.sig)"	# compile made the node's key

it "refuses a secret, a private key, an environment's key and its members that somebody else put there"
if command -v age >/dev/null; then
	signed
	attacker
	echo evil | age -r "$recipient" -a -o secrets/default/db.age
	refused
	stdout_is <<-EOT
	signed by alice with $alice
	secrets/default/db.age: has changed since alice signed the vault
	EOT
	must git checkout -q .
	echo evil | age -r "$recipient" -a -o files/ca/ca.key.age
	refused
	stdout_has "files/ca/ca.key.age: has changed since alice signed the vault"
	must git checkout -q .
	echo evil | age -r "$recipient" -a -o secrets/default/other.age
	refused
	stdout_has "secrets/default/other.age: is new since alice signed the vault"
	rm secrets/default/other.age
	echo AGE | age -R "$WORK/home-mallory/.ssh/id_ed25519.pub" -a -o vault/default.age
	refused
	stdout_has "vault/default.age: has changed since alice signed the vault"
	must git checkout -q .
	sed -i 's/"members": {/&\n        "mallory": [],/' vault/default.json
	refused
	stdout_has "vault/default.json: has changed since alice signed the vault"
	must git checkout -q .
	# Nor is anything encrypted to a recipient that nobody signed.
	age-keygen -o "$WORK/foreign" 2>/dev/null || fail "age-keygen"
	sed -i "s/\"recipient\": \"[^\"]*\"/\"recipient\": \"$(age-keygen -y "$WORK/foreign")\"/" vault/default.json
	leap secret generate fresh
	status_is 5
	stderr_has "vault/default.json: has changed since alice signed the vault"
	check test ! -e secrets/default/fresh.age
	must git checkout -q .
	leap vault verify
	status_is 0
else
	skip "needs age"
fi

it "refuses a key of a sysadmin that is new, another's, or gone, also behind a link"
signed
attacker
mkdir users/mallory
cp "$WORK/home-mallory/.ssh/id_ed25519.pub" users/mallory/mallory_ssh.pub
refused
stdout_has "users/mallory/mallory_ssh.pub: is new since alice signed the vault"
mv users/mallory compiled/hidden 2>/dev/null || { mkdir compiled; mv users/mallory compiled/hidden; }
ln -s ../compiled/hidden users/mallory
refused
stdout_has "users/mallory/mallory_ssh.pub: is new since alice signed the vault"
rm users/mallory
cat compiled/hidden/mallory_ssh.pub >>users/alice/alice_ssh.pub
refused
stdout_has "users/alice/alice_ssh.pub: has changed since alice signed the vault"
must git checkout -q users
rm secrets/default/db.age
refused
stdout_has "secrets/default/db.age: is gone since alice signed the vault"
leap check
stdout_has "secrets/default/db.age: error: is gone since alice signed the vault [unsigned-change]
hint: \"git log -p secrets/default/db.age\" shows who did that; if it is right, \"leap vault sign\""

it "refuses a list that is another's, without signature, or gone"
signed
attacker
mkdir users/mallory
cp "$WORK/home-mallory/.ssh/id_ed25519.pub" users/mallory/mallory_ssh.pub
sed -i "s|\"members\": {|&\n        \"mallory\": [\"$(cut -d' ' -f1,2 <users/mallory/mallory_ssh.pub)\"],|" vault/default.json
as mallory vault sign --yes
status_is 0
# To whom was not there before, it is as good as any other; mallory's key was not trusted where alice was.
HOME=$WORK/nobody leap vault verify
status_is 0
stdout_has "signed by mallory with"
leap vault sign --yes
must git checkout -q .
rm -r users/mallory
leap vault sign --yes
leap vault verify
status_is 0
mkdir users/mallory
cp "$WORK/home-mallory/.ssh/id_ed25519.pub" users/mallory/mallory_ssh.pub
sed -i "s|\"members\": {|&\n        \"mallory\": [\"$(cut -d' ' -f1,2 <users/mallory/mallory_ssh.pub)\"],|" vault/default.json
as mallory vault sign --yes
status_is 0
refused
stdout_is <<EOT
vault/SHA256SUMS.sig: signed by mallory with $(fingerprint users/mallory/mallory_ssh.pub), a key that was not trusted here until now
users/mallory/mallory_ssh.pub: is new since the vault was last trusted here
vault/SHA256SUMS.serial: has changed since the vault was last trusted here
vault/default.json: has changed since the vault was last trusted here
EOT
must git checkout -q vault/default.json
refused
stdout_has "vault/SHA256SUMS.sig: signed by mallory, who can open no vault"
rm -r users/mallory
refused
stdout_has "vault/SHA256SUMS.sig: signed with $(fingerprint "$WORK/home-mallory/.ssh/id_ed25519.pub"), which is nobody's key in users/"
must git checkout -q vault
printf 'x' >>vault/SHA256SUMS
refused
stdout_has "vault/SHA256SUMS:8: no line of a list of the vault's files and their hashes"
must git checkout -q vault
sed -i 1d vault/SHA256SUMS
refused
stdout_has "vault/SHA256SUMS.sig: the signature is of something else"
must git checkout -q vault
ssh-keygen -q -Y sign -f "$HOME/.ssh/id_ed25519" -n file <vault/SHA256SUMS >vault/SHA256SUMS.sig
refused
stdout_has 'vault/SHA256SUMS.sig: a signature for something else than "leap-vault"'
# A signature of nothing tells also who has never seen the list that there was one.
mv vault/SHA256SUMS "$WORK/list"
HOME=$WORK/nobody leap vault verify
status_is 5
stdout_has "vault/SHA256SUMS: is missing, though the vault was signed"
mv "$WORK/list" vault/SHA256SUMS
rm vault/SHA256SUMS.sig
refused
stdout_has "vault/SHA256SUMS.sig: is missing: nobody signed vault/SHA256SUMS"
rm vault/SHA256SUMS
refused
stdout_has "vault/SHA256SUMS: is missing, though the vault was signed"
leap check
stdout_has 'vault/SHA256SUMS: error: is missing, though the vault was signed [vault-signature]
hint: "git log -p vault" shows who did that; if all of it is right, "leap vault sign"'

it "does not sign what others changed along with its own"
signed
echo other >secrets/default/db.age
leap secret generate mine
status_is 0
stderr_is <<<"made secrets/default/mine.age"
refused
stdout_is <<EOT
signed by alice with $alice
secrets/default/db.age: has changed since alice signed the vault
EOT
file_has vault/SHA256SUMS "  secrets/default/mine.age"
leap vault sign
status_is 2
stderr_is <<'EOT'
secrets/default/db.age: has changed since alice signed the vault
leap: no terminal to ask on: sign all of this as it is? [y/n]
hint: say it with --yes
EOT
leap vault sign --yes
status_is 0
leap vault verify
status_is 0

it "refuses what a sysadmin signed once, and what is from before the last deploy"
signed
person bob
must "$LEAP" user add bob --ssh-pub-key "$WORK/home-bob/.ssh/id_ed25519.pub"
cp -a . "$WORK/with-bob"
must "$LEAP" user rm bob
leap deploy --yes
leap deploy --yes		# the first one has made the node's key
status_is 4
serial=$(cat vault/SHA256SUMS.serial)
rm -r vault users secrets files
cp -a "$WORK/with-bob/"{vault,users,secrets,files} .
leap vault verify
status_is 5
stdout_has "vault/SHA256SUMS.sig: signature $(cat vault/SHA256SUMS.serial), by alice, though $serial was deployed from here: an old vault is back"
stdout_has "users/bob/bob_ssh.pub: is new since the vault was last trusted here"
leap deploy --yes
status_is 5
stdout_empty
# A number that nobody signed makes it no newer, and nothing is encrypted to a key that bob has.
echo 999999999999999 >vault/SHA256SUMS.serial
leap secret generate own
status_is 5
stderr_has "vault/default.json: has changed since the vault was last trusted here"
leap vault verify
status_is 5
stdout_has "vault/SHA256SUMS.serial: is not the number that alice signed"
rm vault/SHA256SUMS.serial
leap vault verify
status_is 5
stdout_has "vault/SHA256SUMS.serial: is not the number that alice signed"
leap vault sign --yes
status_is 0
check test "$(cat vault/SHA256SUMS.serial)" = $((serial + 1))
leap vault verify
status_is 0

it "takes back what was never deployed"
signed
leap deploy --yes
must git add -A
must git -c user.name=a -c user.email=a commit -qm deployed
leap secret generate thrown_away
must git checkout -q .
rm secrets/default/thrown_away.age
leap vault verify
status_is 0
stdout_is <<<"signed by alice with $(fingerprint "$WORK/.key.pub")"
# That somebody leaves makes the machine remember who was trusted until then, but no number.
person bob
must "$LEAP" user add bob --ssh-pub-key "$WORK/home-bob/.ssh/id_ed25519.pub"
must git add -A
must git -c user.name=a -c user.email=a commit -qm bob
must "$LEAP" secret generate thrown_away
must "$LEAP" vault sign
must "$LEAP" user rm bob
must git checkout -q .
rm secrets/default/thrown_away.age
leap vault verify
status_is 0
stdout_is <<<"signed by alice with $(fingerprint "$WORK/.key.pub")"
leap secret generate later
status_is 0
stderr_is <<<"made secrets/default/later.age"
leap vault verify
status_is 0

it "refuses names that no list can have, and writes them so that no terminal obeys"
signed
for name in $'a\nb' $'a\xff' $'a\e[31m' 'a\b'; do
	: >"secrets/default/$name.age"
	leap vault verify
	status_is 3
	case $name in
	$'a\xff') shown='a\xff' ;;
	'a\b') shown=$name ;;
	*) shown=${name//[[:cntrl:]]/?} ;;
	esac
	printf '%s: a name that no list can have\nhint: rename it\n' "secrets/default/$shown.age" | stderr_is
	leap deploy --yes
	status_is 3
	rm "secrets/default/$name.age"
done

it "sees through links, and not out of the instance"
signed
mkdir elsewhere
echo evil >elsewhere/x
ln -s ../../elsewhere/x secrets/default/other.age
refused
stdout_has "secrets/default/other.age: is new since"
rm secrets/default/other.age
ln -s "$WORK/home-mallory/.ssh/id_ed25519" secrets/default/other.age
leap deploy --yes
status_is 3
stderr_has "secrets/default/other.age: leads outside"
rm secrets/default/other.age
ln -s ../elsewhere vault/live.age
leap vault verify
status_is 0
rm vault/live.age
ln -s / secrets/all
leap vault verify
status_is 3
stderr_has "secrets/all: leads outside"
rm secrets/all
ln -s .. secrets/loop
leap vault verify
status_is 5
stderr_has "secrets/loop/secrets/loop: a link behind a link: the vault cannot be looked through"

it "deploys it all the same when told so, and says what is wrong"
signed
echo other >secrets/default/db.age
leap deploy --yes --unsigned
status_is 4
stderr_has "warning: secrets/default/db.age: has changed since alice signed the vault"
stderr_has "web1"
leap plan
stderr_has "warning: secrets/default/db.age: has changed since alice signed the vault"

it "says of an instance from before how it is signed"
signed
rm -r vault/SHA256SUMS* "$HOME/.local/state/leap/vault"
leap vault verify
status_is 0
stdout_is <<<"warning: vault/SHA256SUMS: the vault is not signed: nobody would see if somebody else put files into it"
leap check
stdout_has 'vault/SHA256SUMS: warning: the vault is not signed: nobody would see if somebody else put files into it [unsigned-vault]
hint: "leap vault sign" signs it'
leap secret generate more
check_not test -e vault/SHA256SUMS
leap deploy --yes
status_is 4
stderr_has "warning: vault/SHA256SUMS: the vault is not signed"
leap vault sign
status_is 0
stderr_is <<<"signed the vault: vault/SHA256SUMS"
leap vault verify
status_is 0

it "trusts at first sight, says so once, and then those whom a trusted one let in"
signed
person bob
must "$LEAP" user add bob --ssh-pub-key "$WORK/home-bob/.ssh/id_ed25519.pub"
as bob deploy --yes
status_is 4
stderr_has "trusting the vault as alice signed it with $alice, which this machine sees for the first time"
as bob deploy --yes
stderr_lacks "trusting"
as bob secret generate of_bob
status_is 0
stderr_is <<<"made secrets/default/of_bob.age"
leap vault verify
status_is 0
stdout_is <<<"signed by bob with $(fingerprint "$WORK/home-bob/.ssh/id_ed25519.pub")"
# Who was trusted here counts no more when somebody else has removed them.
mv users/bob "$WORK/users-bob"
leap vault verify
status_is 5
stdout_has "vault/SHA256SUMS.sig: signed with $(fingerprint "$WORK/home-bob/.ssh/id_ed25519.pub"), which is nobody's key in users/"
mv "$WORK/users-bob" users/bob
cp -a vault "$WORK/of-bob"
leap user rm bob
status_is 0
leap vault verify
status_is 0
stdout_is <<<"signed by alice with $alice"
# What bob signed as long as he was there does not count any more, whatever users/ says.
rm -r vault users
cp -a "$WORK/of-bob" vault
must git checkout -q users
mkdir users/bob
cp "$WORK/home-bob/.ssh/id_ed25519.pub" users/bob/bob_ssh.pub
leap vault verify
status_is 5
stdout_has "vault/SHA256SUMS.sig: signed by bob with $(fingerprint users/bob/bob_ssh.pub), a key that was not trusted here until now"

it "takes what two have changed at once: git leaves the list to whoever merges"
signed
person bob
must "$LEAP" user add bob --ssh-pub-key "$WORK/home-bob/.ssh/id_ed25519.pub"
git config user.name a
git config user.email a
git add -A && must git commit -qm bob
rm -rf "$WORK/clone"
must git clone -q . "$WORK/clone"
cp "$WORK/i/Leapfile" "$WORK/clone/Leapfile"
must "$LEAP" secret generate of_alice
git add -A && must git commit -qm alice
cd "$WORK/clone" || exit 1
as bob secret generate of_bob
status_is 0
git add -A && must git -c user.name=b -c user.email=b commit -qm bob
cd "$WORK/i" || exit 1
check_not git pull -q --no-rebase --no-edit "$WORK/clone" HEAD 2>"$ERR" >"$OUT"
check test "$(git diff --name-only --diff-filter=U | paste -sd' ')" = "vault/SHA256SUMS vault/SHA256SUMS.sig"
leap vault verify
status_is 5
stdout_is <<EOT
signed by alice with $alice
secrets/default/of_bob.age: is new since alice signed the vault
EOT
leap vault sign --yes
status_is 0
git add vault && must git commit -qm merge
leap vault verify
status_is 0
check test "$(grep -c 'of_alice\|of_bob' vault/SHA256SUMS)" -eq 2
must git push -q "$WORK/clone" HEAD:merged
cd "$WORK/clone" || exit 1
must git merge -q merged
as bob vault verify
status_is 0
stdout_is <<<"signed by alice with $alice"
# Where one has signed more often than the other, both numbers are kept.
as bob secret generate another_of_bob
git add -A && must git -c user.name=b -c user.email=b commit -qm bob
cd "$WORK/i" || exit 1
must "$LEAP" secret generate another_of_alice
must "$LEAP" secret generate a_third_of_alice
git add -A && must git commit -qm alice
check_not git pull -q --no-rebase --no-edit "$WORK/clone" HEAD 2>"$ERR" >"$OUT"
check test "$(git diff --name-only --diff-filter=U | paste -sd' ')" = "vault/SHA256SUMS vault/SHA256SUMS.sig"
check test "$(wc -l <vault/SHA256SUMS.serial)" -eq 2
leap vault sign --yes
leap vault verify
status_is 0

it "signs with RSA, an agent's key, one with a passphrase, ECDSA, and says when it cannot"
for kind in rsa agent locked ecdsa; do
	signed
	case $kind in
	rsa) person carol rsa ;;
	agent)
		person carol
		must "$LEAP" user add carol --ssh-pub-key "$WORK/home-carol/.ssh/id_ed25519.pub"
		eval "$(ssh-agent -s)" >/dev/null
		must ssh-add -q "$WORK/home-carol/.ssh/id_ed25519"
		rm "$WORK/home-carol/.ssh/id_ed25519" ;;
	locked) person carol ed25519 opensesame ;;
	ecdsa) person carol ecdsa ;;
	esac
	if [ "$kind" = ecdsa ]; then
		HOME=$WORK/home-carol "$LEAP" user add carol --self 2>"$ERR" >"$OUT" || fail "cannot prepare"
		must "$LEAP" user add carol
	elif [ "$kind" != agent ]; then
		must "$LEAP" user add carol --ssh-pub-key "$(echo "$WORK"/home-carol/.ssh/*.pub)"
	fi
	printf '#!/bin/sh\necho opensesame\necho >>%s/asked\n' "$WORK" >"$WORK/askpass"
	chmod +x "$WORK/askpass"
	rm -f "$WORK/asked"
	SSH_ASKPASS=$WORK/askpass SSH_ASKPASS_REQUIRE=force as carol secret generate "of_$kind"
	status_is 0
	stderr_is <<<"made secrets/default/of_$kind.age"
	leap vault verify
	status_is 0
	stdout_has "signed by carol with $(fingerprint "$(echo "$WORK"/home-carol/.ssh/*.pub)")"
	if [ "$kind" = locked ]; then check test "$(wc -l <"$WORK/asked")" -eq 1; else check_not test -e "$WORK/asked"; fi
	if [ "$kind" = agent ]; then ssh-agent -k >/dev/null; unset SSH_AUTH_SOCK; fi
done
person dave
as dave secret generate of_dave
status_is 0
stderr_is <<'EOT'
made secrets/default/of_dave.age
warning: the vault is not signed: you have no SSH key, in ~/.ssh or in an agent, of a sysadmin who can open the vault
hint: "leap user ls" says which keys those are
EOT
leap vault verify
status_is 5
stdout_has "secrets/default/of_dave.age: is new since carol signed the vault"
# Where it was made, nobody else did it.
as dave vault verify
status_is 0
stdout_has "1 file changed by leap here and not yet signed"

it "signs what a sysadmin vouches for by name: a key that was added by hand, a newcomer"
signed
person erin rsa
cat "$WORK/home-erin/.ssh/id_rsa.pub" >>users/alice/alice_ssh.pub
mkdir users/erin
cp "$WORK/home-erin/.ssh/id_rsa.pub" users/erin/erin_ssh.pub
leap vault verify
status_is 5
leap user add alice
status_is 0
leap vault verify
status_is 5
stdout_is <<EOT
signed by alice with $alice
users/erin/erin_ssh.pub: is new since alice signed the vault
EOT
leap user add erin
status_is 0
leap vault verify
status_is 0

it "signs with the next run what a run that was killed has left"
signed
state=$HOME/.local/state
HOME=$WORK/none XDG_STATE_HOME=$state leap secret generate orphan
stderr_has "warning: the vault is not signed"
leap vault verify
status_is 0
stdout_has "1 file changed by leap here and not yet signed"
leap plan
leap vault verify
stdout_is <<<"signed by alice with $alice"

it "makes a vault of what people put into users/, and needs none before"
rm -rf "$WORK/fresh"
must "$LEAP" new "$WORK/fresh" --domain example.org --name Example --contacts root@example.org
cd "$WORK/fresh" || exit 1
mkdir -p users/alice
cp "$WORK/.key.pub" users/alice/alice_ssh.pub
leap check
stdout_lacks unsigned-vault
leap vault sign
status_is 2
stderr_has 'there is no vault yet'
stderr_has 'hint: the first secret or key makes one'
leap secret generate db
status_is 0
stderr_is <<<"made secrets/default/db.age"
leap vault verify
status_is 0
stdout_is <<<"signed by alice with $(fingerprint "$WORK/.key.pub")"
rm vault/SHA256SUMS.sig
leap vault sign --yes
leap vault verify
status_is 0

it "does not sign what others made of its own"
signed
state=$HOME/.local/state
HOME=$WORK/none XDG_STATE_HOME=$state leap secret generate orphan
echo evil >secrets/default/orphan.age
leap secret generate more
leap vault verify
status_is 5
stdout_is <<EOT
signed by alice with $alice
secrets/default/orphan.age: is new since alice signed the vault
EOT

it "does not trust whoever others let in, because it signs something else"
signed
attacker
leap vault sign
mkdir users/mallory
cp "$WORK/home-mallory/.ssh/id_ed25519.pub" users/mallory/mallory_ssh.pub
sed -i "s|\"members\": {|&\n        \"mallory\": [\"$(cut -d' ' -f1,2 <users/mallory/mallory_ssh.pub)\"],|" vault/default.json
leap secret generate more
as mallory vault sign --yes
leap vault verify
status_is 5
stdout_has "vault/SHA256SUMS.sig: signed by mallory with $(fingerprint users/mallory/mallory_ssh.pub), a key that was not trusted here until now"

it "signs what it has made anew when somebody leaves a vault that nobody had signed"
signed
person bob
must "$LEAP" user add bob --ssh-pub-key "$WORK/home-bob/.ssh/id_ed25519.pub"
rm -r vault/SHA256SUMS* "$HOME/.local/state/leap/vault"
leap user rm bob
leap vault verify
status_is 0
stdout_is <<<"signed by alice with $(fingerprint "$WORK/.key.pub")"
