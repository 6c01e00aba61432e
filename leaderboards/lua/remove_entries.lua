-- Takes entries out of one ranked set where they still have the order value that the caller saw.
-- joins: store/keys store/entries
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON board {slug, segment_by, max_entries, dense}; suffix; then player and order value by turns
-- Returns `stale`, or how many were removed. Cost: O(entries × log size).

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local board, suffix = cjson.decode(ARGV[2]), ARGV[3]
local key, removed = board_key(shard, board.slug, suffix), 0
for i = 4, #ARGV, 2 do
  local held = redis.call('ZSCORE', key, ARGV[i])
  if held and tonumber(held) == tonumber(ARGV[i + 1]) then
    remove_entry(shard, board, suffix, ARGV[i])
    removed = removed + 1
  end
end
if removed > 0 then touch_board(shard, board.slug) end
return removed
