-- After those of a completion, KEYS: letters    ARGV: source, tenant, consumer, event, error
local refused = finish()
if refused then
    return refused
end
if placed then
    let_go(stream)
end
redis.call(
    'XADD', KEYS[#KEYS], '0-*', 'source', ARGV[15], 'tenant', ARGV[16], 'consumer', ARGV[17], 'key', id,
    'generation', ARGV[5], 'event', ARGV[18], 'error', ARGV[19], 'buried_at', now
)
return { 'held', '' }
