-- The latest unlocks of a shard's players, with their names.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; how many
-- Returns `stale`, or {player, achievement or tier, time (ms), name or '', avatar or '', …}, latest first.
-- Cost: O(how many).
-- Only reads.

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local answer = {}
for _, entry in ipairs(redis.call('XREVRANGE', activity_key(shard), '+', '-', 'COUNT', ARGV[2])) do
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  local profile = redis.call('HMGET', player_key(shard, fields.player), 'name', 'avatar')
  for _, part in ipairs({ fields.player, fields.achievement, fields.at, profile[1] or '', profile[2] or '' }) do
    answer[#answer + 1] = part
  end
end
return answer
