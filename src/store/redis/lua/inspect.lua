-- KEYS: any, so that it is asked of the server that will hold the others
return redis.call('INFO', 'server', 'memory')
