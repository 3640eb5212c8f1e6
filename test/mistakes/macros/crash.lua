local known = nil
for _ in pairs(known) do        -- mistake: macro
end
