#!/bin/bash
# test: servers that cannot be reached, refuse, stay silent, or speak something else.
# May know the command line and an instance's files.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck disable=SC2016 # programs in quotes are for others
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

listener=''

cleanup() { [ -z "$listener" ] || kill "$listener" 2>/dev/null; }

# listen PERL: a server on a port of its own; the code has each connection in $c.  Sets $port.
listen() {
	[ -z "$listener" ] || { kill "$listener" && wait "$listener"; } 2>/dev/null
	rm -f "$WORK/port"
	perl -MIO::Socket::INET -e '
		$SIG{PIPE} = "IGNORE";
		my $s = IO::Socket::INET->new(Listen => 20, LocalAddr => "127.0.0.1", LocalPort => 0) or die;
		open(my $f, ">", "$ARGV[0].new"); print $f $s->sockport; close $f; rename "$ARGV[0].new", $ARGV[0];
		while (my $c = $s->accept) { $c->autoflush(1); '"$1"' }' "$WORK/port" &
	listener=$!
	until [ -e "$WORK/port" ]; do sleep 0.05; done
	port=$(cat "$WORK/port")
}

# free_port: sets $port to one where nothing listens.
free_port() {
	listen 'close $c'
	kill "$listener"
	wait "$listener" 2>/dev/null
	listener=''
}

# server PORT [ADDRESS]: an instance whose node web1 is there, with a pinned key.
server() {
	instance
	put nodes/web1.json <<<"{ \"ip_address\": \"${2:-127.0.0.1}\", \"ssh\": { \"port\": $1 } }"
	mkdir -p files/nodes/web1
	cut -d ' ' -f 1,2 "$WORK/.key.pub" >files/nodes/web1/web1_ssh.pub
	printf '\nssh:\n  timeout: 2\n  key: %s\n' "$WORK/.key" >>Leapfile
	must "$LEAP" cert update
}

# deploy_within SECONDS: one that hangs is killed, so that the tests behind it run.
deploy_within() {
	timeout -s KILL $(($1 + 10)) "$LEAP" deploy --yes </dev/null >"$OUT" 2>"$ERR"
	STATUS=$?
}

# fails SECONDS TEXT: the deploy ends in time with status 4 and says TEXT of web1.
fails() {
	SECONDS=0
	deploy_within "$1"
	status_is 4
	check test "$SECONDS" -le "$1"
	cat "$OUT" "$ERR" >"$WORK/all"
	file_has "$WORK/all" web1
	check grep -qiE -- "$2" "$WORK/all"
	check_not grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/all"
}

it "a server that refuses is reported at once"
free_port
server "$port"
fails 3 'refused'

it "a server that cannot be reached is reported within the timeout"
server 22 192.0.2.1
fails 6 'timed out|no answer|unreachable|no route'

it "a server that accepts and stays silent is reported within the timeout"
listen 'push @keep, $c'
server "$port"
fails 8 'timed out|no answer|silent'

it "a server that hangs up is reported"
listen 'close $c'
server "$port"
fails 8 'closed|hung|lost|reset|banner'

it "a server that turns leap away is quoted, with what may be the reason"
listen 'print $c "Not allowed at this time\033[31m\r\n"; close $c'
server "$port"
deploy_within 8
status_is 4
stderr_has "web1: 127.0.0.1 port $port closed the connection before it said that it is an SSH server"
stderr_has "  it said: Not allowed at this time?[31m"
stderr_has "hint: sshd turns away for a while whoever failed to log in (PerSourcePenalties), and some when too many do at once"

it "a server that is no SSH server is reported"
listen 'print $c "HTTP/1.1 400 Bad Request\r\n\r\n"; close $c'
server "$port"
fails 8 ''

it "a banner without end is reported within the timeout"
listen '1 while print $c "x" x 100000'
server "$port"
fails 10 ''

it "a server that sends garbage after its banner is reported"
listen 'print $c "SSH-2.0-OpenSSH_9.9\r\n", map { chr(rand 256) } 1..100000; push @keep, $c'
server "$port"
fails 10 ''

it "escape sequences in a banner do not reach the terminal"
listen 'print $c "\033[31mSSH\007\r\n" x 10; close $c'
server "$port"
fails 8 ''

it "one dead server of many is one line, and the run is not as long as all timeouts"
listen 'push @keep, $c'
server "$port"
for n in 2 3 4 5 6 7 8; do
	put "nodes/web$n.json" <<<"{ \"ip_address\": \"127.0.0.$n\", \"ssh\": { \"port\": 1 } }"
	mkdir -p "files/nodes/web$n"
	cp files/nodes/web1/web1_ssh.pub "files/nodes/web$n/web${n}_ssh.pub"
done
must "$LEAP" cert update
fails 8 'web8'

it "a deploy that is stopped says so of nodes that had not failed, and nothing is timed that did not happen"
listen 'push @keep, $c'
server "$port"
put nodes/web2.json <<<'{ "ip_address": "127.0.0.2", "ssh": { "port": 1 } }'
mkdir -p files/nodes/web2
cp files/nodes/web1/web1_ssh.pub files/nodes/web2/web2_ssh.pub
must "$LEAP" cert update
"$LEAP" deploy --yes --timing </dev/null >"$OUT" 2>"$ERR" &
job=$!
sleep 1
kill -TERM "$job"
wait "$job"
STATUS=$?
status_is 4
stderr_has "leap: 1 of 2 nodes failed, 1 interrupted or not begun: web1, web2"
check grep -qE '^web2 +- +- +- +0 ' "$OUT"
"$LEAP" deploy --yes web1 --json </dev/null >"$OUT" 2>"$ERR" &
job=$!
sleep 1
kill -TERM "$job"
wait "$job"
stderr_has "leap: 1 of 1 nodes interrupted or not begun: web1"
check test "$(jq -c '.[].timing | [.connect, .key_exchange, .auth]' "$OUT")" = "[null,null,null]"

it "node init of a server that is not there says so"
server 1
rm files/nodes/web1/web1_ssh.pub
leap node init web1 --yes
check test "$STATUS" -ne 0
stderr_has web1
stderr_has refused

it "Ctrl-C at the question of node init ends it, and nothing is pinned"
if [ "$(id -u)" -ne 0 ] || [ ! -x /usr/sbin/sshd ]; then
	skip "needs root and openssh-server"
else
	mkdir -p /run/sshd
	must ssh-keygen -q -t ed25519 -N '' -f "$WORK/host"
	free_port
	/usr/sbin/sshd -D -f /dev/null -h "$WORK/host" -o "Port=$port" -o ListenAddress=127.0.0.1 -o PidFile=none 2>/dev/null &
	listener=$!
	until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.05; done
	server "$port"
	rm files/nodes/web1/web1_ssh.pub
	# A Ctrl-C, and, if that did not end it, a "y".
	# shellcheck disable=SC2094
	{
		until grep -q 'is it right' "$OUT"; do sleep 0.05; done
		printf '\003'
		sleep 1
		grep -q ended-130 "$OUT" || printf 'y\n'
		sleep 0.5
	} | timeout 20 script -qfec "trap : INT; $LEAP node init web1; echo ended-\$?" /dev/null >"$OUT" 2>&1
	stdout_has "ended-130"
	stdout_lacks "pinned"
	check test ! -e files/nodes/web1/web1_ssh.pub
fi

it "the wait for a lock is an hour at most, and for deploys only"
instance
node web1 192.0.2.1
leap deploy --yes --lock-wait 3601
status_is 2
stderr_is <<<'leap: --lock-wait wants a number from 0 to 3600, not "3601"'
leap plan --lock-wait 1
status_is 2
stderr_has "unknown option --lock-wait"

it "the ssh transport reports the same"
free_port
server "$port"
sed -i 's/^ssh:/ssh:\n  transport: ssh/' Leapfile
fails 5 'refused'
