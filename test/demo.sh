#!/bin/bash
# test: the main job from start to end, each command printed before it runs; what `make demo` shows.
# May know the command line.
# SPDX-License-Identifier: GPL-3.0-or-later

set -eu
cd "$(dirname "$0")/.."
top=$PWD
demo=$top/demo-provider
PATH=$top/bin:$PATH

if [ "$(id -u)" -ne 0 ]; then
	echo "demo: booting nodes on this machine needs root" >&2
	echo "hint: sudo make demo" >&2
	exit 1
fi

say() { printf '\n# %s\n' "$*"; }

# show COMMAND...: print it as it would be typed, run it, and say how long it took when one could notice.
show() {
	local word line='' start=${EPOCHREALTIME/[.,]/}

	for word in "$@"; do
		[[ $word =~ ^[-A-Za-z0-9_./:@%+=,]+$ ]] || word="'$word'"
		line="$line $word"
	done
	printf '\n$%s\n' "$line"
	"$@"
	start=$((${EPOCHREALTIME/[.,]/} - start))
	[ "$start" -lt 100000 ] || printf '  (%d.%02d s)\n' $((start / 1000000)) $((start / 10000 % 100))
}

address_of() {
	leap list "$1" --print ip_address --json | grep -oE '([0-9]+\.){3}[0-9]+' | head -n 1
}

has_key() {
	compgen -G "$HOME/.ssh/id_*.pub" >/dev/null || ssh-add -L >/dev/null 2>&1
}

if [ -e "$demo/Leapfile" ]; then
	say "an earlier demo is in the way: its nodes and its directory go"
	show leap -C "$demo" local rm --yes
fi
rm -rf "$demo"

if ! has_key; then
	say "you have no SSH key yet; the nodes will let this one in"
	install -d -m 700 "$HOME/.ssh"
	show ssh-keygen -q -t ed25519 -N '' -f "$HOME/.ssh/id_ed25519"
fi

say "a provider: one directory, kept in git"
show leap new "${demo#"$top"/}" --domain example.org --name Example --contacts root@example.org
show cd "${demo#"$top"/}"
show leap user add --self
show leap cert ca

say "three servers, on this machine so that nothing can break"
show leap node add web1 --local services:static
show leap node add web2 --local services:static
show leap node add ns1 --local services:dns
show leap local start
show leap node init --yes-to-local

say "the main job: bring them to their declared state"
show leap deploy --yes
show leap test

say "do they serve?"
ns1=$(address_of ns1)
web1=$(address_of web1)
show dig +short "@$ns1" web1.example.org
show curl -sS "http://$web1/"
show curl -sS --cacert files/ca/ca.crt --resolve "web1.example.org:443:$web1" -o /dev/null \
    -w 'https: %{http_code}, verified\n' https://web1.example.org/

say "again: nothing to do, and it says so"
show leap deploy --yes
show leap list

cat <<EOT

The three nodes keep running.  Look at them, change them, deploy again:

  cd ${demo#"$top"/} && PATH=$top/bin:\$PATH
  leap ssh web1
  \$EDITOR nodes/web2.json && leap deploy

Stop them with

  leap local stop        # disks stay; \`leap local start\` brings them back
  leap local rm          # disks go too
EOT
