-- KEYS: event[, stream, waiting, streams]    ARGV: time, placed, token, lease[, member]
local EVENT, placed, token, lease = KEYS[1], ARGV[2] == '1', ARGV[3], tonumber(ARGV[4])
local event = redis.call('HMGET', EVENT, 'token', 'forget')
if event[1] ~= token then
    return { 'lost', '' }
end
local stream
if placed then
    STREAM, WAITING, STREAMS, MEMBER = KEYS[2], KEYS[3], KEYS[4], ARGV[5]
    stream = look()
    if stream.token ~= token then
        return { 'lost', '' }
    end
end
local claimed = now + 2 * lease
redis.call('HSET', EVENT, 'lease', now + lease)
expire(EVENT, math.max(claimed, tonumber(event[2] or 0)))
if placed then
    redis.call('HSET', STREAM, 'lease', now + lease)
    keep(stream, claimed)
end
return { 'held', '' }
