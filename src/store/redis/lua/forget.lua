-- KEYS: event[, old twins]    ARGV: time, id, old print
local EVENT, id = KEYS[1], ARGV[2]
local event = redis.call('HMGET', EVENT, 'forget', 'print', 'twins', 'token')
if not event[1] or tonumber(event[1]) <= now then
    return { 'lost', '' }
end
if event[3] then
    if event[2] ~= ARGV[3] then
        return { 'again', event[2] }
    end
    redis.call('ZREM', KEYS[2], id)
end
-- Whoever handles it once more still holds it.
if event[4] then
    redis.call('HDEL', EVENT, 'done', 'forget', 'print', 'twins', 'answer')
else
    redis.call('DEL', EVENT)
end
return { 'held', '' }
