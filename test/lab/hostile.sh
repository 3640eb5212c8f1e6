#!/bin/bash
# test/lab: a node that lies: sshd is real, but whatever leap runs on it answers as an attacker likes.
# May know the command line, an instance's files, and the frames of wire/frame.h.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 500

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

# answered JSON: a node that says this in its RESULT.
answered() { printf 'hello; printf %%s %q | frame R\n' "$1"; }

# each_survives SECONDS: every command that asks a node ends in time, as a failure or not, and with a screen that obeys nobody.
each_survives() {
	local command

	for command in 'plan' 'status' 'history' 'adopt web1 /etc/hostname --to files/adopted' 'rollback web1 --yes' \
	    'lock web1 --why x' 'unlock web1' 'test' 'node rekey web1' 'node init' 'deploy --yes'; do
		SECONDS=0
		# shellcheck disable=SC2086 # words
		leap $command
		[ "$SECONDS" -le "$1" ] || fail "leap $command took $SECONDS s"
		case $STATUS in
		0 | 1 | 4 | 5) ;;
		*) fail "leap $command: exit status $STATUS" ; show err "$ERR" ;;
		esac
		cat "$OUT" "$ERR" >"$WORK/all"
		! grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|^(spoofed|leap: all is well)' "$WORK/all" ||
		    fail "leap $command writes what the node wants: $(cat -v "$WORK/all" | head -c 500)"
		check test "$(wc -c <"$WORK/all")" -lt "${2:-20000}"
		check_not test -e /tmp/leap-hostile -o -e ../pwned
	done
}

every_case() {
	it "a node that $1, to every command"
	cd "$LAB" || exit 1
	hostile
	each_survives "${2:-15}" "${3:-20000}"
}

every_case "ends at once and says nothing" <<<'exit 3'
every_case "colours terminals on both streams" <<<'printf "\033[31mred\007\033]0;title\007\302\2332J\342\200\256\n"; printf "\033[31mred\007\r\n" >&2; exit 1'
every_case "floods both streams" 20 <<<'yes "$(head -c 9000 /dev/zero | tr "\0" x)" | head -c 40000000; yes no | head -c 40000000 >&2'

# What it tells of itself, with everything that a terminal or a table could take for something else.
every_case "lies in its history, its state and its files" <<<"$(answered '{"result":"ok","generation":1,"changed":0,"restarted":0,"checks":0,"checks_failed":0,"error":"\u001b[31m\u009b2J","lock":"x\nspoofed","data":{"path":"../../../../tmp/leap-hostile","content":"","mode":"0644\nspoofed: line","owner":"\u001b]0;title\u0007","group":"\u202eroot","current":1,"unfinished":99,"cut":7,"running":"\u001b[2J\nspoofed","ended":"\u009b\nspoofed","generations":[{"number":1,"when":"now\nspoofed line","who":"\u001b[2J","from":"a\tb\rc","commit":"../../..","changed":0,"result":"ok\nleap: all is well","why":"\u009b2J","applied":true,"back_to":1}],"resources":[{"resource":"file:/../../etc/shadow\nspoofed","state":"drifted\nspoofed","detail":"\u001b[31m\nspoofed"}],"in_sync":0}}')"
check test ! -s files/adopted

every_case "answers with values of the wrong kinds" <<<"$(answered '{"result":"ok","data":{"path":[],"content":{"a":1},"mode":7,"current":"x","generations":{"a":[]},"resources":[[],7,null,{"state":[]}]}}')"
check_not test -e files/adopted2
every_case "answers with a million of nothing" 20 <<<'hello; { printf "{\"result\":\"ok\",\"data\":{\"generations\":["; yes "[],{}," | head -n 300000 | tr -d "\n"; printf "0],\"resources\":["; yes "[]," | head -n 300000 | tr -d "\n"; printf "0]}}"; } | frame R'
every_case "sends a frame for ever, byte by byte" 20 <<<'printf H; sleep 0.1; printf "\0\0\x7f\xff"; while printf x; do sleep 0.2; done'

it "a RESULT that never comes is not waited for by who only asks"
cd "$LAB" || exit 1
sed -i 's/timeout: 3/timeout: 1/' Leapfile
hostile <<<'hello; exec sleep 1000'
pids=()
for command in plan status history 'adopt web1 /etc/hostname --to files/adopted' 'lock web1 --why x' test; do
	# shellcheck disable=SC2086 # words
	"$LEAP" $command >"$WORK/late.${command%% *}" 2>&1 </dev/null &
	pids+=($!)
done
SECONDS=0
for pid in "${pids[@]}"; do
	wait "$pid"
	check test $? -eq 4
done
check test "$SECONDS" -le 75
for command in plan status history adopt lock test; do
	file_has "$WORK/late.$command" "web1: the node did not answer in 60 s"
done

it "what adopt writes stays in the instance"
cd "$LAB" || exit 1
ln -s "$WORK" files/out
hostile <<<"$(answered '{"result":"ok","data":{"path":"/etc/hostname","content":"cHduZWQK","mode":"0644","owner":"root","group":"root"}}')"
leap adopt web1 /etc/hostname --to files/out/pwned
check test "$STATUS" -ne 0
check_not test -e "$WORK/pwned"
stderr_has "files/out/pwned: leads out of"
for to in files/../pwned ../pwned /tmp/pwned files/; do
	leap adopt web1 /etc/hostname --to "$to"
	status_is 2
	stderr_has "\"$to\" is no file below files/"
done
leap adopt web1 /etc/hostname --to files/adopted
status_is 0
check test "$(cat files/adopted)" = pwned
