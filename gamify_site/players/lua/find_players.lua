-- The players of one shard who are found by the beginning of their id or of a word of their name.
-- joins: store/keys store/players
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; the text as it is searched for; how many players; an id that comes first where it is known,
--         or ''
-- Returns `stale`, or {{member of the index ('' for that id), player, {field, value, …}} …}, in the index's order
-- Cost: O(players + log size).
-- Only reads.

local shard, text, limit, exact = KEYS[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local found, is_found = {}, {}

local function add(member, player)
  if is_found[player] or #found == limit then return end
  is_found[player] = true
  found[#found + 1] = { member, player, redis.call('HGETALL', player_key(shard, player)) }
end

if exact ~= '' and redis.call('ZSCORE', players_key(shard), exact) then add('', exact) end
-- A player has at most this many members, so that these hold enough different players.
local most = limit * (1 + WORDS_FOUND)
for _, member in ipairs(redis.call('ZRANGEBYLEX', player_names_key(shard), '[' .. text, '(' .. text .. '\255', 'LIMIT', 0, most)) do
  add(member, string.sub(member, string.find(member, '\0', 1, true) + 1))
end
return found
