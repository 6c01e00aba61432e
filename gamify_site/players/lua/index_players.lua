-- Looks whether a player can be found by the id and the name, and mends it where asked to.
-- joins: store/keys store/players
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; 1 to mend, else 0; then player, the name that was read and how it is searched for, by turns
-- Returns `stale`, or the players who cannot be found as they should; who has another name meanwhile is left out.
-- Cost: O(players × log size).

local shard, is_repair, wrong = KEYS[1], ARGV[2] == '1', {}
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local index = player_names_key(shard)

local function is_indexed(player, sought)
  if (redis.call('HGET', player_key(shard, player), 'sought') or '') ~= sought then return false end
  for _, member in ipairs(index_members(player, sought)) do
    if not redis.call('ZSCORE', index, member) then return false end
  end
  return true
end

for i = 3, #ARGV, 3 do
  local player, name, sought = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local is_same = redis.call('ZSCORE', players_key(shard), player)
    and (redis.call('HGET', player_key(shard, player), 'name') or '') == name
  if is_same and not is_indexed(player, sought) then
    wrong[#wrong + 1] = player
    if is_repair then index_name(shard, player, sought) end
  end
end
return wrong
