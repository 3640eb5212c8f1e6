file("/etc/hello", { content = "hello", mod = "0644" }) -- mistake: recipe
