#!/bin/bash
# test/lab: one secret, deployed to a real node, and every place where it must not be found.
# May know the command line, an instance's files, where leap-node keeps its own, and the system calls of both.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 300

# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

CANARY=kanari$(tr -dc 'a-km-z2-9' </dev/urandom | head -c 26)
HOLD=/run/canary-$$-$RANDOM		# a deploy waits while the node has it
PERCH='' TRACER=''

lab_restore() {
	[ -z "$PERCH" ] || kill "$PERCH"
	[ -z "$TRACER" ] || kill "$TRACER" 2>/dev/null
}

# on_node PROGRAM: its processes on our node, as this machine numbers them; nobody else has HOLD.
on_node() {
	local pid

	for pid in $(pgrep -x "$1"); do
		[ -e "/proc/$pid/root$HOLD" ] && echo "$pid"
	done
}

# watch FILE WHAT... &: all that these processes and their children hand to the kernel.
watch() {
	local file=$1

	shift
	exec strace -f -qq -v -y -s 1000000 -e signal=none -o "$file" \
	    -e trace=%file,%process,%network,write,writev,pwrite64,pwritev,fchmod,memfd_create "$@"
}

# memory PID: all that a process can read of its own, whatever a core file would have of it.
memory() {
	local range rest

	while read -r range rest; do
		case $rest in
		r*) dd if="/proc/$1/mem" bs=4096 skip=$((16#${range%-*} / 4096)) \
		    count=$(((16#${range#*-} - 16#${range%-*}) / 4096)) 2>/dev/null ;;
		esac
	done <"/proc/$1/maps"
}

# core PID: what a debugger writes.
core() {
	gcore -o "$WORK/core" "$1" >"$WORK/.gcore" 2>&1 || cat "$WORK/.gcore" >&2
	cat "$WORK/core.$1"
	rm "$WORK/core.$1"
}

# seen: how often the canary is in standard input.
seen() { grep -aoF "$CANARY" | wc -l; }

# held: wait until the deploy waits for us.
held() { check poll 60 on web1 test -e "$HOLD-here"; }

# release JOB: let it go on to its end.
release() {
	on web1 rm "$HOLD" "$HOLD-here"
	wait "$1"
	STATUS=$?
}

it "a node without the secret, and one who has it in its environment"
lab_needed
for program in strace gcore; do
	command -v "$program" >/dev/null || { skip "$program is not installed (tools/install-dependencies)"; exit 0; }
done
lab_instance
put services/aviary/service.json <<<'{ "aviary": { "bird": "= secret(\"bird\")", "song": 1 } }'
put services/aviary/recipe.lua <<EOT
directory "/etc/aviary"
local cage = file("/etc/aviary/bird", { content = aviary.bird .. aviary.song .. "\n" })
local shared = template("/etc/aviary/shared", "shared", { mode = "0640", group = "adm" })
exec("sing", { command = "test ! -e $HOLD || touch $HOLD-here; while test -e $HOLD; do sleep 0.1; done", on = { cage, shared } })
EOT
put services/aviary/templates/shared <<<'<%= aviary.song %> <%= string.rep("x", 3000) %> <%= aviary.bird %>'
must "$LEAP" node add web1 --local
printf %s "$CANARY" | "$LEAP" secret set local/bird >"$OUT" 2>"$ERR"
STATUS=$?
status_is 0
lab_boot
leap deploy --yes
status_is 0
sed -i 's/"services": \[\]/"services": ["aviary"]/' nodes/web1.json
BIRD=$CANARY sleep 600 &
PERCH=$!
# What follows looks as thoroughly as it says.
check test "$(memory "$PERCH" | seen)" -gt 0
check test "$(core "$PERCH" | seen)" -gt 0
check test "$(seen <"/proc/$PERCH/environ")" = 1

it "a deploy that is watched on both sides tells nobody but the node's files"
cd "$LAB" || exit 1
must on web1 touch "$HOLD"
watch "$WORK/node.trace" -p "$(on_node sshd | head -n 1)" 2>"$WORK/strace" &
TRACER=$!
check poll 10 grep -q TracerPid:.*[1-9] "/proc/$(on_node sshd | head -n 1)/status"
watch "$WORK/leap.trace" "$LEAP" deploy --yes -vvvv </dev/null >"$OUT" 2>"$ERR" &
job=$!
held
node=$(on_node 'leap-node.*' | head -n 1)
check test "$(memory "$node" | wc -c)" -gt 1000000
check test "$(memory "$node" | seen)" = 0
release "$job"
status_is 0
kill "$TRACER"
wait "$TRACER"
check test "$(cat "$OUT" "$ERR" | seen)" = 0
check grep -qE '^[0-9]+ +execve\(' "$WORK/leap.trace"
check test "$(seen <"$WORK/leap.trace")" = 0
check grep -q 'execve(.*leap-node' "$WORK/node.trace"
# The stream ends in the node's sshd, which writes it to leap-node's pipe.
grep -F "$CANARY" "$WORK/node.trace" | grep -vE '^[0-9]+ +write\([0-9]+<(pipe|UNIX|socket).*"B' >"$WORK/told"
check_not grep -vqE '^[0-9]+ +write\([0-9]+</[^>]*/\.leap-tmp-[^>]*>, ' "$WORK/told"
check test "$(wc -l <"$WORK/told")" = 4

it "each file with the secret was nobody else's from the moment that it was there"
grep -oE '\.leap-tmp-[^>]+' "$WORK/told" | sort -u >"$WORK/names"
check test "$(wc -l <"$WORK/names")" = 4
while read -r name; do
	grep -F "$name" "$WORK/node.trace" >"$WORK/life"
	check test "$(grep -cE '^[0-9]+ +openat\(.*O_CREAT.*, 0600(\)| <unf)' "$WORK/life")" = 1
	check_not grep -qE '(chmod|chmodat)\(.*, 0[0-7]*[1-7]\)' "$WORK/life"
done <"$WORK/names"

it "no core file has it, of leap or of leap-node, and no process in its environment or arguments"
cd "$LAB" || exit 1
sed -i 's/"song": 1/"song": 2/' services/aviary/service.json
must on web1 touch "$HOLD"
"$LEAP" deploy --yes </dev/null >"$OUT" 2>"$ERR" &
leap=$!
held
node=$(on_node 'leap-node.*' | head -n 1)
for pid in "$leap" "$node"; do
	core "$pid" >"$WORK/it"
	check test -s "$WORK/it"
	check test "$(seen <"$WORK/it")" = 0
	check test "$(awk '/Max core file size/ { print $5 }' "/proc/$pid/limits")" = 0
done
# It has it, of course: there are nodes to send it to.
check test "$(memory "$leap" | seen)" -gt 0
check test "$(memory "$node" | seen)" = 0
grep -alF "$CANARY" /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null >"$WORK/who"
check test "$(cat "$WORK/who")" = "/proc/$PERCH/environ"
release "$leap"
status_is 0

it "the node has it in four files, which only those can read who should"
on web1 "grep -rlsF $CANARY / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev | sort | xargs stat -c '%a %U %G %n'" \
    >"$OUT" 2>"$ERR"
sed -i -E 's/[0-9a-f]{64}/SHA256/' "$OUT"
stdout_is <<'EOT'
600 root root /etc/aviary/bird
640 root adm /etc/aviary/shared
600 root root /var/lib/leap/store/SHA256
600 root root /var/lib/leap/store/SHA256
600 root root /var/lib/leap/store/SHA256
600 root root /var/lib/leap/store/SHA256
EOT
check test "$(on web1 'journalctl -a --no-pager' | seen)" = 0

it "nothing that is compiled, committed, printed or kept here has it"
cd "$LAB" || exit 1
must "$LEAP" compile
must git add -A
must git -c user.name=lab -c user.email=lab@example.org commit -qm all
sed -i 's/"song": 2/"song": 3/' services/aviary/service.json
for words in compile 'compile --check' plan 'plan --json' diff 'diff --json' 'impact HEAD' 'impact HEAD --json' 'inspect web1' \
    'inspect web1 --json' 'why web1 aviary.bird' 'why web1 aviary.bird --json' list check 'secret ls' 'secret audit' \
    'cert ls' test status 'history web1' 'user ls'; do
	# shellcheck disable=SC2086
	leap $words -vvvv
	check test "$(cat "$OUT" "$ERR" | seen)" = 0
done
put services/aviary/recipe.lua <<<'file("/etc/" .. aviary.bird, { content = aviary.bird })'
leap plan -vvvv
status_is 3
check test "$(cat "$OUT" "$ERR" | seen)" = 0
check test "$(git cat-file --batch --batch-all-objects | seen)" = 0
check_not grep -rqsF "$CANARY" "$LAB" "$HOME"
