-- Looks for members of the index of names by which nobody should be found, and removes them where asked to.
-- joins: store/keys store/players
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; 1 to remove, else 0; the member to begin behind, '' for the first; how many to look at
-- Returns `stale`, or {the last member that was looked at or '', {player of a wrong member …}}
-- Cost: O(members + log size).

local shard, is_repair, behind = KEYS[1], ARGV[2] == '1', ARGV[3]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local index, wrong = player_names_key(shard), {}
local found = redis.call('ZRANGEBYLEX', index, behind == '' and '-' or '(' .. behind, '+', 'LIMIT', 0, tonumber(ARGV[4]))

local function belongs(member, player)
  if not redis.call('ZSCORE', players_key(shard), player) then return false end
  for _, known in ipairs(index_members(player, redis.call('HGET', player_key(shard, player), 'sought') or '')) do
    if known == member then return true end
  end
  return false
end

for _, member in ipairs(found) do
  local player = string.sub(member, string.find(member, '\0', 1, true) + 1)
  if not belongs(member, player) then
    wrong[#wrong + 1] = player
    if is_repair then redis.call('ZREM', index, member) end
  end
end
return { found[#found] or '', wrong }
