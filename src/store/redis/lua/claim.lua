-- KEYS: event[, stream, waiting, streams], tokens[, twins]
-- ARGV: time, placed, lease, remember, generation, print, twins, id[, member, rank, hex, previous, order, last, wait, block, patience]
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

-- For how long the lowest that waits below that rank is not to be passed over, if any is. Those that may be are many only
-- until one that is above them all is done.
local function lower(hex, patience)
    local from = '-'
    repeat
        local notes = redis.call('ZRANGEBYLEX', WAITING, from, '(' .. hex .. ' ', 'LIMIT', 0, 100)
        for _, note in ipairs(notes) do
            local since, wait = note:match('^%x* (%d+) (%d+) ')
            local left = tonumber(since) + patience * tonumber(wait) - now
            if left > 0 then
                return left
            end
            from = '(' .. note
        end
    until #notes < 100
end

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
        -- What has no previous rank comes after the empty one, which is below all.
        if order == 'sequence' and to_mark > 0 and stream.rank ~= previous then
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
            left = lower(hex, tonumber(ARGV[17]))
            if left then
                return { 'busy', math.max(left, 1000000), '' }
            end
            beside = 'gap '
        end
    elseif order == 'sequence' then
        -- It stays whatever becomes of this grant: else, while the first fails, the second would be taken for the first.
        stream.rank = previous
        redis.call('HSET', STREAM, 'rank', previous, 'last', '0')
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
    -- Noted until it is done: who fails has waited already.
    redis.call('HSET', STREAM, 'token', token, 'lease', now + lease, 'holder', id, 'forget', stream.forget)
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
