-- Times and spans are microseconds, which a double holds exactly for long enough. ARGV[1] is the time, or '' for the
-- server's own; only by that one may the server expire anything.
local time = redis.call('TIME')
time = time[1] * 1000000 + time[2]
local now = ARGV[1] == '' and time or tonumber(ARGV[1])

local function expire(key, at)
    if ARGV[1] == '' then
        redis.call('PEXPIRE', key, math.ceil((at - now) / 1000))
    end
end
