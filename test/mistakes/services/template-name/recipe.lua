template("/etc/hello", "hello.conf")
