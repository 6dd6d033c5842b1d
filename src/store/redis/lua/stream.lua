-- A stream is a hash: rank and last (its mark, and whether that is a tombstone), token, lease and holder (the
-- id of whoever has it), forget. What waits in it is a sorted set, by name: "<rank in hex> <since> <wait> <id>"; it stays
-- until it is done or was passed over. STREAMS lists, by name too, the streams in which anything waits.
local STREAM, WAITING, STREAMS, MEMBER

-- Byte by byte: `<` goes by the server's locale.
local function compare(a, b)
    if a == b then
        return 0
    end
    for at = 1, math.min(#a, #b) do
        local x, y = a:byte(at), b:byte(at)
        if x ~= y then
            return x - y
        end
    end
    return #a - #b
end

local function look()
    local found = redis.call('HMGET', STREAM, 'rank', 'last', 'token', 'lease', 'forget', 'holder')
    local stream = {
        rank = found[1],
        last = found[2] == '1',
        token = found[3],
        lease = tonumber(found[4] or 0),
        forget = tonumber(found[5] or 0),
        holder = found[6],
    }
    -- One that is over has never been.
    if found[5] and not stream.last and stream.forget <= now and stream.lease <= now then
        redis.call('DEL', STREAM, WAITING)
        redis.call('ZREM', STREAMS, MEMBER)
        return { last = false, lease = 0, forget = 0 }
    end
    return stream
end

-- How long the server keeps it: a tombstone for ever.
local function keep(stream, claimed)
    if ARGV[1] ~= '' then
        return
    end
    for _, key in ipairs({ STREAM, WAITING }) do
        if stream.last then
            redis.call('PERSIST', key)
        else
            expire(key, math.max(stream.forget, claimed))
        end
    end
end

local function unlist_if_none_waits()
    if redis.call('EXISTS', WAITING) == 0 then
        redis.call('ZREM', STREAMS, MEMBER)
    end
end

-- What is noted of an event that waits, since when, and for how long.
local function noted(hex, id)
    local same = redis.call('ZRANGEBYLEX', WAITING, '[' .. hex .. ' ', '(' .. hex .. '!')
    for _, note in ipairs(same) do
        local since, wait, whose = note:match('^%x* (%d+) (%d+) (.*)$')
        if whose == id then
            return note, tonumber(since), tonumber(wait)
        end
    end
end

local function stop_waiting(hex, id)
    local note = noted(hex, id)
    if note then
        redis.call('ZREM', WAITING, note)
        unlist_if_none_waits()
    end
end

-- Neither that rank nor what is below it waits any longer. Nor does what comes next, but nothing is to pass over that.
local function reach(hex)
    if redis.call('ZREMRANGEBYLEX', WAITING, '-', '(' .. hex .. '!') > 0 then
        unlist_if_none_waits()
    end
end

local function let_go(stream)
    if stream.rank then
        redis.call('HDEL', STREAM, 'token', 'lease', 'holder')
    else
        redis.call('DEL', STREAM)
    end
end
