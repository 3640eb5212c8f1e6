template("/etc/hello", "helo.conf")                     -- mistake: missing-file
