-- All that is known of a player's achievements, and how many players have each of them, on one shard.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player, '' for the counts alone; then achievements of type streak
-- Returns `stale`, or {players, {release, holders, …}, {achievement, progress, …}, {release, time:revision:points, …},
--         timezone, {current, last, freezes} for each streak}
-- Cost: O(achievements).

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local counts = { redis.call('ZCARD', players_key(shard)), redis.call('HGETALL', unlocks_key(shard)) }
if player == '' then return counts end
local streaks = {}
for i = 3, #ARGV do
  streaks[#streaks + 1] = redis.call('HMGET', streak_key(shard, player, ARGV[i]), 'current', 'last', 'freezes')
end
return {
  counts[1], counts[2],
  redis.call('HGETALL', progress_key(shard, player)),
  redis.call('HGETALL', unlocked_key(shard, player)),
  redis.call('HGET', player_key(shard, player), 'timezone') or 'UTC',
  streaks,
}
