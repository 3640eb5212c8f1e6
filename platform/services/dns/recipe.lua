-- An authoritative name server, nsd, with the zone of the provider's domain.

package "nsd"

local valid = "nsd-checkzone " .. provider.domain .. " /etc/nsd/leap.zone"
local config = template("/etc/nsd/nsd.conf.d/leap.conf", "nsd.conf", { check = "nsd-checkconf /etc/nsd/nsd.conf" })
local zone = template("/etc/nsd/leap.zone", "zone", { check = valid })
unit("nsd", { restart_on = config, reload_on = zone })

check.unit "nsd"
check.command("the zone is in order", { command = valid })
check.listen { port = 53, protocol = "udp", address = ip_address }
check.listen { port = 53, protocol = "tcp", address = ip_address }
