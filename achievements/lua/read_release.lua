-- Who unlocked an achievement or tier lately, and how many did on some days, on one shard.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; release; how many holders; then days (yyyy-mm-dd)
-- Returns `stale`, or {{player, time (ms), name or '', avatar or '', …} latest first,
--         {unlocks less revocations, new players, … for each day}}
-- Cost: O(holders + days).
-- Only reads.

local shard, release = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local holders, days = {}, {}
local found = redis.call('ZREVRANGE', holders_key(shard, release), 0, tonumber(ARGV[3]) - 1, 'WITHSCORES')
for i = 1, #found, 2 do
  local profile = redis.call('HMGET', player_key(shard, found[i]), 'name', 'avatar')
  for _, part in ipairs({ found[i], found[i + 1], profile[1] or '', profile[2] or '' }) do holders[#holders + 1] = part end
end
for i = 4, #ARGV do
  local counts = redis.call('HMGET', daily_key(shard, ARGV[i]), 'unlocks:' .. release, 'new')
  days[#days + 1] = counts[1] or '0'
  days[#days + 1] = counts[2] or '0'
end
return { holders, days }
