function thrice(n)
	return n * 3
end
