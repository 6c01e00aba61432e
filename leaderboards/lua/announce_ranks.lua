-- Tells that players of this shard entered the top of a board, where that takes more than one shard to know.
-- joins: store/keys store/news
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version, board, now (ms), then player and rank by turns
-- Returns `stale` or `ok`. Cost: O(players).

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
for i = 4, #ARGV, 2 do announce_rank(shard, ARGV[2], ARGV[i], ARGV[i + 1], tonumber(ARGV[3])) end
return 'ok'
