-- How many entries there are, and how many, with which distinct order values, are better than each of some.
-- joins: store/keys leaderboards/ranks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version, board, suffix, 1 where levels are wanted, order values …
-- Returns `stale`, or {size, for each order value {better, {levels better}} …}
-- Cost: O(log size) each; with levels O(their number).
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local key = board_key(shard, ARGV[2], ARGV[3])
local levels_key = board_levels_key(shard, ARGV[2], ARGV[3])
local answers = { redis.call('ZCARD', key) }
for i = 5, #ARGV do
  local levels = ARGV[4] == '1' and redis.call('ZRANGEBYSCORE', levels_key, '(' .. ARGV[i], '+inf') or {}
  answers[#answers + 1] = { count_better(key, ARGV[i]), levels }
end
return answers
