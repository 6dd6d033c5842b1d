-- KEYS: event[, stream, waiting, streams], tokens[, twins]
-- ARGV: time, placed, lease, remember, generation, print, twins, id[, member, rank, hex, previous, order, last, wait, block]
-- An event is a hash. Done: done (the generation), forget, print, twins, answer. Held: token, lease.
local EVENT, placed, twins = KEYS[1], ARGV[2] == '1', ARGV[7] == '1'
local lease, remember, generation = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local print, id = ARGV[6], ARGV[8]
local TOKENS = KEYS[placed and 5 or 2]

local event = redis.call('HMGET', EVENT, 'done', 'forget', 'print', 'answer', 'lease')
local over = event[2] and tonumber(event[2]) <= now
if event[1] and not over and tonumber(event[1]) >= generation then
    if print ~= '' and event[3] and event[3] ~= print then
        return { 'conflict', 0, '' }
    end
    return { 'duplicate', 0, event[4] or '' }
end
if event[5] and tonumber(event[5]) > now then
    return { 'busy', tonumber(event[5]) - now, '' }
end

local stream
local beside = ''
if placed then
    STREAM, WAITING, STREAMS, MEMBER = KEYS[2], KEYS[3], KEYS[4], ARGV[9]
    local rank, hex, previous, order, last = ARGV[10], ARGV[11], ARGV[12], ARGV[13], ARGV[14] == '1'
    stream = look()
    -- By another key: this one's lease has run out, and with it that of its stream.
    if stream.lease > now then
        return { 'busy', stream.lease - now, '' }
    end
    if stream.rank then
        local to_mark = compare(rank, stream.rank)
        local dead = stream.last and (to_mark < 0 or to_mark == 0 and not last)
        if dead or to_mark < 0 and order ~= 'serial' then
            stop_waiting(hex, id)
            return { 'stale', 0, '' }
        end
        if order == 'sequence' and to_mark > 0 and (previous == '' or stream.rank ~= previous) then
            local wait = tonumber(ARGV[15])
            local note, since, noted_wait = noted(hex, id)
            since = since or now
            if noted_wait ~= wait then
                if note then
                    redis.call('ZREM', WAITING, note)
                end
                -- Joined, since `%s` ends at a zero byte, which an id may have.
                redis.call('ZADD', WAITING, 0, hex .. string.format(' %.0f %.0f ', since, wait) .. id)
                redis.call('ZADD', STREAMS, 0, MEMBER)
            end
            -- The stream has seen something.
            stream.forget = math.max(stream.forget, now + remember)
            redis.call('HSET', STREAM, 'forget', stream.forget)
            keep(stream, now)
            local left = since + wait - now
            if left > 0 then
                return { 'busy', left, '' }
            end
            -- Only the missing one or an operator ends it, so there is no better guess.
            if ARGV[16] == '1' then
                return { 'busy', math.max(wait, 1000000), '' }
            end
            beside = 'gap '
        end
    end
end

local token = number(TOKENS)
-- Longer than the lease: who is late and met nobody may still complete.
local claimed = now + 2 * lease
if over then
    redis.call('DEL', EVENT)
end
redis.call('HSET', EVENT, 'token', token, 'lease', now + lease)
expire(EVENT, math.max(claimed, not over and tonumber(event[2] or 0) or 0))
if placed then
    stream.forget = math.max(stream.forget, now + remember)
    redis.call('HSET', STREAM, 'token', token, 'lease', now + lease, 'forget', stream.forget)
    stop_waiting(ARGV[11], id)
    keep(stream, claimed)
end

if twins then
    local others = redis.call('ZRANGEBYSCORE', KEYS[#KEYS], string.format('(%.0f', now), '+inf', 'LIMIT', 0, 2)
    for _, other in ipairs(others) do
        if other ~= id then
            beside = beside .. 'twin'
            break
        end
    end
end
return { 'granted', token, beside }
