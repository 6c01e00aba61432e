-- Where a player is in one ranked set on one shard, and how many entries there are.
-- joins: store/keys leaderboards/ranks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version, board, suffix, player, 1 where levels are wanted
-- Returns `stale`, or {size}, and where the player is in the set
--         {size, order value, how many come before, how many are better, how many levels are better}
-- Cost: O(log size).
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local key, player = board_key(shard, ARGV[2], ARGV[3]), ARGV[4]
local size, order = redis.call('ZCARD', key), redis.call('ZSCORE', key, player)
if not order then return { size } end
local levels = ARGV[5] == '1' and count_better(board_levels_key(shard, ARGV[2], ARGV[3]), order) or 0
return { size, order, redis.call('ZREVRANK', key, player), count_better(key, order), levels }
