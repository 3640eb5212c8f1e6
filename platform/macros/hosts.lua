-- Names and addresses of other nodes.

-- The names by which nodes find each other: hostnames(nodes_like_me{services='database'}).
function hostnames(list)
	return list:field("domain.name")
end

-- Their addresses.
function host_ips(list)
	return list:field("ip_address")
end

-- What /etc/hosts of a node has of others: those that `hosts` names, and those that it has tunnels to.
-- { db1 = { ip_address = ..., names = { FULL, INTERNAL, NAME, ALIAS, ... } }, ... }
function hosts_file()
	local found, entries = {}, {}

	for _, names in pairs(node:get("hosts", {})) do
		for _, other in ipairs(names) do
			found[other] = true
		end
	end
	for _, connections in pairs(node:get("stunnel.clients", {})) do
		for _, connection in pairs(connections) do
			found[connection.node] = true
		end
	end
	for other_name in pairs(found) do
		local other = nodes[other_name]
		entries[other_name] = {
			ip_address = other.ip_address,
			names = { other.domain.full, other.domain.internal, other.name, table.unpack(other.dns.aliases) },
		}
	end
	return entries
end
