local refused = finish()
if refused then
    return refused
end
if placed then
    local rank, last = ARGV[12], ARGV[14] == '1'
    local to_mark = stream.rank and compare(rank, stream.rank) or 1
    if to_mark > 0 then
        stream.rank, stream.last = rank, last
    elseif to_mark == 0 then
        stream.last = stream.last or last
    end
    stream.forget = math.max(stream.forget, forget)
    redis.call('HDEL', STREAM, 'token', 'lease', 'holder')
    redis.call('HSET', STREAM, 'rank', stream.rank, 'last', stream.last and '1' or '0', 'forget', stream.forget)
    reach(ARGV[13])
    keep(stream, now)
end
return { 'held', '' }
