#!/bin/bash
# test/lab: a node that lies: sshd is real, but whatever leap runs on it answers as an attacker likes.
# May know the command line, an instance's files, and the frames of wire/frame.h.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 400

# shellcheck disable=SC2016 # programs in quotes are for the node
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

port=$((20000 + RANDOM % 10000))
sshd_pid=''

cleanup() {
	[ -z "$sshd_pid" ] || kill "$sshd_pid" 2>/dev/null
	# What answers without end is stopped by its group, which sshd made for it.
	[ ! -e "$WORK/groups" ] || while read -r group; do
		[ "$group" -gt 1 ] && kill -9 -- "-$group" 2>/dev/null
	done <"$WORK/groups"
	wait 2>/dev/null
}

# hostile: every command that leap gives is this script instead, which stands on standard input.
hostile() {
	{
		echo '#!/bin/bash'
		echo "ps -o pgid= \$\$ >>$WORK/groups"
		cat <<-'EOT'
			# frame TYPE [LENGTH]: a frame of standard input; LENGTH lies about it.
			frame() {
				local data
				data=$(cat)
				printf '%s' "$1"
				printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((${2:-${#data}} >> 24 & 255)) \
				    $((${2:-${#data}} >> 16 & 255)) $((${2:-${#data}} >> 8 & 255)) $((${2:-${#data}} & 255)))"
				printf '%s' "$data"
			}
			# flood: standard input, without end, faster than anybody can read it.
			flood() {
				local chunk=$(mktemp)
				cat >"$chunk"
				for _ in 1 2 3 4 5 6 7 8 9 10; do
					cat "$chunk" "$chunk" >"$chunk.2" && mv "$chunk.2" "$chunk"
				done
				exec 3<"$chunk"
				rm "$chunk"
				while cat /dev/fd/3; do :; done
			}
			hello() {
				# The program's name holds its hash: whoever was asked for it knows what to say.
				hash=$(grep -oE 'leap-node-[0-9a-f]{64}' <<<"$SSH_ORIGINAL_COMMAND" | head -n 1 | cut -c 11-)
				printf '{"version":1,"program":"%s","hostname":"web1","debian":"13","arch":"x86_64"}' "$hash" | frame H
			}
		EOT
		cat
	} >"$WORK/answer"
	chmod 755 "$WORK/answer"
}

# survives SECONDS [BYTES]: a deploy ends in time, as a failure of this node, with a message fit for a terminal.
survives() {
	SECONDS=0
	leap deploy --yes
	check test "$SECONDS" -le "$1"
	check test "$STATUS" -eq 4 -o "$STATUS" -eq 5
	cat "$OUT" "$ERR" >"$WORK/all"
	file_has "$WORK/all" web1
	check_not grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/all"
	check test "$(wc -c <"$WORK/all")" -lt "${2:-20000}"
}

it "the sshd of a hostile node runs"
lab_needed
[ -x /usr/sbin/sshd ] || { skip "openssh-server is not installed"; exit 0; }
lab_instance
must ssh-keygen -q -t ed25519 -N '' -f "$WORK/host"
cat >"$WORK/sshd_config" <<EOT
Port $port
ListenAddress 127.0.0.1
HostKey $WORK/host
AuthorizedKeysFile $HOME/.ssh/id_ed25519.pub
StrictModes no
PermitRootLogin yes
UsePAM no
PidFile none
ForceCommand $WORK/answer
EOT
mkdir -p /run/sshd
/usr/sbin/sshd -D -f "$WORK/sshd_config" -E "$WORK/sshd.log" &
sshd_pid=$!
check poll 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
put nodes/web1.json <<<"{ \"ip_address\": \"127.0.0.1\", \"ssh\": { \"port\": $port } }"
mkdir -p files/nodes/web1
cut -d ' ' -f 1,2 "$WORK/host.pub" >files/nodes/web1/web1_ssh.pub
must "$LEAP" cert update
printf '\nssh:\n  timeout: 3\n' >>Leapfile
# What a single process may take; sanitizers need address space without end.
[ "$BIN" != bin ] || ulimit -v 4000000

run_case() {
	it "a node that $1"
	cd "$LAB" || exit 1
	hostile
	survives "${2:-15}" "${3:-20000}"
}

run_case "ends at once and says nothing" <<<'exit 0'
run_case "ends at once with an error that colours terminals" <<<'printf "\033[31mred\007\033]0;title\007\n" >&2; exit 1'
run_case "sends garbage" <<<'head -c 3000000 /dev/urandom'
run_case "sends text" <<<'yes "Welcome to this server"'
run_case "sends zeros without end" <<<'cat /dev/zero'
run_case "says nothing and stays" <<<'sleep 1000'
run_case "reads nothing and says nothing" <<<'exec sleep 1000 <&-'
run_case "complains without end" <<<'cat >/dev/null & yes "no space left on device" >&2'
run_case "sends one byte a second" 25 <<<'while sleep 1; do printf H; done'
run_case "announces a frame of 4 GiB" <<<'hello; printf "E\xff\xff\xff\xff"; cat /dev/zero'
run_case "announces a frame above the maximum" <<<'hello; printf "E\x00\x20\x00\x00"; cat /dev/zero'
run_case "cuts a frame" <<<'hello; printf "{}" | frame R 500'
run_case "sends an unknown type of frame" <<<'hello; printf "{}" | frame Z'
run_case "sends frames that only leap may send" <<<'hello; printf "{}" | frame Q'
run_case "ends before its result" <<<'hello; printf "{\"blobs\":[]}" | frame N'
run_case "sends a result that is no JSON" <<<'hello; printf "{\"result\":" | frame R'
run_case "sends a result of the wrong types" <<<'hello; printf "{\"result\":[],\"changed\":\"many\"}" | frame R'
run_case "sends a result with numbers that are none" <<<'hello; printf "{\"result\":\"ok\",\"changed\":-5,\"restarted\":1e99,\"generation\":99999999999999999999}" | frame R'
run_case "sends a result of a hundred thousand brackets" <<<'hello; head -c 100000 /dev/zero | tr "\0" "[" | frame R'
run_case "asks for blobs that nobody offered" <<<'hello; printf "{\"blobs\":[\"%064d\"]}" 0 | frame N; cat >/dev/null'
run_case "asks for /etc/shadow" <<<'hello; printf "{\"blobs\":[\"../../../../etc/shadow\"]}" | frame N; cat >/dev/null'
run_case "asks twice for blobs" <<<'hello; printf "{\"blobs\":[]}" | frame N; printf "{\"blobs\":[]}" | frame N; sleep 1000'
run_case "asks for blobs without end" <<<'hello; printf "{\"blobs\":[]}" | frame N | flood'
run_case "speaks of resources without end" 30 1000000 <<<'hello; printf "{\"blobs\":[]}" | frame N; printf "{\"resource\":\"file:/etc/nobody\",\"action\":\"create\"}" | frame E | flood'
run_case "speaks of two resources in turn without end" 30 1000000 <<<'hello; printf "{\"blobs\":[]}" | frame N; { printf "{\"resource\":\"file:/etc/nobody\",\"action\":\"create\"}" | frame E; printf "{\"resource\":\"file:/etc/noone\",\"action\":\"create\"}" | frame E; } | flood'
run_case "has another version of the program" <<<'printf "{\"version\":99,\"program\":\"%064d\",\"hostname\":\"x\",\"debian\":\"13\",\"arch\":\"x86_64\"}" 0 | frame H; sleep 1000'
run_case "is a machine that nobody has a program for" <<<'echo pdp11; exit 127'
run_case "says hello twice" <<<'hello; hello; sleep 1000'
run_case "puts escape sequences into its error" <<<'hello; printf "{\"blobs\":[]}" | frame N; printf "{\"result\":\"failed\",\"changed\":0,\"restarted\":0,\"generation\":0,\"checks\":0,\"checks_failed\":0,\"error\":\"\\\\u001b[31mred\\\\u0007\"}" | frame R'

it "a node that lies about its keys never sees a private one"
cd "$LAB" || exit 1
hostile <<<"env >$WORK/seen; cat >>$WORK/seen"
leap deploy --yes
check_not grep -aq 'PRIVATE KEY' "$WORK/seen"

it "facts that a node sends do not become commands here"
cd "$LAB" || exit 1
hostile <<<'hello; printf "{\"blobs\":[]}" | frame N; printf "{\"result\":\"failed\",\"error\":\"$(touch pwned)\`touch pwned\`%%n%%s\"}" | frame R'
survives 15
check test ! -e pwned
