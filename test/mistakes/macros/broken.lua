function twice(n)
	return n *
end                             -- mistake: lua-syntax
