# shellcheck shell=bash
# test/lab: nodes in random states, what an outsider finds on them, and several of them at once.
# May know what lib.sh offers.
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

GENERATOR=$TOP/test/lab/chance.pl

chance() { perl "$GENERATOR" "$@"; }

# chance_instance COUNT: an instance with nodes n1 ... that have the service, each with a copy of the instance of its
# own, $WORK/nN, so that they can be deployed to independently; all are booted.
chance_instance() {
	local number

	lab_instance
	chance_service
	for ((number = 1; number <= $1; number++)); do
		must "$LEAP" node add "n$number" --local services:chance
	done
	lab_boot
	must "$LEAP" deploy --yes
	for ((number = 1; number <= $1; number++)); do
		must cp -a "$LAB" "$WORK/n$number"
		must cp "nodes/n$number.json" "$WORK/n$number.json"
	done
}

# A service whose resources are what the node's properties say.
chance_service() {
	put services/chance/service.json <<<'{ "chance": { "resources": [] } }'
	put services/chance/recipe.lua <<-'EOT'
		local function list(texts)
			local out = {}
			for i, text in ipairs(texts) do
				out[i] = text
			end
			return out
		end

		local function content(r)
			return string.format("chance %s %s %d\n", r.token, r.says, r.count) ..
			    string.rep(r.token .. "\n", r.count) .. "end " .. r.token .. "\n"
		end

		local make = {}

		function make.group(r)
			group(r.name, { gid = r.gid > 0 and r.gid or nil, system = r.gid == 0 })
		end

		function make.user(r)
			user(r.name, { uid = r.uid > 0 and r.uid or nil, system = r.uid == 0, group = r.group, groups = list(r.groups), home = r.home,
			    shell = r.shell, comment = r.comment })
		end

		function make.directory(r)
			directory(r.path, { owner = r.owner, group = r.group, mode = r.mode })
		end

		function make.file(r)
			file(r.path, { owner = r.owner, group = r.group, mode = r.mode, content = content(r) })
		end

		function make.link(r)
			link(r.path, r.target)
		end

		function make.sysctl(r)
			sysctl(r.key, r.value)
		end

		-- It notes with what configuration it runs, and which unit file made it do so.
		function make.service(r)
			local note = string.format([[/bin/sh -c '{ sha256sum <%s; echo %s; } >/run/%s']], r.config, r.token, r.name)
			local unit_file = file("/etc/systemd/system/" .. r.name .. ".service", { content = [[
		[Unit]
		StartLimitIntervalSec=0
		[Service]
		# ]] .. r.token .. "\nExecStartPre=" .. note .. "\nExecReload=" .. note .. [[

		ExecStart=/bin/sleep infinity
		[Install]
		WantedBy=multi-user.target
		]] })
			local config = "file:" .. r.config
			local reloads = r.name == "chance-reload"
			unit(r.name, { enabled = r.enabled, active = r.active,
			    restart_on = reloads and { unit_file } or { unit_file, config }, reload_on = reloads and { config } or {} })
		end

		for _, r in ipairs(chance.resources) do
			make[r.type](r)
		end
	EOT
}

# The script with which an outsider looks at a node.
look_script() {
	cat <<-'EOT'
		find_all() { find /etc/chance /srv/chance /etc/chance-*.conf /etc/systemd/system /etc/sysctl.d /etc/leap "$@" 2>/dev/null; }
		find_all -type l -printf 'l %p -> %l\n' -o -type d -printf 'd %m %u %g %p\n' -o -printf 'f %m %u %g %p\n'
		find_all -type f -exec sha256sum {} + | sed 's/^\([0-9a-f]*\)  /sum \1 /'
		while IFS=: read -r name _ uid gid comment home shell; do
			case $name in
			chance[01]) ;;
			chance*) uid='?' ;;
			*) continue ;;
			esac
			group=$(getent group "$gid" | cut -d : -f 1)
			more=$(grep -E "[:,]$name(,|\$)" /etc/group | cut -d : -f 1 | sort | paste -s -d ,)
			echo "user $name $uid $group $comment:$home:$shell $more"
		done </etc/passwd
		sed -n 's/^\(chances0\):[^:]*:\([0-9]*\):.*/group \1 \2/p; s/^\(chances1\):.*/group \1 ?/p' /etc/group
		for name in chance-restart chance-reload; do
			file=/etc/systemd/system/$name.service
			[ -e "$file" ] || continue
			state="$(systemctl is-active $name) $(systemctl is-enabled $name 2>/dev/null)"
			case $state in
			active*)
				{ sha256sum <"/etc/$name.conf"; sed -n 's/^# //p' "$file"; } >/run/.looked
				cmp -s /run/.looked "/run/$name" && state="$state as configured" || state="$state STALE"
				;;
			esac
			echo "unit $name $state"
		done
		for key in net/ipv4/tcp_fin_timeout net/ipv4/ip_local_port_range; do
			echo "sysctl $(echo $key | tr / .) $(tr '\t' ' ' </proc/sys/$key)"
		done
		echo "nft $(nft -s list ruleset 2>&1 | sha256sum)"
	EOT
}

# look NODE: what is there, one line a fact, sorted; in no way through leap.
look() {
	look_script | ssh "${SSH_OPTIONS[@]}" "root@${ADDRESS[$1]}" sh | sort
}

lane_begin() {
	OUT=$WORK/$1.out ERR=$WORK/$1.err wrong=0
	cd "$WORK/$1" || exit 1
}

lane_end() { exit $((wrong > 0)); }

# lanes FUNCTION COUNT: run it for the nodes n1 ... nCOUNT at once, each in a process and an instance of its own; a check that
# fails in one of them fails the test.
lanes() {
	local number pid pids=()

	for ((number = 1; number <= $2; number++)); do
		(
			lane_begin "n$number"
			"$1" "n$number"
			lane_end
		) &
		pids+=($!)
	done
	trap 'kill "${pids[@]}"; exit 143' INT TERM HUP
	for pid in "${pids[@]}"; do
		wait "$pid" || wrong=$((wrong + 1))
	done
	trap 'exit 143' INT TERM HUP
}

# becomes NODE STATE: the node shall be in this state, here and with the next deploy.
becomes() {
	chance node "$2" "$WORK/$1.json" >"nodes/$1.json"
}
