file("/etc/motd", { from = "motd.txt" })                -- mistake: missing-file
