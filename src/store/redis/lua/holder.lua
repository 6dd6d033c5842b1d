-- KEYS begin with: event[, stream, waiting, streams]    ARGV with: time, placed, token
local EVENT, placed, token = KEYS[1], ARGV[2] == '1', ARGV[3]
local stream

-- Those fields of the event, from the second on, if the token holds it and, with a place, its stream, which it looks at.
local function held(member, ...)
    local event = redis.call('HMGET', EVENT, 'token', ...)
    if event[1] ~= token then
        return nil
    end
    if placed then
        STREAM, WAITING, STREAMS, MEMBER = KEYS[2], KEYS[3], KEYS[4], member
        stream = look()
        if stream.token ~= token then
            return nil
        end
    end
    return event
end
