-- Closes a period that is over on one shard: it takes nothing more from then on (see leaderboards/ledger), and its first
-- players are kept, so that its winners outlive its data.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; board; suffix of the period; how many; now (s)
-- Returns `stale`, or how many players the period has here. Running it again does no harm. Cost: O(how many + log size).

local LATEST = 8 * 86400 -- s; no event of a period comes in longer after it was closed, by whatever clock

local shard, board, suffix = KEYS[1], ARGV[2], ARGV[3]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local key, kept_key = board_key(shard, board, suffix), final_top_key(shard, board, suffix)
local closed_key, now = final_periods_key(shard), tonumber(ARGV[5])
redis.call('ZADD', closed_key, now, board .. ':' .. suffix)
redis.call('ZREMRANGEBYSCORE', closed_key, '-inf', now - LATEST)
redis.call('EXPIRE', closed_key, LATEST)
local found = redis.call('ZREVRANGE', key, 0, tonumber(ARGV[4]) - 1, 'WITHSCORES')
redis.call('DEL', kept_key)
for i = 1, #found, 2 do redis.call('ZADD', kept_key, found[i + 1], found[i]) end
return redis.call('ZCARD', key)
