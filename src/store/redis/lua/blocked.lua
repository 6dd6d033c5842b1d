-- KEYS: streams{, stream, waiting}    ARGV: time{, member}
-- Of each stream: whether one has waited for long enough (-1: nothing waits, and it is no longer listed), the lowest
-- rank in hex, since when that waits, and how many wait.
STREAMS = KEYS[1]
local rows = {}
for at = 2, #ARGV do
    STREAM, WAITING, MEMBER = KEYS[2 * at - 2], KEYS[2 * at - 1], ARGV[at]
    look()
    local notes = redis.call('ZRANGE', WAITING, 0, -1)
    local row = { #notes > 0 and 0 or -1, '', 0, #notes }
    for n, note in ipairs(notes) do
        local hex, since, wait = note:match('^(%x*) (%d+) (%d+) ')
        since, wait = tonumber(since), tonumber(wait)
        if n == 1 then
            row[2], row[3] = hex, since
        end
        if now - since >= wait then
            row[1] = 1
        end
    end
    if #notes == 0 then
        redis.call('ZREM', STREAMS, MEMBER)
    end
    rows[#rows + 1] = row
end
return rows
