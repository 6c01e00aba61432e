-- The entries of one ranked set behind a place, best first.
-- joins: store/keys leaderboards/ranks
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; board; suffix; how many; order value and player of the place, '' for the beginning
-- Returns `stale`, or {player, order value, …}
-- Cost: O(how many + log size).
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local key, order, player = board_key(shard, ARGV[2], ARGV[3]), ARGV[5], ARGV[6]
local first = 0
if player ~= '' then
  first = count_before(key, order, player, count_better(key, order))
  local held = redis.call('ZSCORE', key, player)
  if held and tonumber(held) == tonumber(order) then first = first + 1 end
end
return redis.call('ZREVRANGE', key, first, first + tonumber(ARGV[4]) - 1, 'WITHSCORES')
