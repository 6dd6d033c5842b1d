-- KEYS: event[, stream, waiting, streams]    ARGV: time, placed, token[, member]
local EVENT, placed, token = KEYS[1], ARGV[2] == '1', ARGV[3]
local event = redis.call('HMGET', EVENT, 'token', 'done')
if event[1] ~= token then
    return { 'lost', '' }
end
local stream
if placed then
    STREAM, WAITING, STREAMS, MEMBER = KEYS[2], KEYS[3], KEYS[4], ARGV[4]
    stream = look()
    if stream.token ~= token then
        return { 'lost', '' }
    end
    let_go(stream)
end
-- The mark of a lower generation stays.
if event[2] then
    redis.call('HDEL', EVENT, 'token', 'lease')
else
    redis.call('DEL', EVENT)
end
return { 'held', '' }
