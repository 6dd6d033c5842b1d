-- KEYS: stream, waiting, streams    ARGV: time, member, rank, hex, remember
STREAM, WAITING, STREAMS, MEMBER = KEYS[1], KEYS[2], KEYS[3], ARGV[2]
local stream = look()
if stream.rank and compare(stream.rank, ARGV[3]) >= 0 then
    return 0
end
stream.forget = math.max(stream.forget, now + tonumber(ARGV[5]))
redis.call('HSET', STREAM, 'rank', ARGV[3], 'forget', stream.forget)
reach(ARGV[4])
keep(stream, stream.lease)
return 1
