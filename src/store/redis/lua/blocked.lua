-- KEYS: streams{, stream, waiting}    ARGV: time{, member}
-- Of each stream: whether one has waited for long enough (-1: nothing waits, and it is no longer listed), the lowest
-- rank in hex, since when that waits, and how many wait. Who holds the stream waits for nothing, nor does who comes next.
STREAMS = KEYS[1]

-- The next number's rank, in hex: a byte that tells whether it is negative, and eight more.
local function after(rank)
    local sign, first = rank:byte(1, 2)
    if #rank ~= 9 or sign > 1 or sign == 0 and first < 128 then
        return false
    end
    local hex, more = '', 1
    for at = #rank, 1, -1 do
        local byte = rank:byte(at) + more
        more = byte == 256 and 1 or 0
        hex = string.format('%02x', byte % 256) .. hex
    end
    return hex:sub(1, 2) ~= '02' and hex
end

local rows = {}
for at = 2, #ARGV do
    STREAM, WAITING, MEMBER = KEYS[2 * at - 2], KEYS[2 * at - 1], ARGV[at]
    local stream = look()
    local holder, coming = stream.lease > now and stream.holder, stream.rank and after(stream.rank)
    local notes = redis.call('ZRANGE', WAITING, 0, -1)
    local row = { #notes > 0 and 0 or -1, '', 0, 0 }
    for _, note in ipairs(notes) do
        local hex, since, wait, id = note:match('^(%x*) (%d+) (%d+) (.*)$')
        since, wait = tonumber(since), tonumber(wait)
        if hex ~= coming and id ~= holder then
            row[4] = row[4] + 1
            if row[4] == 1 then
                row[2], row[3] = hex, since
            end
            if now - since >= wait then
                row[1] = 1
            end
        end
    end
    if #notes == 0 then
        redis.call('ZREM', STREAMS, MEMBER)
    end
    rows[#rows + 1] = row
end
return rows
