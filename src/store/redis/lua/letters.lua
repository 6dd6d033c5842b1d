-- KEYS: letters    ARGV: time, from, limit
return redis.call('XRANGE', KEYS[1], ARGV[2], '+', 'COUNT', ARGV[3])
