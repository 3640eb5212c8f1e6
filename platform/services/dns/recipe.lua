-- An authoritative name server, nsd, with the zone of the provider's domain.

package "nsd"

local config = template("/etc/nsd/nsd.conf.d/leap.conf", "nsd.conf")
local zone = template("/etc/nsd/leap.zone", "zone")
unit("nsd", { restart_on = config, reload_on = zone })

check.unit "nsd"
check.command("the zone is in order", { command = "nsd-checkzone " .. provider.domain .. " /etc/nsd/leap.zone" })
check.listen { port = 53, protocol = "udp", address = ip_address }
check.listen { port = 53, protocol = "tcp", address = ip_address }
