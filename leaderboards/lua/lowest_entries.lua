-- The lowest entries of one ranked set, from which a limit over several shards picks what falls off.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version, board, suffix, how many
-- Returns `stale`, or {size, player, order value, player, order value …}, lowest first. Cost: O(how many + log size).
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local key = board_key(shard, ARGV[2], ARGV[3])
local answer = redis.call('ZRANGE', key, 0, tonumber(ARGV[4]) - 1, 'WITHSCORES')
table.insert(answer, 1, redis.call('ZCARD', key))
return answer
