-- Takes a player who is being deleted out of some ranked sets, and out of the first players that were kept of them.
-- joins: store/keys store/entries
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; what is noted of the deletion; JSON boards [{slug, segment_by, max_entries, dense,
--         sets = suffixes} …]
-- Returns `stale`; `over` where this deletion is at its end, nothing is done then; or how many of the sets the player was
--         in. Running it again does no harm. Cost: O(sets × log size); about 3 µs a set.

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
if redis.call('HGET', deletions_key(shard), player) ~= ARGV[3] then return 'over' end
local removed = 0
for _, board in ipairs(cjson.decode(ARGV[4])) do
  local before = removed
  for _, suffix in ipairs(board.sets) do
    if remove_entry(shard, board, suffix, player) then removed = removed + 1 end
    redis.call('ZREM', final_top_key(shard, board.slug, suffix), player)
  end
  if removed > before then touch_board(shard, board.slug) end
end
return removed
