packge "hello"                  -- mistake: unknown-name
