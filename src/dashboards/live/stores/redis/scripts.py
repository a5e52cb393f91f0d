"""The Lua scripts that read and write one channel, or one lease, in Redis.

A channel is two keys: a hash of data and a sorted set of versions, both by member. The empty member
is the channel itself: its epoch and its version. ``=key`` is a component's whole state. ``+key``
with a 16-digit number is a point of a series; ``#key`` is the number of its last point, and
``~key`` the number of points that are kept. A key is an identifier, so it contains none of these
signs.
"""

from typing import Any

# A server that was restarted, or a replica that took over, may have lost its last writes. It has
# another run id, and then the epoch changes: one version never stands for two values. If INFO is
# forbidden, the epoch changes only when the whole channel is lost.
_PUT = """
local data, versions = KEYS[1], KEYS[2]
local topic, notification, keep, new_epoch = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or '-'
local function whole(text)
    local number = tonumber(text or '')
    return number and number >= 0 and number < 1e15 and number % 1 == 0 and number or nil
end
local function is(key, kind)
    return redis.call('TYPE', key).ok == kind
end
-- If a part is lost, has another type or no valid version, the whole channel is lost.
local is_there = is(data, 'hash') and is(versions, 'zset')
if not (is_there and whole(redis.call('ZSCORE', versions, ''))) then
    redis.call('DEL', data, versions)
end
local epoch = redis.call('HGET', data, '')
local is_known = epoch and #epoch <= 32 and string.match(epoch, '^[0-9a-z]+$')
if not is_known or redis.call('HGET', data, 'run') ~= run then
    redis.call('HSET', data, '', new_epoch, 'run', run)
end
local now = redis.call('TIME')
redis.call('HSET', data, 'put at', now[1] .. '.' .. string.format('%06d', now[2]))
local version = redis.call('ZINCRBY', versions, 1, '')
local function set(member, text)
    redis.call('HSET', data, member, text)
    redis.call('ZADD', versions, version, member)
end
local function point(key, number)
    return '+' .. key .. string.format('%016d', number)
end
-- Deletes all points of a series whose numbers are damaged.
local function forget(key)
    for _, member in ipairs(redis.call('ZRANGE', versions, 0, -1)) do
        if #member == #key + 17 and string.sub(member, 1, #key + 1) == '+' .. key then
            redis.call('HDEL', data, member)
            redis.call('ZREM', versions, member)
        end
    end
    redis.call('HDEL', data, '#' .. key, '~' .. key)
end
local i = 5
while i < #ARGV do
    local key, text = ARGV[i], ARGV[i + 1]
    local kept, count = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
    local skipped = tonumber(ARGV[i + 4])
    i = i + 5
    local last = whole(redis.call('HGET', data, '#' .. key) or '0')
    local had = whole(redis.call('HGET', data, '~' .. key) or '0')
    local is_damaged = not (last and had) or math.min(last, had) > redis.call('ZCARD', versions)
    if is_damaged then
        forget(key)
        last, had = 0, 0
    end
    local first = math.max(last - had, 0) + 1
    if kept == 0 then
        for number = first, last do
            redis.call('HDEL', data, point(key, number))
            redis.call('ZREM', versions, point(key, number))
        end
        redis.call('HDEL', data, '#' .. key, '~' .. key)
        set('=' .. key, text)
    else
        local stands = whole(redis.call('ZSCORE', versions, '=' .. key))
        local is_sound = stands and stands <= tonumber(version) and not is_damaged
        if not is_sound or redis.call('HGET', data, '=' .. key) ~= text then
            set('=' .. key, text)
            for number = first, last do
                -- Not a point that has lost its data.
                if redis.call('HEXISTS', data, point(key, number)) == 1 then
                    redis.call('ZADD', versions, version, point(key, number))
                end
            end
        end
        local newest = last + skipped + count
        for number = newest - count + 1, newest do
            set(point(key, number), ARGV[i])
            i = i + 1
        end
        for number = first, math.min(last, newest - kept) do
            redis.call('HDEL', data, point(key, number))
            redis.call('ZREM', versions, point(key, number))
        end
        redis.call('HSET', data, '#' .. key, newest, '~' .. key, kept)
    end
end
redis.call('PEXPIRE', data, keep)
redis.call('PEXPIRE', versions, keep)
redis.call('PUBLISH', topic, notification)
return {redis.call('HGET', data, ''), version}
"""

# With pcall, a key of another type damages only its channel, and a server that takes no writes (a
# replica, or one that cannot save) can still be read.
_SINCE = """
local data, versions = KEYS[1], KEYS[2]
local epoch, head = redis.pcall('HGET', data, ''), redis.pcall('ZSCORE', versions, '')
if type(epoch) ~= 'string' or type(head) ~= 'string' then
    return {}
end
redis.pcall('PEXPIRE', data, ARGV[1])
redis.pcall('PEXPIRE', versions, ARGV[1])
local after = ARGV[3]
if epoch ~= ARGV[2] or tonumber(after) > tonumber(head) then
    after = '0'
end
local changed = redis.call('ZRANGEBYSCORE', versions, '(' .. after, '+inf', 'WITHSCORES')
local answer = {epoch, head, redis.call('HGET', data, 'put at') or '0'}
for i = 1, #changed, 2 do
    local member = changed[i]
    local kind, key, number, keep = string.sub(member, 1, 1), string.sub(member, 2), '0', '0'
    if kind == '+' then
        key, number = string.sub(member, 2, -17), string.sub(member, -16)
        keep = redis.call('HGET', data, '~' .. key) or '1'
    end
    local text = redis.call('HGET', data, member)
    -- Not the channel itself, nor an unknown member, nor one that has lost its data.
    if text and (kind == '=' or kind == '+') then
        for _, part in ipairs({key, changed[i + 1], text, number, keep}) do
            table.insert(answer, part)
        end
    end
end
return answer
"""

_HEADS = """
local answer = {}
for i = 1, #KEYS, 2 do
    local epoch, head = redis.pcall('HGET', KEYS[i], ''), redis.pcall('ZSCORE', KEYS[i + 1], '')
    local is_there = type(epoch) == 'string' and type(head) == 'string'
    table.insert(answer, is_there and {epoch, head} or {})
end
return answer
"""

_FORGET = """
local data, versions = KEYS[1], KEYS[2]
local keys = {}
for _, key in ipairs(ARGV) do
    keys[key] = true
    redis.call('HDEL', data, '#' .. key, '~' .. key)
end
for _, member in ipairs(redis.call('ZRANGE', versions, 0, -1)) do
    local kind, key = string.sub(member, 1, 1), string.sub(member, 2)
    if kind == '+' then
        key = string.sub(member, 2, -17)
    end
    if keys[key] and (kind == '=' or kind == '+') then
        redis.call('HDEL', data, member)
        redis.call('ZREM', versions, member)
    end
end
"""

# A lease is "holder input_version". Without an input version the work is being done.
_ACQUIRE_LEASE = """
local lease = redis.pcall('GET', KEYS[1])
if type(lease) == 'string' then
    local input_version = string.match(lease, ' (.*)$')
    if input_version == '' or input_version == ARGV[3] then
        return 0
    end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ', 'PX', ARGV[2])
return 1
"""

_RENEW_LEASE = """
local lease = redis.pcall('GET', KEYS[1])
if type(lease) ~= 'string' or string.match(lease, '^(%S+) ') ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[3], 'PX', ARGV[2])
return 1
"""


class Scripts:
    """A client, of threads or of one event loop, and the scripts that it runs.

    Args:
        client: a client of redis-py, synchronous or not.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.put = client.register_script(_PUT)
        self.since = client.register_script(_SINCE)
        self.heads = client.register_script(_HEADS)
        self.forget = client.register_script(_FORGET)
        self.acquire_lease = client.register_script(_ACQUIRE_LEASE)
        self.renew_lease = client.register_script(_RENEW_LEASE)
