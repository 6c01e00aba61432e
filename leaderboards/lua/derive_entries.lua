-- Rebuilds what follows from the entries of some players in one unsegmented set: segment entries and levels.
-- joins: store/keys store/entries
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON board {slug, max_entries, dense, segment_by}; suffix; expiry in seconds or 0; players …
-- Returns `stale` or how many entries there were. Cost: O(players × log size).

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local board, suffix, expires = cjson.decode(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local key, found = board_key(shard, board.slug, suffix), 0
for i = 5, #ARGV do
  local player = ARGV[i]
  local order = tonumber(redis.call('ZSCORE', key, player) or nil)
  if order then
    found = found + 1
    write_entries(shard, board, suffix, expires, { order, player }, {})
    local part = segment_of(shard, board, suffix, player)
    if part then write_entries(shard, board, part, expires, { order, player }, {}) end
  end
end
if found > 0 then touch_board(shard, board.slug) end
return found
