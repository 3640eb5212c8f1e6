package "hello"
file("/etc/hello", {
	content = "hello",
}                               -- the next line is where Lua sees it
unit "hello"                    -- mistake: lua-syntax
