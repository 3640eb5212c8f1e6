-- Names and addresses of other nodes.

-- What `name` of `given` is; nil when it has none.
local function part(given, name)
	local known, value = pcall(function() return given[name] end)

	return known and value or nil
end

-- A property of each node of a list, or of one node alone.
local function each(given, property, macro)
	if type(part(given, "field")) == "function" then
		return given:field(property)
	end
	local name = part(given, "name")
	if name and part(nodes, name) == given then
		return nodes{ name = name }:field(property)
	end
	error(macro .. "() wants a list of nodes, or a node", 0)
end

-- The names by which nodes find each other: hostnames(nodes_like_me{services='database'}).
function hostnames(list)
	return each(list, "domain.name", "hostnames")
end

-- Their addresses.
function host_ips(list)
	return each(list, "ip_address", "host_ips")
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
