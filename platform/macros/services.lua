-- What the provider offers to its users.

-- The names of the services for users ("service_type": "user_service") that a node of the environment has.
function enabled_services()
	return nodes_like_me:values("services"):map(function(service)
		return services[service]:get("service_type") == "user_service" and service or nil
	end)
end

-- What users' programs call some of the services.
local CLIENT_NAMES = { mx = "email", openvpn = "eip" }

-- The provider's service.levels, checked, with services as users' programs know them.
function service_levels()
	local offered, levels = {}, {}

	for _, service in ipairs(enabled_services()) do
		offered[service] = true
	end
	for number, level in pairs(provider:get("service.levels", {})) do
		local where = "service.levels." .. number
		assert(level:get("name"), where .. " of the provider has no \"name\"", 0)
		local known = { name = level.name, description = level:get("description"),
			bandwidth = level:get("bandwidth"), rate = level:get("rate"), services = level:get("services") }
		if known.services then
			known.services = known.services:map(function(service)
				if not offered[service] then
					error(where .. " of the provider offers " .. service ..
						", which no node of the environment has", 0)
				end
				return CLIENT_NAMES[service] or service
			end)
		end
		levels[number] = known
	end
	return levels
end
