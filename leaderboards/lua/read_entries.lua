-- The entries of some players in one ranked set, with what they are called.
-- joins: store/keys
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; board; suffix; players …
-- Returns `stale`, or player, order value, name, avatar by turns; who is not in the set is left out.
-- Cost: O(players).

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local key, rows = board_key(shard, ARGV[2], ARGV[3]), {}
for i = 4, #ARGV do
  local order = redis.call('ZSCORE', key, ARGV[i])
  if order then
    local profile = redis.call('HMGET', player_key(shard, ARGV[i]), 'name', 'avatar')
    for _, part in ipairs({ ARGV[i], order, profile[1] or '', profile[2] or '' }) do rows[#rows + 1] = part end
  end
end
return rows
