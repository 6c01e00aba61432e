-- Takes one player off a board: out of every ranked set, past periods, segments and what is kept aside included.
-- joins: store/keys store/entries
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; JSON board {slug, segment_by, max_entries, dense}; player
-- Returns `stale`, or in how many sets the player was. Cost: O(sets × log size).

local shard = KEYS[1]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local board, player = cjson.decode(ARGV[2]), ARGV[3]
local removed = 0
for _, suffix in ipairs(redis.call('ZRANGE', board_windows_key(shard, board.slug), 0, -1)) do
  if remove_entry(shard, board, suffix, player) then removed = removed + 1 end
end
local aside = hidden_entries_key(shard, player)
for _, name in ipairs(redis.call('HKEYS', aside)) do
  if string.sub(name, 1, #board.slug + 1) == board.slug .. ':' then removed = removed + redis.call('HDEL', aside, name) end
end
if removed > 0 then touch_board(shard, board.slug) end
return removed
