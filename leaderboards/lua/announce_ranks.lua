-- Tells that players of this shard entered the top of a board, where that takes more than one shard to know.
-- joins: store/keys store/news
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version, board, suffix of its main set, now (ms), then player, order value and rank by turns
-- Returns `stale` or `ok`; whoever has lost that order value since is left out. Cost: O(players).

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
for i = 5, #ARGV, 3 do
  local held = redis.call('ZSCORE', board_key(shard, ARGV[2], ARGV[3]), ARGV[i])
  if held and tonumber(held) == tonumber(ARGV[i + 1]) then
    announce_rank(shard, ARGV[2], ARGV[i], ARGV[i + 2], tonumber(ARGV[4]))
  end
end
return 'ok'
