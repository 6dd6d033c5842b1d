-- After those of a holder, KEYS: [twins][, old twins]
-- ARGV: remember, generation, print, twins, id, old print, answer[, member, rank, hex, last]
-- A twins index is a sorted set of ids by when they are forgotten.
local twins, id = ARGV[7] == '1', ARGV[8]
local forget = now + tonumber(ARGV[4])
local at = placed and 5 or 2
local TWINS = twins and KEYS[at]
local OLD_TWINS = KEYS[twins and at + 1 or at]

-- Puts the mark in the claim's place; says why if it does not. It removes first: a server without room refuses a script
-- whose first write takes room, and a mark must find its place even then.
local function finish()
    local event = held(ARGV[11], 'print', 'twins')
    if not event then
        return { 'lost', '' }
    end
    local listed = event[3] and not (twins and event[2] == ARGV[6])
    if listed and event[2] ~= ARGV[9] then
        return { 'again', event[2] }
    end
    redis.call('DEL', EVENT)
    if listed then
        redis.call('ZREM', OLD_TWINS, id)
    end
    local mark = { 'done', ARGV[5], 'forget', forget }
    local function add(name, value)
        if value ~= '' then
            mark[#mark + 1] = name
            mark[#mark + 1] = value
        end
    end
    add('print', ARGV[6])
    add('twins', ARGV[7])
    add('answer', ARGV[10])
    redis.call('HSET', EVENT, unpack(mark))
    expire(EVENT, forget)
    if twins then
        redis.call('ZREMRANGEBYSCORE', TWINS, '-inf', string.format('%.0f', now))
        redis.call('ZADD', TWINS, forget, id)
        expire(TWINS, tonumber(redis.call('ZRANGE', TWINS, -1, -1, 'WITHSCORES')[2]))
    end
end
