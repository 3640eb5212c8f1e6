#!/bin/bash
# test/lab: deploys that are cut at random moments in every way there is, and the deploy after that.
# May know the command line, an instance's files, and how `leap local` names links and starts systemd-nspawn.
# SPDX-License-Identifier: GPL-3.0-or-later
# time limit: 900
#
# LEAP_KILLS=1000 cuts so many deploys, LEAP_SEED=N begins with other states and moments, LEAP_LANES=N has so many nodes.

# shellcheck source=chance.sh
. "$(dirname "$0")/chance.sh"

KILLS=${LEAP_KILLS:-50}
SEED=${LEAP_SEED:-1}
LANES=${LEAP_LANES:-4}
FULL_LANE=n4		# its state and some of its files are on small file systems, which no boot survives
export CHANCE=whole

# observer: on a node, reads all managed files over and over, and notes each that is not whole.
observer() {
	cat <<-'EOT'
		use strict;
		use warnings;
		my ($reads, $text) = (0);
		open my $log, '>>', '/var/log/observer' or die;
		$log->autoflush(1);

		sub look {
			my ($path) = @_;
			open my $file, '<', $path or return;
			my ($mode, $uid) = (stat $file)[2, 4];
			{ local $/; $text = <$file> // ''; }
			$reads++;
			my ($token, $owner, $wanted, $count) = $text =~ /\Achance (\S+) (\w+):\w+:(\d+) (\d+)\n/;
			return if defined $token && $text eq "chance $token" . substr($text, length "chance $token",
			    index($text, "\n") - length "chance $token") . "\n" . "$token\n" x $count . "end $token\n" &&
			    oct $wanted == ($mode & 07777) && ($owner ne 'root' || $uid == 0);
			printf $log "%s is not whole: %d bytes, mode %o, owner %d: %.60s\n", $path, length $text, $mode & 07777, $uid, $text;
		}

		sub walk {
			my ($path) = @_;
			return if -l $path || $path =~ m{/\.leap-tmp-|/\.fill$};
			return look($path) if -f _;
			opendir my $dir, $path or return;
			walk("$path/$_") for grep { $_ ne '.' && $_ ne '..' } readdir $dir;
		}

		for (my $round = 1; ; $round++) {
			walk($_) for '/etc/chance', '/srv/chance', glob '/etc/chance-*.conf';
			if ($round % 50 == 0 && open my $count, '>', '/run/observer') {
				print $count "$reads\n";
			}
			select undef, undef, undef, 0.02;
		}
	EOT
}

start_observer() {
	observer | ssh "${SSH_OPTIONS[@]}" "root@${ADDRESS[$1]}" "cat >/usr/local/sbin/observer
		printf '[Service]\nExecStart=/usr/bin/perl /usr/local/sbin/observer\n[Install]\nWantedBy=basic.target\n' \
		    >/etc/systemd/system/observer.service
		systemctl enable --quiet --now observer"
}

# The process that the node has as its first, and the link that leads to it.
init_of() {
	pgrep -P "$(pgrep -f "^systemd-nspawn .*--directory=/var/lib/leap-local/$site/nodes/$1/root ")"
}

link_of() { echo "lv$(printf '%s/%s' "$site" "$1" | sha256sum | cut -c 1-12)"; }

# pause MILLISECONDS: up to so many.
pause() {
	local ms=$((RANDOM % ($1 + 1)))

	sleep "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
}

# The moment: anywhere in a deploy, or since leap-node runs; the latter is where it hurts.
wait_for_moment() {
	if [ $((RANDOM % 3)) -eq 0 ]; then
		pause "$took"
	else
		perl "$GENERATOR" await "$init" 10 >/dev/null
		pause $((took / 2))
	fi
}

kill_leap() {
	wait_for_moment
	kill -9 "$pid" 2>/dev/null
}

kill_node() {
	local victims

	wait_for_moment
	victims=$(perl "$GENERATOR" await "$init" 0)
	# shellcheck disable=SC2086
	[ -n "$victims" ] && kill -9 $victims 2>/dev/null
}

kill_init() {
	wait_for_moment
	kill -9 "$init"
}

kill_link() {
	wait_for_moment
	kill -0 "$pid" 2>/dev/null && hit=hit
	ip link set dev "$(link_of "$node")" down
	pause 1500
	[ $((RANDOM % 2)) -eq 0 ] && kill -9 "$pid" 2>/dev/null
	ip link set dev "$(link_of "$node")" up
}

# A file system gets full but for a little, of which a deploy takes what it can.
fill() {
	local dir=/var/lib/leap

	[ $((RANDOM % 2)) -eq 0 ] && dir=/srv/chance
	on "$node" "cat /dev/zero >$dir/.fill 2>/dev/null; truncate -s -$((RANDOM % 2 * (RANDOM % 16) * 4096)) $dir/.fill"
}

kill_full() { :; }	# it is already

kill_filling() {
	wait_for_moment
	fill
}

# What a full disk or a dead node needs before anything can be deployed again.
mend() {
	case $kind in
	init)
		(cd "$LAB" && "$LEAP" local start "$node") </dev/null >"$OUT" 2>&1 && return
		fail "the node does not start: $(cat "$OUT")"
		return 1
		;;
	full | filling)
		on "$node" "rm -f /srv/chance/.fill /var/lib/leap/.fill" && return
		fail "the node cannot be reached"
		return 1
		;;
	esac
}

# Whatever the deploy came to, the next one brings the node to where it shall be.
is_right() {
	local pattern='^(user|group|unit) |^(d|f|l|sum) .*(/etc|/srv)/chance'

	chance want state.json | sort >wanted
	look "$node" >got
	grep -E "$pattern" wanted >want.all
	grep -E "$pattern" got >got.all
	# A sysctl that is not wanted is something all the same.
	{ diff want.all got.all; comm -23 wanted got | grep '^sysctl'; } >difference
	[ ! -s difference ] && return
	fail "state $number after $kind ($hit): the node is not as it shall be"
	show "" difference
	show deploy <(tail -n 10 first.err)
	show again <(tail -n 10 "$ERR")
}

cut_one() {
	local kind=$1 hit=late status init

	init=$(init_of "$node")
	chance state "$number" >state.json
	becomes "$node" state.json
	[ "$kind" != full ] || fill
	"$LEAP" deploy --yes "$node" </dev/null >first.out 2>first.err &
	pid=$!
	{
		"kill_$kind" && [ "$kind" != link ] && hit=hit
		wait "$pid"
		status=$?
	} 2>/dev/null	# the shell tells of every child that is killed
	[ "$kind" = leap ] || [ "$kind" = link ] || [ "$status" -ne 0 ] || hit=late
	mend || return
	began=${EPOCHREALTIME/[.,]/}
	leap deploy --yes --lock-wait 60 --json "$node"
	took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
	if [ "$STATUS" -ne 0 ]; then
		fail "state $number after $kind ($hit): the next deploy ends with $STATUS"
		jq -r '.[0].error // empty' "$OUT"
		show deploy <(tail -n 10 first.err)
		show again <(tail -n 10 "$ERR")
	fi
	is_right
	echo "$kind $hit $status $took" >>"$WORK/$node.kills"
}

lane() {
	local node=$1 number took=500 kinds=(leap leap leap node node node link link init) site pid

	RANDOM=$((SEED * 100 + ${1#n}))
	site=$(ip -o route get "${ADDRESS[$node]}" | grep -oE 'dev leap[0-9a-f]+' | cut -c 9-)
	if [ "$node" = "$FULL_LANE" ]; then
		kinds=(full full filling filling node leap link)
		on "$node" "mkdir -p /srv/chance && mount -t tmpfs -o size=2m tmpfs /srv/chance &&
		    cp -a /var/lib/leap /root/state && mount -t tmpfs -o size=16m,mode=700 tmpfs /var/lib/leap &&
		    cp -a /root/state/. /var/lib/leap" || fail "cannot mount small file systems"
	fi
	start_observer "$node" || fail "no observer"
	for ((number = SEED * 10000 + ${1#n}; number <= SEED * 10000 + KILLS; number += LANES)); do
		cut_one "${kinds[RANDOM % ${#kinds[@]}]}"
		[ "$wrong" -lt 5 ] || break
	done
	poll 20 on "$node" "test \"\$(cat /run/observer)\" -gt 0" || fail "the observer of $node does not observe"
	on "$node" "cat /var/log/observer" >observed
	[ ! -s observed ] && return
	fail "half-written files were seen on $node"
	show "" observed
}

tally() {
	sort "$WORK"/n*.kills | awk '{ all[$1]++; hit[$1] += $2 == "hit" } END { for (kind in all)
	    printf "%-5s %4d, of which %d before the deploy was over\n", kind, all[kind], hit[kind] }' | sort
}

lab_restore() { [ ! -e "$WORK/n1.kills" ] || tally; }

it "after any cut, one more deploy brings the node to where it shall be (LEAP_SEED=$SEED, $KILLS cuts)"
lab_needed
chance_instance "$LANES"
SECONDS=0
lanes lane "$LANES"
check test "$(cat "$WORK"/n*.kills | wc -l)" -eq "$KILLS"
echo "$KILLS cuts in $SECONDS s"
