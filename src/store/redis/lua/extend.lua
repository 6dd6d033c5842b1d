-- After those of a holder, ARGV: lease[, member]
local lease = tonumber(ARGV[4])
local event = held(ARGV[5], 'forget')
if not event then
    return { 'lost', '' }
end
local claimed = now + 2 * lease
redis.call('HSET', EVENT, 'lease', now + lease)
expire(EVENT, math.max(claimed, tonumber(event[2] or 0)))
if placed then
    redis.call('HSET', STREAM, 'lease', now + lease)
    keep(stream, claimed)
end
return { 'held', '' }
