package "hello"
