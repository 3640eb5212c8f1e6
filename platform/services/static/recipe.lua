-- Web sites made of files, with nginx: the node's own, and one for each of static.domains.

package "nginx"

local sites, separate = {}, {}

-- A site's files; one that has none yet says whose it is.
local function site(names, from)
	local root = "/srv/static/" .. names[1]

	if exists(from) then
		directory(root, files(from))
	else
		directory(root)
		template(root .. "/index.html", "index.html", { with = { from = from } })
	end
	sites[#sites + 1] = { names = table.concat(names, " "), root = root }
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

-- What clients have to know of the provider.
template("/srv/static/provider.json", "provider.json")

-- The site that the package enables gives way to ours.
local config = template("/etc/nginx/sites-available/leap.conf", "nginx.conf", { with = { sites = sites } })
local enabled = link("/etc/nginx/sites-enabled/default", "../sites-available/leap.conf")
local certificate = x509.use and { "file:/etc/leap/x509/node.crt", "file:/etc/leap/x509/node.key" } or {}
unit("nginx", { reload_on = { config, enabled, certificate } })

check.unit "nginx"
check.command("nginx configuration", { command = "nginx -t -q" })
check.http { url = "http://127.0.0.1/provider.json", host = domain.full, contains = provider.domain }
