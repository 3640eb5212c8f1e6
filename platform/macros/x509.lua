-- The provider's certificate authorities.  While one is replaced there are two, both trusted.

-- What there is of "ca" or "client_ca", by the suffix of its name: { [""] = TEXT, ["-next"] = TEXT } of .crt or .crl files.
function ca_each(name, extension)
	if not name then
		error('which authority? "ca" or "client_ca"', 0)
	end
	return {
		[""] = file("ca/" .. name .. "." .. extension),
		["-next"] = try_file("ca/" .. name .. "-next." .. extension),
		["-old"] = try_file("ca/" .. name .. "-old." .. extension),
	}
end

local function joined(name, extension)
	local texts = ca_each(name, extension)

	return texts[""] .. (texts["-next"] or "") .. (texts["-old"] or "")
end

-- The certificates to trust, the one that signs first: ca_bundle "ca", ca_bundle "client_ca".
function ca_bundle(name)
	return joined(name, "crt")
end

-- The revocation lists of those.
function ca_crls(name)
	return joined(name, "crl")
end
