-- Removes every trace of a player from one shard.
-- joins: store/keys store/entries
-- KEYS[1] the shard's key prefix
-- ARGV    catalog version; player; JSON boards [{slug, segment_by, max_entries, dense} …]
-- Returns `stale`, or 1 where there was anything, else 0. Cost: O(sets of all boards × log size + news).

local shard, player = KEYS[1], ARGV[2]
if catalog_is_stale(shard, ARGV[1]) then return 'stale' end
local found = redis.call('ZREM', players_key(shard), player)
for _, board in ipairs(cjson.decode(ARGV[3])) do
  local removed = false
  for _, suffix in ipairs(redis.call('ZRANGE', board_windows_key(shard, board.slug), 0, -1)) do
    removed = remove_entry(shard, board, suffix, player) or removed
  end
  redis.call('DEL', rank_news_sent_key(shard, player, board.slug))
  if removed then
    found = 1
    touch_board(shard, board.slug)
  end
end
for _, entry in ipairs(redis.call('XRANGE', rank_events_key(shard), '-', '+')) do
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'player' and entry[2][i + 1] == player then redis.call('XDEL', rank_events_key(shard), entry[1]) end
  end
end
return math.max(found, redis.call('DEL', player_key(shard, player), feed_key(shard, player)))
