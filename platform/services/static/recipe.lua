-- Web sites made of files, with nginx: the node's own, and one for each of static.domains.

package "nginx"

local sites, separate, certificates, declared = {}, {}, {}, {}

-- Where the node gets certificates itself, from a public CA, it has one for each site, whose first name is theirs.
local acme = { use = x509.use and node:get("x509.acme.local", false), live = "/etc/leap/acme/", sites = {} }

-- What a site is served with over TLS: the certificate of a public CA that is good for its name, else the node's own.
local function tls(domain_name, site_name)
	local found = certificate(domain_name)

	if not found and acme.use then
		return acme.live .. site_name
	end
	if not found then
		return x509.use and "/etc/leap/x509/node" or nil
	end
	local path = "/etc/leap/x509/" .. found
	if not declared[found] then
		declared[found] = true
		directory "/etc/leap"
		directory "/etc/leap/x509"
		certificates[#certificates + 1] = file(path .. ".crt", { from = "cert/" .. found .. ".crt" })
		certificates[#certificates + 1] = file(path .. ".key", { content = private("cert/" .. found .. ".key") })
	end
	return path
end

-- A site's files; one that has none yet says whose it is.
local function site(names, from)
	local root = "/srv/static/" .. names[1]

	if exists(from) then
		directory(root, files(from))
	else
		directory(root)
		template(root .. "/index.html", "index.html", { with = { from = from } })
	end
	-- nginx wants a server for each certificate.
	local groups = {}
	for _, domain_name in ipairs(names) do
		local path = tls(domain_name, names[1])
		local group = groups[path or ""]
		if group then
			group.names = group.names .. " " .. domain_name
		else
			group = { names = domain_name, root = root, tls = path }
			groups[path or ""] = group
			sites[#sites + 1] = group
		end
	end
end

for domain_name, settings in pairs(static.domains) do
	separate[domain_name] = settings:get("files", "static/" .. domain_name)
end
local names, known = { domain.full }, {}
for _, alias in ipairs(dns.aliases) do
	known[alias] = true
	if not separate[alias] then
		names[#names + 1] = alias
	end
end

directory "/srv/static"
site(names, "static/www")
for domain_name, from in pairs(separate) do
	assert(known[domain_name], domain_name .. " is in static.domains, but not in dns.aliases")
	site({ domain_name }, from)
end

-- The certificates that the node gets itself.  The node's own stands in until there are any: nginx must start.
if acme.use then
	package "uacme"
	directory "/etc/leap"
	directory("/etc/leap/acme", { mode = "0700" })
	for _, group in ipairs(sites) do
		local site_name = group.tls:sub(1, #acme.live) == acme.live and group.tls:sub(#acme.live + 1)
		if site_name then
			acme.sites[#acme.sites + 1] = { name = site_name, names = group.names }
			exec("a certificate for " .. site_name .. " until there is one", {
				command = "ln -s /etc/leap/x509/node.crt " .. group.tls .. ".crt; ln -s /etc/leap/x509/node.key " .. group.tls .. ".key",
				creates = group.tls .. ".key",
			})
		end
	end
	local parts = {
		template("/etc/leap/acme-renew", "acme-renew", { mode = "0755", with = { acme = acme } }),
		template("/etc/leap/acme-hook", "acme-hook", { mode = "0755" }),
		template("/etc/systemd/system/leap-acme.service", "leap-acme.service"),
		template("/etc/systemd/system/leap-acme.timer", "leap-acme.timer"),
	}
	unit("leap-acme.timer", { restart_on = parts })
	check.unit "leap-acme.timer"
	for _, one in ipairs(acme.sites) do
		check.command("a day is left to the certificate for " .. one.name, {
			command = "openssl x509 -noout -checkend 86400 -in " .. acme.live .. one.name .. ".crt",
		})
	end
end

-- What clients have to know of the provider.
template("/srv/static/provider.json", "provider.json")

-- The site that the package enables gives way to ours.
local valid = "nginx -t -q"
local config = template("/etc/nginx/sites-available/leap.conf", "nginx.conf", { with = { sites = sites }, check = valid })
local enabled = link("/etc/nginx/sites-enabled/default", "../sites-available/leap.conf", { check = valid })
local own = x509.use and { "file:/etc/leap/x509/node.crt", "file:/etc/leap/x509/node.key" } or {}
unit("nginx", { reload_on = { config, enabled, own, certificates } })

check.unit "nginx"
check.command("nginx configuration", { command = "nginx -t -q" })
check.http { url = "http://127.0.0.1/provider.json", host = domain.full, contains = provider.domain }
