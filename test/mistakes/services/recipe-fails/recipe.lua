local limit = nil
file("/etc/limit", { content = "limit " .. limit })     -- mistake: recipe
