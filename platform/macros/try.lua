-- try(f): what the function gives; `default`, else nil, when it gives nothing or fails.
-- "= try(function() return nodes.db1.database.port end, 5432)"
function try(f, default)
	if type(f) ~= "function" then
		error("try() wants a function, try(function() return ... end)", 0)
	end
	local done, value = pcall(f)

	if done and value ~= nil then
		return value
	end
	return default
end
