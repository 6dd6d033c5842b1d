-- The next number, which none has had before: by the clock, so that a server that has lost its last ones gives none of
-- them a second time.
local function number(last)
    local drawn = math.max(tonumber(redis.call('GET', last) or 0) + 1, time)
    redis.call('SET', last, drawn)
    return drawn
end
