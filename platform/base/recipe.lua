-- What every node has before its services: names, sysadmins, a firewall, a certificate.

package "nftables"
package "ca-certificates"

-- Names.

local hostname = file("/etc/hostname", { content = name .. "\n" })
exec("set the host name", { command = "hostname -F /etc/hostname", on = hostname })
template("/etc/hosts", "hosts")

-- Sysadmins.

directory("/root/.ssh", { mode = "0700" })
template("/root/.ssh/authorized_keys", "authorized_keys", { mode = "0600" })

-- The SSH server's keys: those that leap had made on the node, and from its own those that nobody has replaced yet.  Of
-- several keys of one type it uses the first, so the order is that of the pins.  Their certificates lie beside them.

do
	local pins, taken, made, replaced = host_pins(), {}, false, true
	local keys, certs, changed = {}, {}, {}

	for _, pin in ipairs(pins) do
		local kind = pin.key:match("^ssh%-(%w+)") or "ecdsa"
		local path = pin.path or "/etc/ssh/ssh_host_" .. kind .. "_key"
		taken[kind] = true
		made = made or pin.path ~= nil
		replaced = replaced and pin.path ~= nil
		keys[#keys + 1] = "HostKey " .. path
		if pin.cert then
			changed[#changed + 1] = file(path .. "-cert.pub", { content = pin.cert .. "\n" })
			certs[#certs + 1] = "HostCertificate " .. path .. "-cert.pub"
		end
	end
	for _, kind in ipairs { "ed25519", "ecdsa", "rsa" } do
		if not replaced and not taken[kind] then
			keys[#keys + 1] = "HostKey /etc/ssh/ssh_host_" .. kind .. "_key"
		end
	end
	local lines = table.move(certs, 1, #certs, made and #keys + 1 or 1, made and keys or {})
	if #lines > 0 then
		changed[#changed + 1] = file("/etc/ssh/sshd_config.d/leap.conf", {
			content = "# Written by leap.\n" .. table.concat(lines, "\n") .. "\n",
			check = "test -d /run/sshd || mkdir -m 755 /run/sshd; /usr/sbin/sshd -t",
		})
		exec("take the SSH server's keys", { command = "systemctl try-reload-or-restart ssh.service", on = changed })
	end
	if known_hosts() ~= "" then
		file("/etc/ssh/ssh_known_hosts", { content = known_hosts() })
	end
end

-- The firewall: what the services declare and nothing else.  The node keeps it for the next boot.

firewall("leap", render "firewall.nft")
template("/etc/systemd/system/leap-firewall.service", "leap-firewall.service")
unit("leap-firewall", { active = false })
check.command("firewall", { command = "nft list table inet leap" })

-- The files that properties name with remote_file_path().

for _, remote in ipairs(remote_files()) do
	local parent = "/etc/leap/files"
	directory "/etc/leap"
	directory(parent)
	for step in remote.from:gmatch("([^/]+)/") do
		parent = parent .. "/" .. step
		directory(parent)
	end
	file(remote.path, { from = remote.from })
end

-- The certificate, its key for daemons in group ssl-cert, and the CA that signed it: while that is replaced there are two.

if x509.use then
	local own = "nodes/" .. name .. "/" .. name

	group("ssl-cert", { system = true })
	directory "/etc/leap"
	directory "/etc/leap/x509"

	local trusted = { file("/etc/leap/x509/ca.crt", { content = ca_bundle "ca" }) }
	for suffix, text in pairs(ca_each("ca", "crt")) do
		trusted[#trusted + 1] = file("/usr/local/share/ca-certificates/leap_ca" .. suffix .. ".crt", { content = text })
	end
	exec("trust the provider's CA", { command = "update-ca-certificates", on = trusted })
	if x509.client_ca then
		file("/etc/leap/x509/client_ca.crt", { content = ca_bundle "client_ca" })
	end
	if x509.crl then
		file("/etc/leap/x509/ca.crl", { content = ca_crls "ca" })
	end
	if x509.crl and x509.client_ca then
		file("/etc/leap/x509/client_ca.crl", { content = ca_crls "client_ca" })
	end
	file("/etc/leap/x509/node.crt", { from = own .. ".crt" })
	file("/etc/leap/x509/node.key", { content = private(own .. ".key"), mode = "0640", group = "ssl-cert" })
end
