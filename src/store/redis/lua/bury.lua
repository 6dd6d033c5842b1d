-- After those of a completion, KEYS: tokens, letters    ARGV: source, tenant, consumer, event, error
local refused = finish()
if refused then
    return refused
end
if placed then
    let_go(stream)
    stop_waiting(ARGV[13], id)
end
local function add(call, letter)
    return call(
        'XADD', KEYS[#KEYS], letter, 'source', ARGV[15], 'tenant', ARGV[16], 'consumer', ARGV[17], 'key', id,
        'generation', ARGV[5], 'event', ARGV[18], 'error', ARGV[19], 'buried_at', now
    )
end
-- Of the tokens' numbers: whoever has seen a letter that a server then lost must not take another for it. Where those
-- were removed, or the clock went back, the last letter is above them; the mark is written, so it goes above that one.
if type(add(redis.pcall, string.format('0-%.0f', number(KEYS[#KEYS - 1])))) == 'table' then
    add(redis.call, '0-*')
end
return { 'held', '' }
