-- mistake of the file: no-macro
local function hidden()
	return 1
end
