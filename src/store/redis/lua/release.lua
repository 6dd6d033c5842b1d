-- After those of a holder, ARGV: [member]
local event = held(ARGV[4], 'done')
if not event then
    return { 'lost', '' }
end
if placed then
    let_go(stream)
end
-- The mark of a lower generation stays.
if event[2] then
    redis.call('HDEL', EVENT, 'token', 'lease')
else
    redis.call('DEL', EVENT)
end
return { 'held', '' }
